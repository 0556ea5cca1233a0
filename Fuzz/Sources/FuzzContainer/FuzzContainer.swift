// SPDX-License-Identifier: Apache-2.0

internal import FuzzChecks

/// A file with a stream in it: bare, in gzip, saved by libvirt, in a snapshot.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzInput.require(ContainerChecks.open(FuzzInput.bytes(start, count)))
    return 0
}
