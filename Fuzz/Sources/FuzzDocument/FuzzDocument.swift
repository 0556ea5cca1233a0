// SPDX-License-Identifier: Apache-2.0

internal import FuzzChecks

/// One byte for the dialect, then a document that holds descriptions.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzInput.require(RobustnessChecks.document(FuzzInput.bytes(start, count)))
    return 0
}
