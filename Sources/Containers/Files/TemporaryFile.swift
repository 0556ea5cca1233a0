// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import Glibc

/// Files that are nobody else's: with a name that cannot be foreseen, or with none.
enum TemporaryFile {
    /// Makes one without a name, which ends with its last user whatever happens.
    ///
    /// - Parameter directory: where; nil: where temporary files go.
    /// - Returns: its descriptor.
    /// - Throws: `output-unwritable`.
    static func make(in directory: String?) throws(VMStateError) -> Descriptor {
        let folder = directory ?? defaultDirectory
        if let file = makeNameable(in: folder + "/", mode: 0o600) { return file }
        let (file, path) = try makeNamed(in: folder + "/", mode: 0o600, for: "a temporary file in \(folder)")
        _ = unsafe unlink(path)
        return file
    }

    /// What `TMPDIR` names, else `/var/tmp`, which is on a disk, else `/tmp`, which may be memory.
    private static var defaultDirectory: String {
        if let named = unsafe getenv("TMPDIR").map({ unsafe String(cString: $0) }), !named.isEmpty { return named }
        var status = stat()
        let isThere = unsafe stat("/var/tmp", &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        return isThere ? "/var/tmp" : "/tmp"
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
        for _ in 0..<attempts {
            let path = Self.name(in: folder)
            let number = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
            if number >= 0 { return (Descriptor(number, closes: true), path) }
            guard errno == EEXIST || errno == EINTR else { break }
        }
        throw .unwritable("\(name): \(SystemError.text(errno))")
    }

    /// Linux's `O_TMPFILE`, which Swift's Glibc module leaves out.
    private static let unnamed: Int32 = 0o20_000_000 | O_DIRECTORY
    /// How many names are tried.
    private static let attempts = 16

    private static func name(in folder: String) -> String {
        "\(folder).qevm-\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    }

    /// Makes one without a name that can get one later.
    ///
    /// - Parameters:
    ///   - folder: where, with a slash at its end; "" for the working directory.
    ///   - mode: who may use it, less what the umask takes away.
    /// - Returns: its descriptor; nil where the file system or the kernel cannot do it.
    static func makeNameable(in folder: String, mode: mode_t) -> Descriptor? {
        let number = unsafe open(folder.isEmpty ? "." : folder, unnamed | O_RDWR | O_CLOEXEC, mode)
        guard number >= 0 else { return nil }
        let file = Descriptor(number, closes: true)
        return unsafe access(path(of: file), F_OK) == 0 ? file : nil
    }

    /// Gives a file of `makeNameable` a name.
    ///
    /// - Parameters:
    ///   - file: the file.
    ///   - folder: where, with a slash at its end; "" for the working directory.
    /// - Returns: its path; nil where that failed, as `errno` says.
    static func link(_ file: Descriptor, in folder: String) -> String? {
        for _ in 0..<attempts {
            let path = Self.name(in: folder)
            if unsafe linkat(AT_FDCWD, Self.path(of: file), AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 { return path }
            guard errno == EEXIST else { break }
        }
        return nil
    }

    /// What a descriptor can be linked by: proc(5).
    private static func path(of file: Descriptor) -> String { "/proc/self/fd/\(file.number)" }
}
