// SPDX-License-Identifier: Apache-2.0

/// A number of any size and precision by its value: its digits, and the power of ten that they are multiplied by.
struct JSONDecimal {
    private let isNegative: Bool
    /// Without zeros at either end; none for zero.
    private let digits: ArraySlice<UInt8>
    private let exponent: Int

    /// The value of a JSON number; nil: its exponent has more than 15 digits.
    init?(_ text: [UInt8]) {
        var rest = text[...]
        isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest.removeFirst() }
        var power = 0
        if let mark = rest.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) {
            guard let value = Self.exponent(rest[(mark + 1)...]) else { return nil }
            power = value
            rest = rest[..<mark]
        }
        var digits = rest
        if let point = rest.firstIndex(of: UInt8(ascii: ".")) {
            power -= rest.endIndex - point - 1
            digits = (rest[..<point] + rest[(point + 1)...])[...]
        }
        digits = digits.drop { $0 == UInt8(ascii: "0") }
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            power += 1
        }
        self.digits = digits
        exponent = digits.isEmpty ? 0 : power
    }

    private static func exponent(_ text: ArraySlice<UInt8>) -> Int? {
        let signs = [UInt8(ascii: "+"), UInt8(ascii: "-")]
        let digits = (text.first.map { signs.contains($0) } ?? false ? text.dropFirst() : text)
            .drop { $0 == UInt8(ascii: "0") }
        guard digits.count <= 15, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return text.first == UInt8(ascii: "-") ? -value : value
    }

    /// Whether both are the same number.
    ///
    /// - Parameters:
    ///   - other: the other one.
    ///   - tellsZeros: whether 0 and −0 are two.
    /// - Returns: whether they are.
    func isEqual(to other: JSONDecimal, tellsZeros: Bool) -> Bool {
        guard digits == other.digits, exponent == other.exponent else { return false }
        return isNegative == other.isNegative || digits.isEmpty && !tellsZeros
    }
}
