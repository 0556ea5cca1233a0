// SPDX-License-Identifier: Apache-2.0

internal import Compression
public import Engine

/// What a gzip file holds (RFC 1952): all its members one after another, each with its CRC and length checked.
public final class GzipSource: StreamSource {
    private enum Place {
        case start
        case member
        case behindMember
        case padding
        case end
    }

    private let base: any StreamSource
    private let limit: Int
    private let inflater = InflateStream(.gzip)
    private var input = [UInt8](repeating: 0, count: 64 << 10)
    private var unread = 0..<0
    private var place = Place.start
    private var position = 0

    /// Bytes of the compressed source that are done with.
    public private(set) var compressedPosition: Int

    /// Inflates `base`.
    ///
    /// - Parameters:
    ///   - base: the compressed bytes.
    ///   - offset: where they start in it.
    ///   - limit: how many bytes may come out.
    public init(_ base: any StreamSource, offset: Int = 0, limit: Int = .max) {
        self.base = base
        self.limit = limit
        compressedPosition = offset
    }

    /// Not known before the end: a gzip file keeps the lower 32 bits of its last member's length only.
    public var size: Int? { nil }

    /// Reads on at `offset`, which is not before the end of the last read; see `StreamSource`.
    ///
    /// - Throws: `input-unreadable` when the data is damaged or ends too early, with the offset in the compressed
    ///   source; `limit-exceeded`.
    public func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int {
        try SequentialRead.skip(to: offset, from: position) { (room) throws(VMStateError) in try next(&room) }
        guard position == offset else { return 0 }
        return try next(&buffer)
    }

    private func next(_ buffer: inout MutableRawSpan) throws(VMStateError) -> Int {
        guard buffer.byteCount > 0 else { return 0 }
        while place != .end {
            if unread.isEmpty { try refill() }
            guard place == .start || place == .member else {
                try passBoundary()
                continue
            }
            let produced = try inflate(&buffer)
            if produced > 0 { return produced }
        }
        return 0
    }

    /// Inflates what there is; a call without input gives what zlib still holds.
    private func inflate(_ buffer: inout MutableRawSpan) throws(VMStateError) -> Int {
        let (isAtEnd, isAtStart) = (unread.isEmpty, place == .start)
        let progress = inflater.inflate(input, unread, into: &buffer)
        unread = unread.lowerBound + progress.consumed..<unread.upperBound
        compressedPosition += progress.consumed
        switch progress.status {
        case .more: place = .member
        case .end: place = .behindMember
        case .damaged(let reason): throw damaged(reason)
        case .noMemory: throw .unreadable(at: compressedPosition, "no memory to inflate gzip data")
        }
        guard progress.produced <= limit - position else {
            throw .exceeds(at: compressedPosition, expected: "at most \(limit) bytes when inflated")
        }
        if isAtEnd, progress.produced == 0, place == .member {
            throw damaged(isAtStart ? "it is empty" : "it ends too early")
        }
        position += progress.produced
        return progress.produced
    }

    /// Behind a member: another one (RFC 1952 §2.2), zeros that fill a block of a device or a tape, or the end.
    private func passBoundary() throws(VMStateError) {
        if place == .behindMember, !unread.isEmpty, input[unread.lowerBound] == 0x1f {
            inflater.reset()
            place = .start
            return
        }
        guard unread.allSatisfy({ input[$0] == 0 }) else {
            throw damaged("something else follows its last member")
        }
        place = unread.isEmpty ? .end : .padding
        compressedPosition += unread.count
        unread = 0..<0
    }

    private func refill() throws(VMStateError) {
        let count = try base.read(into: &input, at: compressedPosition)
        unread = 0..<count
    }

    private func damaged(_ reason: String) -> VMStateError {
        .unreadable(at: compressedPosition, expected: "gzip data", "\(reason), at this byte of the compressed file")
    }
}
