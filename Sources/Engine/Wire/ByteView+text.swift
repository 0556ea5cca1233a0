// SPDX-License-Identifier: Apache-2.0

/// Scans over text, a word at a time.
extension ByteView {
    private var ones: UInt64 { 0x0101_0101_0101_0101 }

    /// The offset behind the bytes from `start` on that are those of `word`; all of it fits when that is its length further.
    func endOfMatch(_ word: StaticString, at start: Int) -> Int {
        for index in 0..<word.utf8CodeUnitCount where unsafe byteOrZero(at: start &+ index) != word.utf8Start[index] {
            return start &+ index
        }
        return start &+ word.utf8CodeUnitCount
    }

    /// The offset of the first byte from `start` on that is a quote, a backslash, a control character or not ASCII.
    func endOfPlainText(from start: Int) -> Int {
        var at = start
        let tops: UInt64 = 0x8080_8080_8080_8080
        while at <= count &- 8 {
            let word = littleEndianWord(at: at)
            // A byte's top bit ends up set exactly at the first byte of interest; above it, borrows may set more.
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5c)
            let hits =
                ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- ones &* 0x20) & ~word | word)
                & tops
            if hits != 0 { return at &+ hits.trailingZeroBitCount >> 3 }
            at &+= 8
        }
        while at < count {
            let byte = self[at]
            if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5c { return at }
            at &+= 1
        }
        return at
    }

    /// The offset of the first byte from `start` on that is no decimal digit.
    func endOfDigits(from start: Int) -> Int {
        var at = start
        while at <= count &- 8 {
            let word = littleEndianWord(at: at)
            // Digits are 0x30 … 0x39: the upper half is 3, and adding 6 does not carry into it.
            let threes = ones &* 0x30
            let hits = ((word ^ threes) | ((word &+ ones &* 0x06) ^ threes)) & (ones &* 0xf0)
            if hits != 0 { return at &+ hits.trailingZeroBitCount >> 3 }
            at &+= 8
        }
        while byteOrZero(at: at) &- UInt8(ascii: "0") < 10 { at &+= 1 }
        return at
    }

    /// The end of the UTF-8 sequence of two to four bytes at `start`, or nil when it is not one (RFC 3629 §4).
    func endOfScalar(at start: Int) -> Int? {
        let length = length(ofLead: self[start])
        return length > 1 && firstInvalidByte(at: start) == start &+ length ? start &+ length : nil
    }

    /// The first byte from `start` on that cannot continue the sequence there; its end when all fit.
    func firstInvalidByte(at start: Int) -> Int {
        let lead = self[start]
        let length = length(ofLead: lead)
        guard length > 1 else { return start }
        // Overlong forms, surrogates and values above U+10FFFF show in the second byte.
        let second: ClosedRange<UInt8> =
            switch lead {
            case 0xe0: 0xa0...0xbf
            case 0xed: 0x80...0x9f
            case 0xf0: 0x90...0xbf
            case 0xf4: 0x80...0x8f
            default: 0x80...0xbf
            }
        guard second.contains(byteOrZero(at: start &+ 1)) else { return start &+ 1 }
        for index in 2..<max(length, 2) where byteOrZero(at: start &+ index) & 0xc0 != 0x80 { return start &+ index }
        return start &+ length
    }

    private func length(ofLead lead: UInt8) -> Int {
        switch lead {
        case 0xc2...0xdf: 2
        case 0xe0...0xef: 3
        case 0xf0...0xf4: 4
        default: 0
        }
    }
}
