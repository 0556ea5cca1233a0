// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import Glibc

/// Files without a name, which end with their last user whatever happens.
enum TemporaryFile {
    /// Makes one.
    ///
    /// - Parameter directory: where; without it the folder that `TMPDIR` names, or `/var/tmp`, which is on a disk.
    /// - Returns: its descriptor.
    /// - Throws: `output-unwritable`.
    static func make(in directory: String?) throws(VMStateError) -> Descriptor {
        let named = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) }
        let folder = directory ?? named ?? "/var/tmp"
        // Another process may have a file of the same name, or have put one there.
        for _ in 0..<16 {
            let path = "\(folder)/.qevm-\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
            let number = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            if number >= 0 {
                _ = unsafe unlink(path)
                return Descriptor(number, closes: true)
            }
            guard errno == EEXIST || errno == EINTR else { break }
        }
        throw .unwritable("a temporary file in \(folder): \(SystemError.text(errno))")
    }
}
