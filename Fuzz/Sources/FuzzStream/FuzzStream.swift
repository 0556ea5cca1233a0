// SPDX-License-Identifier: Apache-2.0

internal import FuzzChecks

/// A whole migration stream.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzInput.require(StreamChecks.stream(FuzzInput.bytes(start, count)))
    return 0
}
