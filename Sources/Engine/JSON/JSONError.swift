// SPDX-License-Identifier: Apache-2.0

/// Why a text is not one JSON value (RFC 8259), and where.
public struct JSONError: Error, Sendable, Hashable {
    /// What the parser met.
    public enum Reason: String, Sendable, Hashable {
        case unexpectedByte = "unexpected character"
        case unexpectedEnd = "the text ends too early"
        case trailingBytes = "more text after the value"
        case invalidNumber = "not a number"
        case invalidEscape = "not an escape sequence"
        case loneSurrogate = "a surrogate without its partner"
        case controlCharacter = "a control character in a string"
        case invalidUTF8 = "not UTF-8"
        case tooDeep = "nested too deeply"
        case tooLong = "the text is too long"
        case duplicateMember = "a member of this name came before"
    }

    /// What is wrong.
    public let reason: Reason
    /// The first byte that cannot be part of a valid text, counted from 0; for a duplicate, its opening quote.
    public let offset: Int
    /// The line of that byte, counted from 1; lines end with a line feed.
    public let line: Int
    /// The column of that byte in its line, in bytes, counted from 1.
    public let column: Int
    /// What stands there: a character in quotes, `0x..`, or a member's name.
    public let found: String?

    init(_ reason: Reason, at offset: Int, in text: ByteView, found: String? = nil) {
        self.reason = reason
        self.offset = offset
        var line = 1
        var lineStart = 0
        for index in 0..<min(offset, text.count) where text[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        self.line = line
        column = offset - lineStart + 1
        self.found = found?.shortened ?? (offset < text.count ? Self.describe(text[offset]) : nil)
    }

    private static func describe(_ byte: UInt8) -> String {
        guard (0x20..<0x7f).contains(byte) else {
            return "0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return "'\(Character(Unicode.Scalar(byte)))'"
    }
}

extension JSONError: CustomStringConvertible {
    /// One sentence for a person.
    public var description: String {
        let what = found.map { ": \($0)" } ?? ""
        return "\(reason.rawValue)\(what) at line \(line), column \(column) (offset \(offset))"
    }
}
