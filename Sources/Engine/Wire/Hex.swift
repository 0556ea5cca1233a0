// SPDX-License-Identifier: Apache-2.0

/// Hexadecimal text, eight characters at a time.
enum Hex {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// The value of a hexadecimal digit of either case.
    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
        default: nil
        }
    }

    /// Eight digits for the four bytes of `value`, in memory order.
    @inline(__always)
    fileprivate static func digits(_ value: UInt32) -> UInt64 {
        var lanes = UInt64(value)
        lanes = (lanes | lanes << 16) & 0x0000_ffff_0000_ffff
        lanes = (lanes | lanes << 8) & 0x00ff_00ff_00ff_00ff
        let nibbles = (lanes >> 4) & 0x000f_000f_000f_000f | (lanes & 0x000f_000f_000f_000f) << 8
        let letters = (nibbles &+ ones &* 6) >> 4 & ones
        return nibbles &+ ones &* 0x30 &+ letters &* 0x27
    }

    /// The four bytes that eight digits stand for; `invalid` gets a bit where a character is no digit.
    @inline(__always)
    fileprivate static func bytes(_ text: UInt64, invalid: inout UInt64) -> UInt32 {
        let ascii = text & ~tops
        let lower = ascii | ones &* 0x20
        let isDigit = (ascii &+ ones &* 0x50) & ~(ascii &+ ones &* 0x46)
        let isLetter = (lower &+ ones &* 0x1f) & ~(lower &+ ones &* 0x19)
        invalid |= ~((isDigit | isLetter) & ~text) & tops
        let nibbles = (text & (ones &* 0x0f)) &+ (text >> 6 & ones) &* 9
        var lanes = (nibbles & 0x00ff_00ff_00ff_00ff) << 4 | nibbles >> 8 & 0x00ff_00ff_00ff_00ff
        lanes = (lanes | lanes >> 8) & 0x0000_ffff_0000_ffff
        return UInt32(truncatingIfNeeded: lanes | lanes >> 16)
    }
}

extension ByteBuffer {
    /// The bytes of `view` in `range` as lower-case digits.
    mutating func append(hexOf view: ByteView, _ range: Range<Int>) {
        guard reserve(2 &* range.count) else { return }
        unsafe append(upTo: 2 &* range.count) { room in
            unsafe view.withRawBytes(range) { source in
                var at = 0
                while at <= source.count &- 4 {
                    let word = unsafe UInt32(littleEndian: source.loadUnaligned(fromByteOffset: at, as: UInt32.self))
                    unsafe room.storeBytes(
                        of: Hex.digits(word).littleEndian,
                        toByteOffset: 2 &* at,
                        as: UInt64.self
                    )
                    at &+= 4
                }
                while at < source.count {
                    let pair = unsafe UInt16(truncatingIfNeeded: Hex.digits(UInt32(source[at])))
                    unsafe room.storeBytes(of: pair.littleEndian, toByteOffset: 2 &* at, as: UInt16.self)
                    at &+= 1
                }
            }
            return room.count
        }
    }

    /// The bytes that the hexadecimal text in `range` of `text` stands for.
    ///
    /// - Returns: nil, or the offset of the first character that is no digit; then what was appended is of no use.
    mutating func append(hexIn text: ByteView, _ range: Range<Int>) -> Int? {
        guard range.count % 2 == 0 else {
            return range.first { Hex.digit(text[$0]) == nil } ?? range.upperBound
        }
        var invalid: UInt64 = 0
        unsafe append(upTo: range.count / 2) { room in
            unsafe text.withRawBytes(range) { source in
                var at = 0
                while at <= source.count &- 8 {
                    let word = unsafe UInt64(littleEndian: source.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                    unsafe room.storeBytes(
                        of: Hex.bytes(word, invalid: &invalid).littleEndian,
                        toByteOffset: at / 2,
                        as: UInt32.self
                    )
                    at &+= 8
                }
                while at < source.count {
                    let pair = unsafe UInt64(source[at]) | UInt64(source[at &+ 1]) << 8 | 0x3030_3030_3030_0000
                    let byte = Hex.bytes(pair, invalid: &invalid)
                    unsafe room.storeBytes(of: UInt8(truncatingIfNeeded: byte), toByteOffset: at / 2, as: UInt8.self)
                    at &+= 2
                }
            }
            return room.count
        }
        return invalid == 0 ? nil : range.first { Hex.digit(text[$0]) == nil }
    }
}
