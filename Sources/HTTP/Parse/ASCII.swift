// SPDX-License-Identifier: Apache-2.0

// Classes of bytes in the grammar of HTTP, each a test of one bit in a mask of 128.

extension UInt8 {
    @inline(__always)
    private func isIn(low: UInt64, high: UInt64) -> Bool {
        // A shift of a fixed-width integer by `self & 63` stays below the width.
        (self < 64 ? low &>> UInt64(self) : self < 128 ? high &>> UInt64(self & 63) : 0) & 1 == 1
    }

    /// RFC 9110 §5.6.2: `tchar`.
    @inline(__always)
    var isToken: Bool { isIn(low: 0x3ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe) }

    /// RFC 9110 §5.5: `field-vchar`, SP and HTAB.
    ///
    /// No CR, LF, NUL nor any other control byte.
    @inline(__always)
    var isFieldValue: Bool { self >= 0x20 ? self != 0x7F : self == 0x09 }

    /// RFC 3986 §3.2.2: a byte of `reg-name`, `%` included.
    @inline(__always)
    var isRegName: Bool { isIn(low: 0x2bff_7ff2_0000_0000, high: 0x47ff_fffe_87ff_fffe) }

    /// RFC 9110 §5.6.3: SP or HTAB.
    @inline(__always)
    var isWhitespace: Bool { self == 0x20 || self == 0x09 }

    @inline(__always)
    var isDigit: Bool { self &- 0x30 < 10 }

    @inline(__always)
    var lowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    /// The value of a hexadecimal digit.
    @inline(__always)
    var hexValue: UInt8? {
        if isDigit { return self &- 0x30 }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }
}
