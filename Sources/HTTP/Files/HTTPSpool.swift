// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization

/// Files without a name for bodies that are too large for memory, with a bound on the bytes in all of them.
///
/// A file is gone with its last user, however the process ends.
public final class HTTPSpool: Sendable {
    /// Where the files are.
    public let directory: String
    /// Bytes that all files together may have.
    public let maximumBytes: Int

    private let held = Atomic(0)
    private let open: @Sendable (String) throws(HTTPSpoolError) -> Int32

    /// A spool without files; nothing is written before it is needed.
    ///
    /// - Parameters:
    ///   - directory: an existing one; nil takes what `TMPDIR` names, else `/var/tmp`, else `/tmp`.
    ///   - maximumBytes: what all files together may have.
    public convenience init(directory: String? = nil, maximumBytes: Int = 8 << 30) {
        self.init(directory: directory, maximumBytes: maximumBytes, open: UnnamedFile.open)
    }

    init(
        directory: String?,
        maximumBytes: Int,
        open: @escaping @Sendable (String) throws(HTTPSpoolError) -> Int32
    ) {
        self.directory = directory ?? UnnamedFile.defaultDirectory
        self.maximumBytes = maximumBytes
        self.open = open
    }

    /// Bytes that are in files now.
    public var heldBytes: Int { held.load(ordering: .relaxed) }

    /// A new, empty file.
    ///
    /// - Throws: when the system gives none: no such directory, none that may be written, no descriptor left.
    public func makeFile() throws(HTTPSpoolError) -> HTTPFileWriter {
        HTTPFileWriter(SpooledFile(descriptor: try open(directory), spool: self))
    }

    /// Whether a file can be made, by making one.
    ///
    /// - Throws: why not.
    public func check() throws(HTTPSpoolError) {
        _ = try makeFile()
    }

    /// Whether a file of so many bytes fits now; what is known to be too large need not be sent first.
    func expect(_ count: Int) throws(HTTPSpoolError) {
        guard count <= maximumBytes else { throw .tooLarge }
        guard count <= maximumBytes - heldBytes else { throw .full }
    }

    /// Enters bytes that are about to be written.
    func hold(_ count: Int) throws(HTTPSpoolError) {
        guard held.wrappingAdd(count, ordering: .relaxed).newValue <= maximumBytes else {
            held.count(-count)
            throw .full
        }
    }

    /// Takes bytes out again that were entered.
    func release(_ count: Int) {
        held.count(-count)
    }
}
