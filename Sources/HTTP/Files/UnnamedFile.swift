// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Makes files that have no name in the file system.
enum UnnamedFile {
    /// Linux's `O_TMPFILE`, which Swift's Glibc module leaves out.
    private static let temporary: Int32 = 0o20_000_000 | O_DIRECTORY

    /// What `TMPDIR` names, else `/var/tmp`, which is on a disk, else `/tmp`, which may be memory.
    static var defaultDirectory: String {
        if let named = unsafe getenv("TMPDIR").map({ unsafe String(cString: $0) }), !named.isEmpty { return named }
        var status = stat()
        let isThere = unsafe stat("/var/tmp", &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        return isThere ? "/var/tmp" : "/tmp"
    }

    /// Opens one for reading and writing.
    static func open(in directory: String) throws(HTTPSpoolError) -> Int32 {
        // O_EXCL: nobody can give it a name later.
        let fd = unsafe Glibc.open(directory, temporary | O_RDWR | O_EXCL | O_CLOEXEC, 0o600)
        if fd >= 0 { return fd }
        // open(2): what file systems and kernels answer that do not know O_TMPFILE.
        guard errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL else { throw .system(errno) }
        return try openAndUnlink(in: directory)
    }

    /// The same in two steps: between them the file has a name.
    static func openAndUnlink(in directory: String) throws(HTTPSpoolError) -> Int32 {
        // Another process may have put a file there.
        for _ in 0..<16 {
            let path = "\(directory)/.spool-\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36))"
            let fd = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            if fd >= 0 {
                _ = unsafe unlink(path)
                return fd
            }
            guard errno == EEXIST else { break }
        }
        throw .system(errno)
    }
}
