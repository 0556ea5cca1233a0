// SPDX-License-Identifier: Apache-2.0

extension ByteView {
    /// The value of the decimal digits from `start` to `end`; nil when there is none, another character, or more than 64 bits.
    @inline(__always)
    func decimal(_ start: Int, _ end: Int) -> UInt64? {
        guard start < end, end &- start <= 20 else { return nil }
        var value: UInt64 = 0
        var at = start
        // Twice eight digits fit 64 bits without a look.
        while at <= end &- 8, at < start &+ 16 {
            guard let eight = eightDigits(at: at) else { return nil }
            value = value &* 100_000_000 &+ eight
            at &+= 8
        }
        while at < end {
            let digit = self[at] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            // Only the twentieth digit can go too far.
            if at &- start == 19 {
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
                return overflow || carry ? nil : sum
            }
            value = value &* 10 &+ UInt64(digit)
            at &+= 1
        }
        return value
    }

    /// The value of eight digits; nil when one of them is none.
    @inline(__always)
    private func eightDigits(at index: Int) -> UInt64? {
        let word = littleEndianWord(at: index)
        let zeros: UInt64 = 0x3030_3030_3030_3030
        guard ((word ^ zeros) | ((word &+ 0x0606_0606_0606_0606) ^ zeros)) & 0xf0f0_f0f0_f0f0_f0f0 == 0 else {
            return nil
        }
        // Pairs, then fours, then all eight: each step multiplies the more significant half and adds the other.
        let pairs = ((word ^ zeros) &* 2561) >> 8
        let fours = ((pairs & 0x00ff_00ff_00ff_00ff) &* 6_553_601) >> 16
        return ((fours & 0x0000_ffff_0000_ffff) &* 42_949_672_960_001) >> 32
    }
}
