// SPDX-License-Identifier: Apache-2.0

/// A part of a stream that is written: copied from the stream it was made of, or new.
public enum StreamPiece: Sendable, Hashable {
    /// Bytes of the source, by offset.
    case source(Range<Int>)
    /// New bytes.
    case bytes([UInt8])

    /// How many bytes it has.
    public var count: Int {
        switch self {
        case .source(let range): range.count
        case .bytes(let bytes): bytes.count
        }
    }
}

/// Changes to a stream: ranges of it and what is written in their place.
struct StreamChanges {
    private var changes: [(range: Range<Int>, bytes: [UInt8])] = []

    mutating func replace(_ range: Range<Int>, with bytes: [UInt8]) {
        changes.append((range, bytes))
    }

    /// By how many bytes what lies in `range` grows.
    func growth(in range: Range<Int>) -> Int {
        changes.reduce(0) { sum, change in
            range.contains(change.range.lowerBound) ? sum + change.bytes.count - change.range.count : sum
        }
    }

    /// The pieces of a stream of `size` bytes.
    func pieces(size: Int) -> [StreamPiece] {
        var pieces: [StreamPiece] = []
        var at = 0
        for change in changes.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            if at < change.range.lowerBound { pieces.append(.source(at..<change.range.lowerBound)) }
            if !change.bytes.isEmpty { pieces.append(.bytes(change.bytes)) }
            at = max(at, change.range.upperBound)
        }
        if at < size { pieces.append(.source(at..<size)) }
        return pieces
    }
}
