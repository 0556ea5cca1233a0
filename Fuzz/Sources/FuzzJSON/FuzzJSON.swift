// SPDX-License-Identifier: Apache-2.0

internal import FuzzChecks

/// JSON text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzInput.require(RobustnessChecks.json(FuzzInput.bytes(start, count)))
    return 0
}
