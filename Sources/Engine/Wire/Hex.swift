// SPDX-License-Identifier: Apache-2.0

/// Hexadecimal text, 32 characters at a time.
enum Hex {
    /// Four words of eight characters.
    ///
    /// Arithmetic on words, byte by byte inside them, is what the compiler turns into vector instructions on every
    /// target; Swift's byte vectors are not.
    typealias Lanes = SIMD4<UInt64>

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    fileprivate static let tops: UInt64 = 0x8080_8080_8080_8080

    /// The value of a hexadecimal digit of either case.
    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
        default: nil
        }
    }

    @inline(__always)
    private static func all(_ byte: UInt64) -> Lanes {
        Lanes(repeating: ones &* byte)
    }

    /// Eight digits for the four bytes in the low half of each lane, in memory order.
    @inline(__always)
    fileprivate static func digits(_ bytes: Lanes) -> Lanes {
        let halves = (bytes | (bytes &<< 16)) & Lanes(repeating: 0x0000_ffff_0000_ffff)
        let spread = (halves | (halves &<< 8)) & Lanes(repeating: 0x00ff_00ff_00ff_00ff)
        let low = Lanes(repeating: 0x000f_000f_000f_000f)
        let nibbles = ((spread &>> 4) & low) | ((spread & low) &<< 8)
        // 1 in each byte above 9; such a byte goes on to the letters, 0x27 further.
        let letters = ((nibbles &+ all(6)) &>> 4) & all(1)
        return nibbles &+ all(0x30) &+ ((letters &<< 5) &+ (letters &<< 3) &- letters)
    }

    /// The four bytes that the eight digits of each lane stand for, in its low half.
    ///
    /// - Parameters:
    ///   - text: the digits.
    ///   - invalid: gets a top bit where a character is no digit.
    /// - Returns: the bytes; the high halves hold no meaning.
    @inline(__always)
    fileprivate static func bytes(_ text: Lanes, invalid: inout Lanes) -> Lanes {
        let ascii = text & all(0x7f)
        let lower = ascii | all(0x20)
        // Adding reaches the top bit from '0' and 'a' on, and again behind '9' and 'f'.
        let isDigit = (ascii &+ all(0x50)) & ~(ascii &+ all(0x46))
        let isLetter = (lower &+ all(0x1f)) & ~(lower &+ all(0x19))
        invalid |= ~((isDigit | isLetter) & ~text)
        let letters = (text &>> 6) & all(1)
        let nibbles = (text & all(0x0f)) &+ (letters &<< 3) &+ letters
        let low = Lanes(repeating: 0x00ff_00ff_00ff_00ff)
        let pairs = ((nibbles & low) &<< 4) | ((nibbles &>> 8) & low)
        let halves = (pairs | (pairs &>> 8)) & Lanes(repeating: 0x0000_ffff_0000_ffff)
        return halves | (halves &>> 16)
    }
}

extension ByteBuffer {
    /// The bytes of `view` in `range` as lower-case digits.
    mutating func append(hexOf view: ByteView, _ range: Range<Int>) {
        unsafe append(upTo: 2 &* range.count) { room in
            unsafe view.withRawBytes(range) { source in
                var at = 0
                while at <= source.count &- 16 {
                    let first = unsafe UInt64(littleEndian: source.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                    let second = unsafe UInt64(
                        littleEndian: source.loadUnaligned(fromByteOffset: at &+ 8, as: UInt64.self)
                    )
                    let digits = Hex.digits(
                        Hex.Lanes(first & 0xffff_ffff, first >> 32, second & 0xffff_ffff, second >> 32)
                    )
                    for lane in 0..<4 {
                        unsafe room.storeBytes(
                            of: digits[lane].littleEndian,
                            toByteOffset: 2 &* at &+ 8 &* lane,
                            as: UInt64.self
                        )
                    }
                    at &+= 16
                }
                while at < source.count {
                    let pair = unsafe Hex.digits(Hex.Lanes(repeating: UInt64(source[at])))[0]
                    unsafe room.storeBytes(
                        of: UInt16(truncatingIfNeeded: pair).littleEndian,
                        toByteOffset: 2 &* at,
                        as: UInt16.self
                    )
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
        var invalid = Hex.Lanes(repeating: 0)
        unsafe append(upTo: range.count / 2) { room in
            unsafe text.withRawBytes(range) { source in
                var at = 0
                while at <= source.count &- 32 {
                    var digits = Hex.Lanes()
                    for lane in 0..<4 {
                        digits[lane] = unsafe UInt64(
                            littleEndian: source.loadUnaligned(fromByteOffset: at &+ 8 &* lane, as: UInt64.self)
                        )
                    }
                    let bytes = Hex.bytes(digits, invalid: &invalid)
                    unsafe room.storeBytes(
                        of: (bytes[0] & 0xffff_ffff | bytes[1] << 32).littleEndian,
                        toByteOffset: at / 2,
                        as: UInt64.self
                    )
                    unsafe room.storeBytes(
                        of: (bytes[2] & 0xffff_ffff | bytes[3] << 32).littleEndian,
                        toByteOffset: at / 2 &+ 8,
                        as: UInt64.self
                    )
                    at &+= 32
                }
                while at < source.count {
                    // Zeros fill the rest of the word: they are digits.
                    let pair = unsafe UInt64(source[at]) | UInt64(source[at &+ 1]) << 8 | 0x3030_3030_3030_0000
                    let byte = Hex.bytes(Hex.Lanes(repeating: pair), invalid: &invalid)[0]
                    unsafe room.storeBytes(of: UInt8(truncatingIfNeeded: byte), toByteOffset: at / 2, as: UInt8.self)
                    at &+= 2
                }
            }
            return room.count
        }
        guard (invalid[0] | invalid[1] | invalid[2] | invalid[3]) & Hex.tops != 0 else { return nil }
        return range.first { Hex.digit(text[$0]) == nil }
    }
}
