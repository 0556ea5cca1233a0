// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A file of a spool that is being written.
///
/// For one thread at a time.
public final class HTTPFileWriter {
    private let file: SpooledFile
    /// Bytes that the file has.
    public private(set) var count = 0

    init(_ file: SpooledFile) {
        self.file = file
    }

    /// Writes all of `bytes` behind what is there.
    ///
    /// - Throws: when the spool or the disk is full, or the disk fails; the file is of no use then.
    public func append(_ bytes: RawSpan) throws(HTTPSpoolError) {
        try write(bytes, at: count)
    }

    /// Writes all of `bytes` at `offset`, which may be behind the end: what is between reads as zeros.
    ///
    /// - Throws: as `append` does; a hole counts as if it was written.
    public func write(_ bytes: RawSpan, at offset: Int) throws(HTTPSpoolError) {
        guard offset >= 0, offset <= Int.max - bytes.byteCount else { throw .tooLarge }
        try file.hold(upTo: offset + bytes.byteCount)
        try file.write(bytes, at: offset)
        count = max(count, offset + bytes.byteCount)
    }

    /// Writes all of `bytes` behind what is there.
    ///
    /// - Throws: when the spool or the disk is full, or the disk fails; the file is of no use then.
    public func append(_ bytes: [UInt8]) throws(HTTPSpoolError) {
        try unsafe append(bytes.span.bytes)
    }

    /// Writes all of `bytes` at `offset`, which may be behind the end: what is between reads as zeros.
    ///
    /// - Throws: as `append` does; a hole counts as if it was written.
    public func write(_ bytes: [UInt8], at offset: Int) throws(HTTPSpoolError) {
        try unsafe write(bytes.span.bytes, at: offset)
    }

    /// Makes the file at least so many bytes long, with zeros.
    ///
    /// - Throws: as `write` does.
    public func extend(to count: Int) throws(HTTPSpoolError) {
        guard count > self.count else { return }
        try file.hold(upTo: count)
        guard ftruncate(file.descriptor, off_t(count)) == 0 else { throw .system(errno) }
        self.count = count
    }

    /// Makes the file so many bytes long; what is new is a hole, which does not count.
    ///
    /// - Throws: when the file alone is longer than the system allows.
    public func resize(to count: Int) throws(HTTPSpoolError) {
        guard count >= 0, ftruncate(file.descriptor, off_t(count)) == 0 else {
            throw .system(count < 0 ? EINVAL : errno)
        }
        self.count = count
    }

    /// Writes all of `bytes` into a file with holes; only what was written counts, at most the whole file.
    ///
    /// - Throws: as `append` does, and when the file is not that long.
    public func fill(_ bytes: RawSpan, at offset: Int) throws(HTTPSpoolError) {
        guard offset >= 0, bytes.byteCount <= count, offset <= count - bytes.byteCount else { throw .tooLarge }
        try file.hold(additional: bytes.byteCount, upTo: count)
        try file.write(bytes, at: offset)
    }

    /// Reads from `offset` on into the start of `buffer`.
    ///
    /// - Returns: how many bytes; fewer than there is room for at the end only.
    /// - Throws: when the disk fails.
    public func read(into buffer: inout MutableRawSpan, at offset: Int) throws(HTTPSpoolError) -> Int {
        try finish().read(into: &buffer, at: offset)
    }

    /// The file as it is now, to be read.
    public func finish() -> HTTPFile {
        HTTPFile(file, count: count)
    }
}
