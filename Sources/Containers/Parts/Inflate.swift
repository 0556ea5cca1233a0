// SPDX-License-Identifier: Apache-2.0

internal import Compression
public import Engine

/// Inflates one zlib stream (RFC 1950), such as a page that QEMU's capability `compress` wrote.
///
/// - Parameters:
///   - bytes: the stream, and nothing behind it.
///   - limit: how many bytes may come out.
/// - Returns: the inflated bytes.
/// - Throws: `input-unreadable` when it is damaged, ends too early or has something behind it, with the offset in
///   `bytes`; `limit-exceeded`.
public func inflateZlib(_ bytes: [UInt8], limit: Int) throws(VMStateError) -> [UInt8] {
    try inflateStream(bytes, .zlib, limit: limit, isWhole: true)
}

/// Inflates one stream of `format`; what is behind it is an error if it is to be the whole of `bytes`.
func inflateStream(
    _ bytes: [UInt8],
    _ format: InflateStream.Format,
    limit: Int,
    isWhole: Bool
) throws(VMStateError) -> [UInt8] {
    let inflater = InflateStream(format)
    var output: [UInt8] = []
    // Pages have 4 KiB, clusters 64 KiB; one byte more shows what passes the limit.
    var room = [UInt8](repeating: 0, count: min(max(limit, 0), 64 << 10) + 1)
    var consumed = 0
    while true {
        let progress = room.withMutableBytes { inflater.inflate(bytes, consumed..<bytes.count, into: &$0) }
        consumed += progress.consumed
        guard progress.produced <= limit - output.count else {
            throw .exceeds(at: consumed, expected: "at most \(limit) bytes when inflated")
        }
        output += room[..<progress.produced]
        switch progress.status {
        case .end:
            guard !isWhole || consumed == bytes.count else {
                throw .unreadable(at: consumed, expected: "the end of the zlib data", "\(bytes.count - consumed) bytes")
            }
            return output
        case .more:
            // A call that moves nothing wants input that is not there.
            guard progress.consumed > 0 || progress.produced > 0 else {
                throw .unreadable(at: consumed, expected: "zlib data", "the end of the input")
            }
        case .damaged(let reason): throw .unreadable(at: consumed, expected: "zlib data", reason)
        case .noMemory: throw .unreadable(at: consumed, "no memory to inflate zlib data")
        }
    }
}

extension [UInt8] {
    fileprivate mutating func withMutableBytes<Result>(_ body: (inout MutableRawSpan) -> Result) -> Result {
        var span = mutableSpan
        var bytes = unsafe span.mutableBytes
        return body(&bytes)
    }
}
