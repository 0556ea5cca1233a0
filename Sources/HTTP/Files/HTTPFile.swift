// SPDX-License-Identifier: Apache-2.0

/// A file without a name, closed with its last reference.
public final class HTTPFile: Sendable {
    private let file: SpooledFile
    /// Bytes that it has.
    public let count: Int

    init(_ file: SpooledFile, count: Int) {
        self.file = file
        self.count = count
    }

    /// Open for reading for as long as this object lives; its position is not used.
    public var descriptor: Int32 { file.descriptor }

    /// Reads from `offset` on into the start of `buffer`.
    ///
    /// - Returns: how many bytes; fewer than there is room for at the end only.
    /// - Throws: when the disk fails.
    public func read(into buffer: inout MutableRawSpan, at offset: Int) throws(HTTPSpoolError) -> Int {
        try read(into: &buffer, at: offset, end: count)
    }

    /// The same, as if the file ended at `end`.
    func read(into buffer: inout MutableRawSpan, at offset: Int, end: Int) throws(HTTPSpoolError) -> Int {
        guard offset >= 0, offset < end else { return 0 }
        return try file.read(min(buffer.byteCount, end - offset), into: &buffer, at: offset)
    }
}

/// A part of a file.
///
/// A class, so that messages with bodies in memory are not larger for it.
public final class HTTPFileSlice: Sendable {
    /// The file.
    public let file: HTTPFile
    /// Bytes of the file, all of which are there.
    public let range: Range<Int>

    /// The bytes in `range` that the file has; without a range, all.
    public init(_ file: HTTPFile, _ range: Range<Int>? = nil) {
        self.file = file
        self.range = range?.clamped(to: 0..<file.count) ?? 0..<file.count
    }
}
