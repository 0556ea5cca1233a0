// SPDX-License-Identifier: Apache-2.0

public import Engine

/// A source whose first bytes were looked at, and are still there.
public final class PeekedSource: StreamSource {
    /// The first bytes.
    public let prefix: [UInt8]
    private let base: any StreamSource

    /// Looks at the first `count` bytes, fewer if there are no more.
    ///
    /// - Throws: what `base` throws.
    public init(_ base: any StreamSource, count: Int) throws(VMStateError) {
        self.base = base
        prefix = try base.bytes(upTo: count, at: 0)
    }

    /// As of the source that was looked at.
    public var size: Int? { base.size }

    /// Reads from `offset` on; see `StreamSource`.
    ///
    /// - Throws: what the other source throws.
    public func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int {
        guard offset >= 0, offset < prefix.count else { return try base.read(into: &buffer, at: offset) }
        let count = min(buffer.byteCount, prefix.count - offset)
        buffer.fill(from: prefix, offset..<offset + count)
        return count
    }

    /// As of the source that was looked at, behind its first bytes.
    public func zeros(at offset: Int) -> Int {
        offset < prefix.count ? 0 : base.zeros(at: offset)
    }
}
