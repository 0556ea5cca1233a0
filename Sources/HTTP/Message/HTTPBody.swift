// SPDX-License-Identifier: Apache-2.0

/// What a message carries: in memory, or in a file when it is large.
public enum HTTPBody: Sendable {
    /// In memory.
    case bytes([UInt8])
    /// In a file, or a part of one.
    case file(HTTPFileSlice)

    /// How many bytes there are.
    public var count: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .file(let slice): slice.range.count
        }
    }

    /// Whether there are none.
    public var isEmpty: Bool { count == 0 }

    /// Reads from `offset` on into the start of `buffer`.
    ///
    /// - Returns: how many bytes; fewer than there is room for at the end only.
    /// - Throws: when the disk fails.
    public func read(into buffer: inout MutableRawSpan, at offset: Int) throws(HTTPSpoolError) -> Int {
        guard offset >= 0, offset < count else { return 0 }
        switch self {
        case .bytes(let bytes):
            let room = min(buffer.byteCount, bytes.count - offset)
            unsafe buffer.withUnsafeMutableBytes { target in
                unsafe bytes[offset..<offset + room].withUnsafeBytes { unsafe target.copyMemory(from: $0) }
            }
            return room
        case .file(let slice):
            return try slice.file.read(
                into: &buffer,
                at: slice.range.lowerBound + offset,
                end: slice.range.upperBound
            )
        }
    }

    /// The bytes in `range`, as far as they are there, in memory.
    ///
    /// - Throws: when the disk fails.
    public func bytes(_ range: Range<Int>) throws(HTTPSpoolError) -> [UInt8] {
        let range = range.clamped(to: 0..<count)
        if case .bytes(let bytes) = self { return range.count == bytes.count ? bytes : Array(bytes[range]) }
        var bytes = [UInt8](repeating: 0, count: range.count)
        var span = bytes.mutableSpan
        var room = unsafe span.mutableBytes
        let count = try read(into: &room, at: range.lowerBound)
        return count < range.count ? Array(bytes[..<count]) : bytes
    }

    /// The bytes in `range`, as far as they are there; of a file, without reading them.
    public func slice(_ range: Range<Int>) -> HTTPBody {
        switch self {
        case .bytes(let bytes): return .bytes(Array(bytes[range.clamped(to: 0..<bytes.count)]))
        case .file(let slice):
            let range = range.clamped(to: 0..<slice.range.count)
            let start = slice.range.lowerBound
            return .file(HTTPFileSlice(slice.file, start + range.lowerBound..<start + range.upperBound))
        }
    }
}
