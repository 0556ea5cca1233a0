// SPDX-License-Identifier: Apache-2.0

public import Engine

/// A part of another source.
public final class WindowSource: StreamSource {
    private let base: any StreamSource
    private let start: Int
    private let end: Int

    /// How many bytes there are; nil when the other source does not know its size.
    public let size: Int?

    /// The bytes of `base` from `offset` on.
    ///
    /// - Parameters:
    ///   - base: the other source; without a size it may be read up to `offset` at most.
    ///   - offset: where the part starts; not negative.
    ///   - size: how many bytes it has at most; nil for all that follow.
    public init(_ base: any StreamSource, offset: Int, size: Int? = nil) {
        self.base = base
        start = max(0, offset)
        let (sum, isBeyond) = start.addingReportingOverflow(max(0, size ?? Int.max))
        let limit = isBeyond ? Int.max : sum
        end = max(start, min(limit, base.size ?? Int.max))
        self.size = base.size == nil ? nil : end - start
    }

    /// Reads from `offset` of the part on; see `StreamSource`.
    ///
    /// - Throws: what the other source throws; offsets are that source's.
    public func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int {
        guard offset >= 0, offset < end - start else { return 0 }
        let room = min(buffer.byteCount, end - start - offset)
        var part = buffer._mutatingExtracting(first: room)
        return try base.read(into: &part, at: start + offset)
    }

    /// How many bytes from `offset` of the part on are known to be zero.
    public func zeros(at offset: Int) -> Int {
        guard offset >= 0, offset < end - start else { return 0 }
        return min(base.zeros(at: start + offset), end - start - offset)
    }
}
