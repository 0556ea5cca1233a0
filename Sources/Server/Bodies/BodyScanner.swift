// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import HTTP

/// Looks for bytes in a body, of which no more than a window is in memory when it is in a file.
struct BodyScanner {
    private static let windowSize = 256 << 10

    let body: HTTPBody
    private var window: [UInt8]
    private var windowStart = 0

    init(_ body: HTTPBody) {
        self.body = body
        window = if case .bytes(let bytes) = body { bytes } else { [] }
    }

    /// Where the first `needle` is that begins at or behind `start` and ends at or before `end`.
    mutating func find(_ needle: [UInt8], from start: Int, to end: Int = .max) throws(Problem) -> Int? {
        let end = min(end, body.count)
        var at = start
        while at <= end - needle.count {
            try load(at, needle.count)
            let last = min(end, windowStart + window.count) - needle.count
            if let found = Self.find(needle, window, at - windowStart...last - windowStart) {
                return windowStart + found
            }
            at = last + 1
        }
        return nil
    }

    /// The bytes in `range`, as far as they are there.
    mutating func bytes(_ range: Range<Int>) throws(Problem) -> ArraySlice<UInt8> {
        let range = range.clamped(to: 0..<body.count)
        guard !range.isEmpty else { return [] }
        try load(range.lowerBound, range.count)
        return window[range.lowerBound - windowStart..<range.upperBound - windowStart]
    }

    /// Makes sure that `count` bytes from `position` on, which the body has, are in the window.
    private mutating func load(_ position: Int, _ count: Int) throws(Problem) {
        guard position < windowStart || position + count > windowStart + window.count else { return }
        do throws(HTTPSpoolError) {
            window = try body.bytes(position..<position + max(count, Self.windowSize))
        } catch {
            throw Problem(error)
        }
        windowStart = position
        // The file is ours and does not become shorter.
        guard window.count >= count else { throw Problem(.internalServerError, "a part of the body is gone") }
    }

    /// The first place in `places` where `needle` is in `window`; it fits at all of them.
    private static func find(_ needle: [UInt8], _ window: [UInt8], _ places: ClosedRange<Int>) -> Int? {
        precondition(places.lowerBound >= 0 && places.upperBound + needle.count <= window.count, "outside the window")
        guard let first = needle.first else { return places.lowerBound }
        return unsafe window.withUnsafeBytes { window in
            unsafe needle.withUnsafeBytes { needle in
                guard let base = window.baseAddress, let wanted = needle.baseAddress else { return nil }
                var at = places.lowerBound
                while at <= places.upperBound {
                    let count = places.upperBound - at + 1
                    guard let found = unsafe memchr(base + at, Int32(first), count) else { return nil }
                    at = unsafe UnsafeRawPointer(found) - base
                    if unsafe memcmp(base + at, wanted, needle.count) == 0 { return at }
                    at += 1
                }
                return nil
            }
        }
    }
}
