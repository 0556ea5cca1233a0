// SPDX-License-Identifier: Apache-2.0

extension [StreamPiece] {
    /// Gives all bytes in order, a limited number at a time.
    ///
    /// - Parameters:
    ///   - source: what the pieces were made of.
    ///   - body: gets the bytes.
    /// - Throws: `input-unreadable`, and what `body` throws.
    public func write(
        from source: any StreamSource,
        to body: ([UInt8]) throws(VMStateError) -> Void
    ) throws(VMStateError) {
        let chunk = 1 << 20
        for piece in self {
            switch piece {
            case .bytes(let bytes): try body(bytes)
            case .source(let range):
                var at = range.lowerBound
                while at < range.upperBound {
                    var bytes = [UInt8](repeating: 0, count: Swift.min(chunk, range.upperBound - at))
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
