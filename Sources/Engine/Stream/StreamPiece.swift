// SPDX-License-Identifier: Apache-2.0

/// A part of a stream that is written: copied from the stream it was made of, or new.
public enum StreamPiece: Sendable, Hashable {
    /// Bytes of the source, by offset.
    case source(Range<Int>)
    /// New bytes.
    case bytes([UInt8])
    /// So many bytes of zero.
    case zeros(Int)

    /// How many bytes it has.
    public var count: Int {
        switch self {
        case .source(let range): range.count
        case .bytes(let bytes): bytes.count
        case .zeros(let count): count
        }
    }
}

/// Changes to a stream: ranges of it and what is written in their place.
struct StreamChanges {
    private var changes: [(range: Range<Int>, piece: StreamPiece)] = []

    mutating func replace(_ range: Range<Int>, with bytes: [UInt8]) {
        changes.append((range, .bytes(bytes)))
    }

    mutating func replace(_ range: Range<Int>, withZeros count: Int) {
        changes.append((range, .zeros(count)))
    }

    /// By how many bytes parts of the stream grow, by the changes so far.
    var growth: Growth { Growth(changes.map { ($0.range.lowerBound, $0.piece.count - $0.range.count) }) }

    /// By how many bytes parts of a stream grow.
    struct Growth {
        /// Where changes begin, and by how much what is before each of them grows.
        private var places: [Int] = []
        private var sums = [0]

        fileprivate init(_ changes: [(place: Int, bytes: Int)]) {
            for change in changes.sorted(by: { $0.place < $1.place }) {
                places.append(change.place)
                sums.append((sums.last ?? 0) + change.bytes)
            }
        }

        /// By how much the changes grow that begin in a range.
        subscript(range: Range<Int>) -> Int {
            sums[count(before: range.upperBound)] - sums[count(before: range.lowerBound)]
        }

        private func count(before place: Int) -> Int {
            var (low, high) = (0, places.count)
            while low < high {
                let middle = (low + high) / 2
                if places[middle] < place { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    /// The pieces of a stream of `size` bytes.
    func pieces(size: Int) -> [StreamPiece] {
        var pieces: [StreamPiece] = []
        var at = 0
        for change in changes.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            if at < change.range.lowerBound { pieces.append(.source(at..<change.range.lowerBound)) }
            if change.piece.count > 0 { pieces.append(change.piece) }
            at = max(at, change.range.upperBound)
        }
        if at < size { pieces.append(.source(at..<size)) }
        return pieces
    }
}
