// SPDX-License-Identifier: Apache-2.0

extension [StreamPiece] {
    /// Gives all bytes in order, a limited number at a time.
    ///
    /// - Parameters:
    ///   - source: what the pieces were made of.
    ///   - skip: is told of zeros that are not read: they are new, or the source has a hole there; without it they are given as bytes.
    ///   - body: gets the bytes.
    /// - Throws: `input-unreadable`, and what `skip` and `body` throw.
    ///
    /// Copies end at multiples of 64 KiB of the result where they can, so that blocks of zeros can be told there.
    public func write(
        from source: any StreamSource,
        skipping skip: ((_ count: Int) throws(VMStateError) -> Void)? = nil,
        to body: ([UInt8]) throws(VMStateError) -> Void
    ) throws(VMStateError) {
        let chunk = 1 << 20
        let alignment = 64 << 10
        var written = 0
        for piece in self {
            switch piece {
            case .bytes(let bytes):
                try body(bytes)
                written += bytes.count
            case .zeros(let count):
                if let skip {
                    try skip(count)
                } else {
                    for start in stride(from: 0, to: count, by: chunk) {
                        try body([UInt8](repeating: 0, count: Swift.min(chunk, count - start)))
                    }
                }
                written += count
            case .source(let range):
                var at = range.lowerBound
                while at < range.upperBound {
                    if let skip {
                        let zeros = Swift.min(source.zeros(at: at), range.upperBound - at)
                        if zeros >= alignment {
                            try skip(zeros)
                            at += zeros
                            written += zeros
                            continue
                        }
                    }
                    let room = chunk - written % alignment
                    var bytes = [UInt8](repeating: 0, count: Swift.min(room, range.upperBound - at))
                    let count = try source.read(into: &bytes, from: 0, at: at)
                    guard count > 0 else {
                        throw VMStateError(
                            .inputUnreadable,
                            at: at,
                            expected: "\(range.upperBound - at) bytes",
                            found: "none"
                        )
                    }
                    bytes.removeSubrange(count...)
                    try body(bytes)
                    at += count
                    written += count
                }
            }
        }
    }

    /// All bytes.
    ///
    /// - Throws: `limit-exceeded` when there are more than `limit`, and `input-unreadable`.
    public func bytes(of source: any StreamSource, limit: Int) throws(VMStateError) -> [UInt8] {
        let count = reduce(0) { $0 + $1.count }
        guard count <= limit else {
            throw VMStateError(.limitExceeded, expected: "a stream of at most \(limit) bytes", found: String(count))
        }
        var all: [UInt8] = []
        all.reserveCapacity(count)
        try write(from: source) { (bytes) throws(VMStateError) in all += bytes }
        return all
    }
}
