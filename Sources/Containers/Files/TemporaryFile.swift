// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import Glibc

/// Files that are nobody else's: with a name that cannot be foreseen, or with none.
enum TemporaryFile {
    /// Makes one without a name, which ends with its last user whatever happens.
    ///
    /// - Parameter directory: where; without it the folder that `TMPDIR` names, or `/var/tmp`, which is on a disk.
    /// - Returns: its descriptor.
    /// - Throws: `output-unwritable`.
    static func make(in directory: String?) throws(VMStateError) -> Descriptor {
        let named = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) }
        let folder = directory ?? named ?? "/var/tmp"
        let (file, path) = try makeNamed(in: folder + "/", mode: 0o600, for: "a temporary file in \(folder)")
        _ = unsafe unlink(path)
        return file
    }

    /// Makes one with a name.
    ///
    /// - Parameters:
    ///   - folder: where, with a slash at its end; "" for the working directory.
    ///   - mode: who may use it, less what the umask takes away.
    ///   - name: what errors call it.
    /// - Returns: its descriptor, for reading and writing, and its path.
    /// - Throws: `output-unwritable`.
    static func makeNamed(
        in folder: String,
        mode: mode_t,
        for name: String
    ) throws(VMStateError) -> (file: Descriptor, path: String) {
        // Another process may have a file of the same name, or have put one there.
        for _ in 0..<16 {
            let path = "\(folder).qevm-\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
            let number = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
            if number >= 0 { return (Descriptor(number, closes: true), path) }
            guard errno == EEXIST || errno == EINTR else { break }
        }
        throw .unwritable("\(name): \(SystemError.text(errno))")
    }
}
