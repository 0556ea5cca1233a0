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

    /// The integer a node stands for: a number without fraction and exponent, a string of decimal digits, or a string `"0x…"`
    /// of up to 16 hexadecimal digits. Nil when it is none of these or does not fit.
    @inline(__always)
    init?(_ tape: JSONTape, _ node: Int, _ text: ByteView) {
        switch tape.tag(at: node) {
        case .int: self.init(tape.int(at: node))
        case .int64: self.init(Int64(bitPattern: tape.words[node + 1]))
        case .uint64: self.init(tape.words[node + 1])
        case .number, .string:
            let reference = tape.reference(at: node)
            self.init(text, reference.offset, reference.length)
        default: return nil
        }
    }

    @inline(__always)
    private init?(_ text: ByteView, _ start: Int, _ length: Int) {
        let isNegative = text.byteOrZero(at: start) == UInt8(ascii: "-")
        let first = isNegative ? start &+ 1 : start
        let end = start &+ length
        // 19 digits always fit 64 bits.
        guard first < end, end &- first <= 19 else {
            self.init(rare: text, start, end)
            return
        }
        var magnitude: UInt64 = 0
        for index in first..<end {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit < 10 else {
                self.init(rare: text, start, end)
                return
            }
            magnitude = magnitude &* 10 &+ UInt64(digit)
        }
        guard !isNegative || magnitude <= Int64.min.magnitude else { return nil }
        self.init(magnitude: magnitude, isNegative: isNegative && magnitude != 0)
    }

    /// What the short way does not settle: hexadecimal, 20 digits, or no integer.
    @inline(never)
    private init?(rare text: ByteView, _ start: Int, _ end: Int) {
        let raw = String(decoding: text.array(start..<end), as: UTF8.self)
        if raw.hasPrefix("0x") || raw.hasPrefix("0X") {
            let digits = raw.utf8.dropFirst(2)
            guard (1...16).contains(digits.count), digits.allSatisfy({ Hex.digit($0) != nil }),
                let value = UInt64(raw.dropFirst(2), radix: 16)
            else { return nil }
            self.init(value)
        } else {
            guard raw.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || $0 &- UInt8(ascii: "0") < 10 }) else { return nil }
            if let value = Int64(raw) {
                self.init(value)
            } else if let value = UInt64(raw) {
                self.init(value)
            } else {
                return nil
            }
        }
    }

    var asInt64: Int64? {
        if isNegative { return magnitude <= Int64.min.magnitude ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
        return Int64(exactly: magnitude)
    }
}

extension JSONInteger: CustomStringConvertible {
    var description: String { (isNegative ? "-" : "") + String(magnitude) }
}
