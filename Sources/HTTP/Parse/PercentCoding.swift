// SPDX-License-Identifier: Apache-2.0

/// Percent-encoding (RFC 3986 §2.1).
enum PercentCoding {
    /// The byte that the `%XX` at `index` stands for, or nil when two hexadecimal digits do not follow.
    static func escape(_ bytes: Span<UInt8>, _ index: Int, _ end: Int) -> UInt8? {
        guard index + 2 < end, let high = bytes[index + 1].hexValue, let low = bytes[index + 2].hexValue else {
            return nil
        }
        return high << 4 | low
    }

    /// Decodes a part of a query as HTML forms write it: `+` is a space; bytes that are not UTF-8 are repaired.
    static func decodeForm(_ part: Substring.UTF8View) -> String {
        let bytes = Array(part)
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), let byte = escape(bytes.span, index, bytes.count) {
                decoded.append(byte)
                index += 3
            } else {
                decoded.append(bytes[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}
