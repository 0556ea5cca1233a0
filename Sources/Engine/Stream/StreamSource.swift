// SPDX-License-Identifier: Apache-2.0

/// Where the bytes of a migration stream come from: memory, a file, a pipe, or something around the stream.
public protocol StreamSource: AnyObject {
    /// How many bytes there are; nil when that is not known before the end, and bytes come only once, in order.
    var size: Int? { get }

    /// Reads bytes from `offset` on into the start of `buffer`.
    ///
    /// A source without `size` is asked for ascending offsets only; bytes between the last read and `offset` are left
    /// out.
    ///
    /// - Returns: how many bytes were read, at least 1 unless the end is reached or `buffer` is empty.
    /// - Throws: `input-unreadable` when the bytes cannot be had.
    func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int

    /// How many bytes from `offset` on are known to be zero without being read; 0 where nothing is known.
    func zeros(at offset: Int) -> Int
}

extension StreamSource {
    /// Nothing is known.
    public func zeros(at offset: Int) -> Int { 0 }
}

/// A stream in memory.
public final class BytesSource: StreamSource {
    private let bytes: [UInt8]

    /// A source of these bytes.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// How many bytes there are.
    public var size: Int? { bytes.count }

    /// Copies bytes from `offset` on.
    public func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int {
        guard offset >= 0, offset < bytes.count else { return 0 }
        let count = min(buffer.byteCount, bytes.count - offset)
        bytes.withByteView { $0.copy(offset..<offset + count, to: &buffer) }
        return count
    }
}
