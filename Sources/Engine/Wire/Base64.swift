// SPDX-License-Identifier: Apache-2.0

/// Base64 as of RFC 4648 §4, with padding.
enum Base64 {
    /// The character of each value.
    fileprivate static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The value of each character, 0xff where there is none.
    fileprivate static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xff, count: 256)
        for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()

    /// The two characters of each 12-bit value, the first in the low byte.
    fileprivate static let pairs: [UInt16] = (0..<4096).map {
        UInt16(alphabet[$0 >> 6]) | UInt16(alphabet[$0 & 63]) << 8
    }
}

extension ByteBuffer {
    /// The bytes of `view` in `range` as base64.
    mutating func append(base64Of view: ByteView, _ range: Range<Int>) {
        let (length, overflow) = ((range.count &+ 2) / 3).multipliedReportingOverflow(by: 4)
        guard !overflow, reserve(length) else { return }
        let pairs = Base64.pairs
        unsafe append(upTo: length) { room in
            unsafe view.withRawBytes(range) { source in
                var from = 0
                var to = 0
                while from <= source.count &- 8 {
                    let word = unsafe UInt64(bigEndian: source.loadUnaligned(fromByteOffset: from, as: UInt64.self))
                    let characters =
                        UInt64(pairs[Int(truncatingIfNeeded: word >> 52)])
                        | UInt64(pairs[Int(truncatingIfNeeded: word >> 40 & 0xfff)]) << 16
                        | UInt64(pairs[Int(truncatingIfNeeded: word >> 28 & 0xfff)]) << 32
                        | UInt64(pairs[Int(truncatingIfNeeded: word >> 16 & 0xfff)]) << 48
                    unsafe room.storeBytes(of: characters.littleEndian, toByteOffset: to, as: UInt64.self)
                    from &+= 6
                    to &+= 8
                }
                while from < source.count {
                    let rest = source.count &- from
                    let group =
                        unsafe UInt32(source[from]) << 16 | (rest > 1 ? UInt32(source[from &+ 1]) << 8 : 0)
                        | (rest > 2 ? UInt32(source[from &+ 2]) : 0)
                    for index in 0..<4 {
                        let value = Int(truncatingIfNeeded: group >> UInt32(18 &- 6 &* index) & 63)
                        unsafe room[to &+ index] = index <= rest ? Base64.alphabet[value] : UInt8(ascii: "=")
                    }
                    from &+= 3
                    to &+= 4
                }
            }
            return room.count
        }
    }

    /// The bytes that the base64 text in `range` of `text` stands for.
    ///
    /// - Returns: nil, or the offset of the first character that cannot stand there; the end of the range where some are missing.
    mutating func append(base64In text: ByteView, _ range: Range<Int>) -> Int? {
        guard range.count % 4 == 0 else { return range.upperBound }
        guard !range.isEmpty else { return nil }
        let padding =
            text[range.upperBound &- 1] != UInt8(ascii: "=")
            ? 0 : text[range.upperBound &- 2] != UInt8(ascii: "=") ? 1 : 2
        let values = Base64.values
        var invalid = false
        unsafe append(upTo: range.count / 4 &* 3) { room in
            var to = 0
            for from in stride(from: range.lowerBound, to: range.upperBound, by: 4) {
                let isLast = from &+ 4 == range.upperBound
                let a = values[Int(text[from])]
                let b = values[Int(text[from &+ 1])]
                let c = isLast && padding == 2 ? 0 : values[Int(text[from &+ 2])]
                let d = isLast && padding >= 1 ? 0 : values[Int(text[from &+ 3])]
                // Only 0xff, "no value", has its top bit set.
                if (a | b | c | d) & 0x80 != 0 { invalid = true }
                let group = UInt32(a) << 18 | UInt32(b) << 12 | UInt32(c) << 6 | UInt32(d)
                unsafe room[to] = UInt8(truncatingIfNeeded: group >> 16)
                unsafe room[to &+ 1] = UInt8(truncatingIfNeeded: group >> 8)
                unsafe room[to &+ 2] = UInt8(truncatingIfNeeded: group)
                to &+= 3
            }
            return to &- padding
        }
        guard !invalid else { return range.first { values[Int(text[$0])] == 0xff } }
        // Bits that stand for nothing are zero, or two texts would mean the same (RFC 4648 §3.5).
        let last = range.upperBound &- 1 &- padding
        let unused: UInt8 = padding == 0 ? 0 : padding == 1 ? 0x03 : 0x0f
        return values[Int(text[last])] & unused == 0 ? nil : last
    }
}
