// SPDX-License-Identifier: Apache-2.0

/// An integer from −2^63 to 2^64 − 1: sign and magnitude.
struct JSONInteger: Hashable {
    let magnitude: UInt64
    let isNegative: Bool

    private init(magnitude: UInt64, isNegative: Bool) {
        self.magnitude = magnitude
        self.isNegative = isNegative
    }

    init(_ value: Int64) {
        self.init(magnitude: value.magnitude, isNegative: value < 0)
    }

    init(_ value: UInt64) {
        self.init(magnitude: value, isNegative: false)
    }

    /// The integer a node stands for: a number without fraction and exponent, a string of decimal digits, or a string
    /// `"0x…"` of up to 16 hexadecimal digits.
    ///
    /// Nil when it is none of these or does not fit.
    @inline(__always)
    init?(_ tape: JSONTape, _ node: Int, _ text: ByteView) {
        switch tape.tag(at: node) {
        case .int: self.init(tape.int(at: node))
        case .int64: self.init(Int64(bitPattern: tape.words[node + 1]))
        case .uint64: self.init(tape.words[node + 1])
        case .number, .string:
            let reference = tape.reference(at: node)
            self.init(text, reference.offset, reference.length)
        case .escapedString: self.init(escaped: JSONText.unescaped(tape, node, text))
        default: return nil
        }
    }

    @inline(__always)
    private init?(_ text: ByteView, _ start: Int, _ length: Int) {
        let isNegative = text.byteOrZero(at: start) == UInt8(ascii: "-")
        let first = isNegative ? start &+ 1 : start
        guard let magnitude = text.decimal(first, start &+ length) else {
            self.init(hexadecimal: text, start, length)
            return
        }
        guard !isNegative || magnitude <= Int64.min.magnitude else { return nil }
        self.init(magnitude: magnitude, isNegative: isNegative && magnitude != 0)
    }

    @inline(never)
    private init?(escaped text: [UInt8]) {
        guard let value = text.withByteView({ JSONInteger($0, 0, text.count) }) else { return nil }
        self = value
    }

    /// `0x` and up to 16 digits.
    @inline(never)
    private init?(hexadecimal text: ByteView, _ start: Int, _ length: Int) {
        guard (3...18).contains(length), text[start] == UInt8(ascii: "0"), text[start + 1] | 0x20 == UInt8(ascii: "x")
        else { return nil }
        var value: UInt64 = 0
        for index in start + 2..<start + length {
            guard let digit = Hex.digit(text[index]) else { return nil }
            value = value << 4 | UInt64(digit)
        }
        self.init(value)
    }

    var asInt64: Int64? {
        if isNegative { return magnitude <= Int64.min.magnitude ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
        return Int64(exactly: magnitude)
    }
}

extension JSONInteger: CustomStringConvertible {
    var description: String { (isNegative ? "-" : "") + String(magnitude) }
}
