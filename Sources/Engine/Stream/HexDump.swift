// SPDX-License-Identifier: Apache-2.0

/// Bytes as `hexdump -C` prints them: offset, sixteen bytes, ASCII.
enum HexDump {
    /// How many characters a line has.
    static func width(offsetDigits: Int) -> Int { offsetDigits + 70 }

    /// An offset with leading zeros.
    static func offset(_ offset: Int, digits: Int) -> String {
        let text = String(offset, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    /// One line, at most sixteen bytes; all lines are equally long.
    static func line(_ bytes: ArraySlice<UInt8>, at offset: Int, digits: Int) -> String {
        var line = Array(Self.offset(offset, digits: digits).utf8)
        line.reserveCapacity(width(offsetDigits: digits))
        let space = UInt8(ascii: " ")
        for column in 0..<16 {
            if column % 8 == 0 { line.append(space) }
            line.append(space)
            let index = bytes.startIndex + column
            if index < bytes.endIndex {
                line += [Self.digits[Int(bytes[index] >> 4)], Self.digits[Int(bytes[index] & 15)]]
            } else {
                line += [space, space]
            }
        }
        line += [space, space, UInt8(ascii: "|")]
        for byte in bytes { line.append((0x20..<0x7f).contains(byte) ? byte : UInt8(ascii: ".")) }
        line.append(UInt8(ascii: "|"))
        line += Array(repeating: space, count: max(0, 16 - bytes.count))
        return String(decoding: line, as: UTF8.self)
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
