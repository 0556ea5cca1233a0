// SPDX-License-Identifier: Apache-2.0

internal import FuzzChecks

/// One byte for the fixture, then a stream.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let (fixture, wire) = FuzzInput.choose(start, count) else { return -1 }
    FuzzInput.require(RobustnessChecks.decode(fixture, wire).map { "\(fixture): \($0)" })
    return 0
}
