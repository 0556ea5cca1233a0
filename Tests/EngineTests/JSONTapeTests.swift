// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Engine

@Suite struct JSONTapeTests {
    @Test func aTagSurvivesItsWord() {
        for raw in UInt8(0)...12 {
            let tag = JSONTag(rawValue: raw)
            #expect(tag != nil)
            if let tag { #expect(JSONTag(JSONTape.word(tag, JSONTape.payloadMask)) == tag) }
        }
        #expect(JSONTag(rawValue: 13) == nil)
    }

    @Test(arguments: [0, 1, -1, Int64(UInt32.max), Int64(Int32.min)])
    func smallIntegersKeepTheirSign(_ value: Int64) {
        var tape = JSONTape()
        tape.append(int: value)
        #expect(tape.int(at: 0) == value)
    }

    @Test(arguments: [0, 1, (1 << 24) - 2, (1 << 24) - 1, 1 << 24, 1 << 33])
    func lengthsOfAnySizeAreKept(_ length: Int) {
        var tape = JSONTape()
        tape.append(.bytes, offset: 7, length: length)
        tape.append(.null)
        #expect(tape.reference(at: 0).offset == 7)
        #expect(tape.reference(at: 0).length == length)
        #expect(tape.tag(at: tape.next(after: 0)) == .null)
    }

    @Test(arguments: [
        ("0", 0), ("9", 9), ("12345678", 12_345_678), ("123456789", 123_456_789),
        ("18446744073709551615", UInt64.max), ("9999999999999999999", 9_999_999_999_999_999_999),
        ("1234567812345678", 1_234_567_812_345_678),
    ])
    func decimalDigitsAreRead(_ text: String, _ value: UInt64) {
        let read = Array(text.utf8).withByteView { $0.decimal(0, $0.count) }
        #expect(read == value)
    }

    @Test(arguments: [
        "", "18446744073709551616", "99999999999999999999", "100000000000000000000", "1234567a", "12345678:", "1.0",
        "-1",
        "12345/78", "1234567 ",
    ])
    func whatIsNoDecimalOf64BitsIsRefused(_ text: String) {
        let read = Array(text.utf8).withByteView { $0.decimal(0, $0.count) }
        #expect(read == nil)
    }

    @Test func decimalsAreWrittenAsTheStandardLibraryDoes() {
        var value: UInt64 = 1
        for step in 0..<2000 {
            var buffer = ByteBuffer(limit: 100)
            buffer.append(decimal: value)
            #expect(String(decoding: buffer.array(), as: UTF8.self) == String(value))
            value = value &* 3 &+ UInt64(step) >> (step % 13 == 0 ? 40 : 0)
        }
    }

    @Test func hexOfEveryLengthAndByteIsReadBack() {
        for length in 0..<40 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length &* 11) }
            var hex = ByteBuffer(limit: 1000)
            bytes.withByteView { hex.append(hexOf: $0, 0..<length) }
            let digits = hex.array()
            let expected = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(String(decoding: digits, as: UTF8.self) == expected)
            for text in [digits, Array(expected.uppercased().utf8)] {
                var back = ByteBuffer(limit: 1000)
                #expect(text.withByteView { back.append(hexIn: $0, 0..<text.count) } == nil)
                #expect(back.array() == bytes)
            }
        }
    }

    @Test func everyByteThatIsNoHexDigitIsFound() {
        let digits = Set("0123456789abcdefABCDEF".utf8)
        for position in 0..<24 {
            for byte in UInt8.min...UInt8.max where !digits.contains(byte) {
                var text = [UInt8](repeating: UInt8(ascii: "a"), count: 24)
                text[position] = byte
                var buffer = ByteBuffer(limit: 100)
                #expect(text.withByteView { buffer.append(hexIn: $0, 0..<text.count) } == position)
            }
        }
    }

    @Test func base64OfEveryLengthIsReadBack() {
        let known = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]
        for (length, expected) in known.enumerated() {
            var buffer = ByteBuffer(limit: 100)
            Array("foobar".utf8.prefix(length)).withByteView { buffer.append(base64Of: $0, 0..<length) }
            #expect(String(decoding: buffer.array(), as: UTF8.self) == expected)
        }
        for length in 0..<50 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ 5) }
            var text = ByteBuffer(limit: 1000)
            bytes.withByteView { text.append(base64Of: $0, 0..<length) }
            let characters = text.array()
            var back = ByteBuffer(limit: 1000)
            #expect(characters.withByteView { back.append(base64In: $0, 0..<characters.count) } == nil)
            #expect(back.array() == bytes)
        }
    }

    @Test(arguments: ["A", "AA", "AAA", "A===", "====", "AA=A", "A!AA", "AAAA=", "AA==AAAA", "AA AA"])
    func whatIsNoBase64IsRefused(_ text: String) {
        let bytes = Array(text.utf8)
        var buffer = ByteBuffer(limit: 100)
        #expect(bytes.withByteView { buffer.append(base64In: $0, 0..<bytes.count) } != nil)
    }
}

@Suite struct ByteViewTests {
    @Test func bytesMatchAtEveryPlaceAndLength() {
        let text = Array("abcdefghijklmnopqrstuvwxyz".utf8)
        for length in 0...20 {
            for start in 0...(text.count - length) {
                let part = Array(text[start..<start + length])
                let isMatch = text.withByteView { view in
                    part.withByteView { view.matches(start, $0, 0, length: length) }
                }
                #expect(isMatch)
                for changed in 0..<length {
                    var other = part
                    other[changed] ^= 0x80
                    let isOther = text.withByteView { view in
                        (other + other).withByteView { view.matches(start, $0, 0, length: length) }
                    }
                    #expect(!isOther)
                }
            }
        }
    }
}
