// SPDX-License-Identifier: Apache-2.0

/// What the string nodes of a tape say, escapes resolved.
enum JSONText {
    /// Whether two string nodes say the same.
    static func equal(_ tape: JSONTape, _ left: Int, _ right: Int, _ text: ByteView) -> Bool {
        if tape.tag(at: left) == .string, tape.tag(at: right) == .string {
            let a = tape.reference(at: left)
            let b = tape.reference(at: right)
            return a.length == b.length && text.matches(a.offset, text, b.offset, length: a.length)
        }
        return unescaped(tape, left, text) == unescaped(tape, right, text)
    }

    /// Whether a string node says `name`, a range of the text `names`.
    static func equal(
        _ tape: JSONTape,
        _ node: Int,
        _ text: ByteView,
        to name: (offset: Int, length: Int),
        in names: ByteView
    ) -> Bool {
        let reference = tape.reference(at: node)
        if tape.tag(at: node) == .string {
            return reference.length == name.length
                && text.matches(reference.offset, names, name.offset, length: name.length)
        }
        return unescaped(tape, node, text) == names.array(name.offset..<name.offset + name.length)
    }

    /// Whether a string node says `name`.
    static func equal(_ tape: JSONTape, _ node: Int, _ text: ByteView, to name: String) -> Bool {
        guard tape.tag(at: node) == .string else { return string(tape, node, text) == name }
        let reference = tape.reference(at: node)
        return text.matches(reference.offset..<reference.offset + reference.length, name)
    }

    /// The content of a string node as a Swift string.
    static func string(_ tape: JSONTape, _ node: Int, _ text: ByteView) -> String {
        guard tape.tag(at: node) == .string else { return String(decoding: unescaped(tape, node, text), as: UTF8.self) }
        let reference = tape.reference(at: node)
        return text.string(reference.offset..<reference.offset + reference.length)
    }

    /// The content of a string node, UTF-8.
    static func unescaped(_ tape: JSONTape, _ node: Int, _ text: ByteView) -> [UInt8] {
        let reference = tape.reference(at: node)
        let raw = text.array(reference.offset..<reference.offset + reference.length)
        return tape.tag(at: node) == .escapedString ? resolve(raw) : raw
    }

    /// RFC 8259 §7 on text that the parser has accepted.
    private static func resolve(_ raw: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(raw.count)
        var at = 0
        func unit(_ start: Int) -> UInt32 {
            raw[start..<start + 4].reduce(0) { $0 << 4 | UInt32(Hex.digit($1) ?? 0) }
        }
        while at < raw.count {
            guard raw[at] == UInt8(ascii: "\\") else {
                result.append(raw[at])
                at += 1
                continue
            }
            let letter = raw[at + 1]
            at += 2
            switch letter {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0c)
            case UInt8(ascii: "n"): result.append(0x0a)
            case UInt8(ascii: "r"): result.append(0x0d)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                var scalar = unit(at)
                at += 4
                if scalar & 0xfc00 == 0xd800 {
                    scalar = 0x10000 + (scalar & 0x3ff) << 10 + unit(at + 2) & 0x3ff
                    at += 6
                }
                result.append(contentsOf: Character(Unicode.Scalar(scalar) ?? "\u{fffd}").utf8)
            default: result.append(letter)
            }
        }
        return result
    }
}

extension JSONText {
    /// Whether a Swift string stands between the quotes of a JSON string as it is.
    static func isPlain(_ string: String) -> Bool {
        let bytes = string.utf8Span.span
        return bytes.indices.allSatisfy { index in
            bytes[index] >= 0x20 && bytes[index] != UInt8(ascii: "\"") && bytes[index] != UInt8(ascii: "\\")
        }
    }

    /// A Swift string as it stands between the quotes of a JSON string.
    static func escape(_ string: String) -> [UInt8] {
        var result: [UInt8] = []
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
            case 0x0a: result += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case 0x09: result += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
            case 0x0d: result += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
            case 0x00..<0x20:
                let digits = String(byte, radix: 16)
                result += Array("\\u00\(digits.utf8.count == 1 ? "0" : "")\(digits)".utf8)
            default: result.append(byte)
            }
        }
        return result
    }
}
