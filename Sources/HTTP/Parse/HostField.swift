// SPDX-License-Identifier: Apache-2.0

/// The syntax of `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2).
enum HostField {
    /// Whether the range is such an authority; the empty one is, where `allowsEmpty` (RFC 9112 §3.2).
    static func isValid(_ bytes: Span<UInt8>, _ range: Range<Int>, allowsEmpty: Bool) -> Bool {
        guard !range.isEmpty else { return allowsEmpty }
        var index = range.lowerBound
        if bytes[index] == UInt8(ascii: "[") {
            guard let end = endOfLiteral(bytes, range) else { return false }
            index = end
        } else {
            while index < range.upperBound, bytes[index].isRegName {
                if bytes[index] == UInt8(ascii: "%") {
                    guard PercentCoding.escape(bytes, index, range.upperBound) != nil else { return false }
                }
                index += 1
            }
            guard index > range.lowerBound else { return false }
        }
        guard index < range.upperBound else { return true }
        return bytes[index] == UInt8(ascii: ":") && isPort(bytes, index + 1..<range.upperBound)
    }

    /// RFC 3986 §3.2.2: `[` IPv6address or IPvFuture `]`.
    ///
    /// Only the letters are checked: nothing here resolves names.
    private static func endOfLiteral(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var index = range.lowerBound + 1
        while index < range.upperBound, bytes[index] != UInt8(ascii: "]") {
            let byte = bytes[index]
            guard byte.isRegName && byte != UInt8(ascii: "%") || byte == UInt8(ascii: ":") else { return nil }
            index += 1
        }
        guard index < range.upperBound, index > range.lowerBound + 2 else { return nil }
        return index + 1
    }

    /// RFC 3986 §3.2.3: digits, possibly none.
    private static func isPort(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count <= 5 else { return false }
        var port = 0
        for index in range {
            guard bytes[index].isDigit else { return false }
            port = port * 10 + Int(bytes[index] - 0x30)
        }
        return port <= 65_535
    }
}
