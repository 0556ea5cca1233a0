// SPDX-License-Identifier: Apache-2.0

extension ByteBuffer {
    /// The digits of `value`, two at a time.
    mutating func append(decimal value: UInt64) {
        if value < 10 { return append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value)) }
        unsafe append(upTo: 20) { room in
            let length = Decimal.digitCount(value)
            var rest = value
            var at = length
            while rest >= 100 {
                let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
                at &-= 2
                unsafe room.storeBytes(of: Decimal.pair(pair), toByteOffset: at, as: UInt16.self)
                rest = quotient
            }
            if rest >= 10 {
                unsafe room.storeBytes(of: Decimal.pair(rest), toByteOffset: 0, as: UInt16.self)
            } else {
                unsafe room.storeBytes(of: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest), as: UInt8.self)
            }
            return length
        }
    }

    mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude)
    }
}

private enum Decimal {
    /// The two digits of a value below 100, the first one in the low byte.
    static func pair(_ value: UInt64) -> UInt16 {
        // 103 / 1024 is 1 / 10 for every value below 100 after truncation.
        let tens = (value &* 103) >> 10
        let ones = value &- tens &* 10
        return (UInt16(truncatingIfNeeded: tens | ones << 8) | 0x3030).littleEndian
    }

    static func digitCount(_ value: UInt64) -> Int {
        var count = 1
        var rest = value
        while rest >= 10_000 {
            rest /= 10_000
            count &+= 4
        }
        return count &+ (rest >= 10 ? 1 : 0) &+ (rest >= 100 ? 1 : 0) &+ (rest >= 1000 ? 1 : 0)
    }
}
