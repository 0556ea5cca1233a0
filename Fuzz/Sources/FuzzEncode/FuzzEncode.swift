// SPDX-License-Identifier: Apache-2.0

internal import FuzzChecks

/// One byte for the fixture, then a state as JSON text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let (fixture, text) = FuzzInput.choose(start, count) else { return -1 }
    FuzzInput.require(RobustnessChecks.encode(fixture, text).map { "\(fixture): \($0)" })
    return 0
}
