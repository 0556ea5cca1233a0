// SPDX-License-Identifier: Apache-2.0

/// Reads one JSON value, RFC 8259 to the letter, onto a tape.
///
/// No trailing commas, comments, NaN or byte order mark; strings are valid UTF-8 with paired surrogates; member names are
/// unique. Numbers are checked against the grammar and keep their text.
struct JSONParser {
    private let text: ByteView
    private let maximumDepth: Int
    private var names: JSONMemberNames
    private var position = 0
    private(set) var tape = JSONTape()

    /// The first member whose name came before in its object, when such members are noted.
    private(set) var firstDuplicate: JSONError?
    private let duplicates: JSONDocument.Duplicates

    init(_ text: ByteView, maximumDepth: Int, duplicates: JSONDocument.Duplicates) {
        self.text = text
        self.maximumDepth = maximumDepth
        self.duplicates = duplicates
        names = JSONMemberNames(compares: duplicates != .unchecked)
        // No value takes more words than it has bytes, but for the outermost one. What is not used is never touched, so
        // the room costs addresses and no memory; growing step by step would touch twice as much.
        tape.words.reserveCapacity(text.count + 4)
    }

    mutating func parse() throws(JSONError) {
        guard text.count <= JSONTape.maximumOffset else { throw failure(.tooLong, at: JSONTape.maximumOffset) }
        skipWhitespace()
        try value(depth: 0)
        skipWhitespace()
        guard position == text.count else { throw failure(.trailingBytes, at: position) }
    }

    private func failure(_ reason: JSONError.Reason, at offset: Int) -> JSONError {
        JSONError(offset >= text.count && reason != .tooLong ? .unexpectedEnd : reason, at: offset, in: text)
    }

    private mutating func skipWhitespace() {
        while true {
            switch text.byteOrZero(at: position) {
            case 0x20, 0x0a, 0x0d, 0x09: position &+= 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws(JSONError) {
        switch text.byteOrZero(at: position) {
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "{"): try object(depth: depth)
        case UInt8(ascii: "["): try array(depth: depth)
        case UInt8(ascii: "t"): try literal("true", .true)
        case UInt8(ascii: "f"): try literal("false", .false)
        case UInt8(ascii: "n"): try literal("null", .null)
        default: throw failure(.unexpectedByte, at: position)
        }
    }

    private mutating func literal(_ word: StaticString, _ tag: JSONTag) throws(JSONError) {
        let end = text.endOfMatch(word, at: position)
        guard end == position &+ word.utf8CodeUnitCount else { throw failure(.unexpectedByte, at: end) }
        position = end
        tape.append(tag)
    }

    // MARK: Containers

    private mutating func array(depth: Int) throws(JSONError) {
        guard depth < maximumDepth else { throw failure(.tooDeep, at: position) }
        let start = tape.open(.array)
        var count = 0
        position &+= 1
        skipWhitespace()
        if text.byteOrZero(at: position) == UInt8(ascii: "]") {
            position &+= 1
            return tape.close(start, count: 0)
        }
        while true {
            try value(depth: depth &+ 1)
            count &+= 1
            skipWhitespace()
            switch text.byteOrZero(at: position) {
            case UInt8(ascii: ","):
                position &+= 1
                skipWhitespace()
            case UInt8(ascii: "]"):
                position &+= 1
                return tape.close(start, count: count)
            default: throw failure(.unexpectedByte, at: position)
            }
        }
    }

    private mutating func object(depth: Int) throws(JSONError) {
        guard depth < maximumDepth else { throw failure(.tooDeep, at: position) }
        let start = tape.open(.object)
        var seen = names.begin(object: start, depth: depth)
        position &+= 1
        skipWhitespace()
        if text.byteOrZero(at: position) == UInt8(ascii: "}") {
            position &+= 1
            tape.close(start, count: 0)
            return names.end(seen)
        }
        while true {
            let quote = position
            guard text.byteOrZero(at: quote) == UInt8(ascii: "\"") else { throw failure(.unexpectedByte, at: quote) }
            let key = tape.words.count
            try string()
            if !names.insert(key: key, into: &seen, tape: tape, text: text) { try duplicate(key: key, at: quote) }
            skipWhitespace()
            guard text.byteOrZero(at: position) == UInt8(ascii: ":") else {
                throw failure(.unexpectedByte, at: position)
            }
            position &+= 1
            skipWhitespace()
            try value(depth: depth &+ 1)
            skipWhitespace()
            switch text.byteOrZero(at: position) {
            case UInt8(ascii: ","):
                position &+= 1
                skipWhitespace()
            case UInt8(ascii: "}"):
                position &+= 1
                tape.close(start, count: seen.count)
                return names.end(seen)
            default: throw failure(.unexpectedByte, at: position)
            }
        }
    }

    private mutating func duplicate(key: Int, at quote: Int) throws(JSONError) {
        // Its line and column cost a walk through the text.
        guard duplicates == .refused || firstDuplicate == nil else { return }
        let name = JSONText.string(tape, key, text)
        let error = JSONError(.duplicateMember, at: quote, in: text, found: "\"\(name)\"")
        guard duplicates != .refused else { throw error }
        firstDuplicate = error
    }

    // MARK: Numbers

    /// RFC 8259 §6: an optional minus, an integer without leading zeros, a fraction, an exponent.
    private mutating func number() throws(JSONError) {
        let start = position
        var at = position
        if text.byteOrZero(at: at) == UInt8(ascii: "-") { at &+= 1 }
        if text.byteOrZero(at: at) == UInt8(ascii: "0") {
            at &+= 1
        } else {
            at = try digits(from: at)
        }
        if text.byteOrZero(at: at) == UInt8(ascii: ".") {
            at = try digits(from: at &+ 1)
        }
        if text.byteOrZero(at: at) | 0x20 == UInt8(ascii: "e") {
            at &+= 1
            let sign = text.byteOrZero(at: at)
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { at &+= 1 }
            at = try digits(from: at)
        }
        // "01" and "1x": what follows is refused by whoever expects a comma or an end there.
        tape.append(.number, offset: start, length: at &- start)
        position = at
    }

    private func digits(from start: Int) throws(JSONError) -> Int {
        let at = text.endOfDigits(from: start)
        guard at > start else { throw failure(.invalidNumber, at: at) }
        return at
    }

    // MARK: Strings

    private mutating func string() throws(JSONError) {
        let start = position &+ 1
        var at = start
        var tag = JSONTag.string
        while true {
            at = text.endOfPlainText(from: at)
            switch text.byteOrZero(at: at) {
            case UInt8(ascii: "\""):
                tape.append(tag, offset: start, length: at &- start)
                position = at &+ 1
                return
            case UInt8(ascii: "\\"):
                tag = .escapedString
                at = try escape(at: at)
            case 0x80...0xff:
                guard let next = text.endOfScalar(at: at) else {
                    throw failure(.invalidUTF8, at: text.firstInvalidByte(at: at))
                }
                at = next
            default: throw failure(.controlCharacter, at: at)
            }
        }
    }

    /// RFC 8259 §7.
    ///
    /// Returns the offset behind the escape sequence, both halves of a surrogate pair included.
    private func escape(at start: Int) throws(JSONError) -> Int {
        switch text.byteOrZero(at: start &+ 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start &+ 2
        case UInt8(ascii: "u"):
            let unit = try codeUnit(at: start &+ 2)
            guard unit & 0xf800 == 0xd800 else { return start &+ 6 }
            guard unit < 0xdc00 else { throw failure(.loneSurrogate, at: start) }
            let low = start &+ 6
            let end = text.endOfMatch("\\u", at: low)
            guard end == low &+ 2 else { throw failure(.loneSurrogate, at: end >= text.count ? end : start) }
            guard try codeUnit(at: low &+ 2) & 0xfc00 == 0xdc00 else { throw failure(.loneSurrogate, at: start) }
            return low &+ 6
        default: throw failure(.invalidEscape, at: start &+ 1)
        }
    }

    private func codeUnit(at start: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for index in start..<(start &+ 4) {
            guard let digit = Hex.digit(text.byteOrZero(at: index)) else { throw failure(.invalidEscape, at: index) }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}
