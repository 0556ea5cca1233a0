// SPDX-License-Identifier: Apache-2.0

/// Turns the path of a target into the one that routes are compared with.
enum PathNormalizer {
    /// Decodes the escapes, then removes dot segments (RFC 3986 §5.2.4).
    ///
    /// In that order, since `%2e` is a dot and `%2f` would become a slash behind the back of the check. A path that
    /// climbs above the root is refused.
    static func normalize(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPFailure) -> String {
        guard needsWork(bytes, range) else { return bytes.string(range) }
        let decoded = try decode(bytes, range)
        guard let text = String(validating: try removeDotSegments(decoded), as: UTF8.self) else {
            throw .badRequest("The path is not UTF-8")
        }
        return text
    }

    /// Whether there is an escape or a segment that starts with a dot.
    private static func needsWork(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var previous: UInt8 = 0
        for index in range {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%") || byte == UInt8(ascii: ".") && previous == UInt8(ascii: "/") { return true }
            previous = byte
        }
        return false
    }

    private static func decode(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPFailure) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == UInt8(ascii: "%"), let byte = PercentCoding.escape(bytes, index, range.upperBound) {
                guard byte != 0 else { throw .badRequest("The path has a NUL") }
                decoded.append(byte)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return decoded
    }

    private static func removeDotSegments(_ path: [UInt8]) throws(HTTPFailure) -> [UInt8] {
        let dot = [UInt8(ascii: ".")][...]
        var segments: [ArraySlice<UInt8>] = []
        // The path starts with a slash, so the first segment is the empty one before it.
        let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
        for (index, part) in zip(parts.indices, parts) {
            let isLast = index == parts.endIndex - 1
            if part == dot + dot {
                guard segments.popLast() != nil else { throw .badRequest("The path climbs above its root") }
            } else if part != dot {
                segments.append(part)
                continue
            }
            if isLast { segments.append([]) }
        }
        return segments.reduce(into: []) { $0 += [UInt8(ascii: "/")] + $1 }
    }
}
