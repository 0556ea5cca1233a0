// SPDX-License-Identifier: Apache-2.0

/// Cuts the text of a predicate into tokens.
struct PredicateLexer {
    enum Token: Equatable {
        case number(UInt64, isUnsigned: Bool)
        /// A name with its dots and indices.
        case name(String)
        case symbol(String)
        case end
    }

    private let text: [UInt8]
    private var position = 0
    /// Where the last token begins.
    private(set) var start = 0

    /// Longest first, so that `<<` is not read as `<`.
    private static let symbols = [
        "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "!", "~", "-", "*", "/", "%", "+", "<", ">", "&", "^", "|", "?",
        ":", "(", ")",
    ]

    init(_ text: String) {
        self.text = Array(text.utf8)
    }

    mutating func next() throws(Predicate.SyntaxError) -> Token {
        while let byte = peek(0), byte == 0x20 || (0x09...0x0d).contains(byte) { position += 1 }
        start = position
        guard let byte = peek(0) else { return .end }
        if byte.isDecimalDigit { return try number() }
        if byte.isNameStart { return .name(try name()) }
        for symbol in Self.symbols where text[position...].starts(with: symbol.utf8) {
            position += symbol.utf8.count
            return .symbol(symbol)
        }
        throw Predicate.SyntaxError(offset: position, expected: "an operator, a number or a name")
    }

    private func peek(_ ahead: Int) -> UInt8? {
        position + ahead < text.count ? text[position + ahead] : nil
    }

    /// Decimal, or hexadecimal after `0x`; suffixes `u`, `l` as in C.
    ///
    /// What C reads as octal is refused: to take it for decimal would be another number in silence.
    private mutating func number() throws(Predicate.SyntaxError) -> Token {
        var radix: UInt64 = 10
        if peek(0) == UInt8(ascii: "0"), let x = peek(1), x | 0x20 == UInt8(ascii: "x") {
            radix = 16
            position += 2
        } else if peek(0) == UInt8(ascii: "0"), peek(1)?.isDecimalDigit == true {
            throw .init(offset: start, expected: "a decimal number without leading zeros, which C reads as octal")
        }
        let first = position
        var value: UInt64 = 0
        while let byte = peek(0), let digit = Hex.digit(byte), UInt64(digit) < radix {
            let (product, overflow) = value.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { throw .init(offset: start, expected: "a number of at most 64 bits") }
            value = sum
            position += 1
        }
        guard position > first else { throw .init(offset: position, expected: "a hexadecimal digit") }
        var isUnsigned = false
        while let byte = peek(0), byte | 0x20 == UInt8(ascii: "u") || byte | 0x20 == UInt8(ascii: "l") {
            isUnsigned = isUnsigned || byte | 0x20 == UInt8(ascii: "u")
            position += 1
        }
        if let byte = peek(0), byte.isNameStart || byte.isDecimalDigit {
            throw .init(offset: position, expected: "the end of the number")
        }
        return .number(value, isUnsigned: isUnsigned)
    }

    /// `a`, `a.b`, `a[2].b`.
    private mutating func name() throws(Predicate.SyntaxError) -> String {
        let first = position
        while true {
            while let byte = peek(0), byte.isNameStart || byte.isDecimalDigit { position += 1 }
            while peek(0) == UInt8(ascii: "[") {
                position += 1
                let digits = position
                while let byte = peek(0), byte.isDecimalDigit { position += 1 }
                guard position > digits, peek(0) == UInt8(ascii: "]") else {
                    throw .init(offset: position, expected: "an index and a closing bracket")
                }
                position += 1
            }
            guard peek(0) == UInt8(ascii: ".") else { break }
            guard let byte = peek(1), byte.isNameStart else {
                throw .init(offset: position + 1, expected: "a member's name")
            }
            position += 1
        }
        return String(decoding: text[first..<position], as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var isDecimalDigit: Bool { self &- UInt8(ascii: "0") < 10 }
    fileprivate var isNameStart: Bool { (self | 0x20) &- UInt8(ascii: "a") < 26 || self == UInt8(ascii: "_") }
}
