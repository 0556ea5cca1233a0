// SPDX-License-Identifier: Apache-2.0

/// The hash XXH64 with seed 0, as its public specification describes it: the same for the same bytes in every process.
///
/// It is not made to withstand somebody who looks for collisions.
enum XXHash64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    /// The hash of some bytes.
    static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        unsafe bytes.withUnsafeBytes { unsafe hash($0) }
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var at = 0
        var result: UInt64
        if bytes.count >= 32 {
            var lane1 = prime1 &+ prime2
            var lane2 = prime2
            var lane3: UInt64 = 0
            var lane4 = 0 &- prime1
            while at &+ 32 <= bytes.count {
                lane1 = unsafe round(lane1, word(bytes, at))
                lane2 = unsafe round(lane2, word(bytes, at &+ 8))
                lane3 = unsafe round(lane3, word(bytes, at &+ 16))
                lane4 = unsafe round(lane4, word(bytes, at &+ 24))
                at &+= 32
            }
            result = rotate(lane1, 1) &+ rotate(lane2, 7) &+ rotate(lane3, 12) &+ rotate(lane4, 18)
            for lane in [lane1, lane2, lane3, lane4] { result = (result ^ round(0, lane)) &* prime1 &+ prime4 }
        } else {
            result = prime5
        }
        result &+= UInt64(bytes.count)
        while at &+ 8 <= bytes.count {
            result = unsafe rotate(result ^ round(0, word(bytes, at)), 27) &* prime1 &+ prime4
            at &+= 8
        }
        if at &+ 4 <= bytes.count {
            let half = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            result = rotate(result ^ UInt64(half) &* prime1, 23) &* prime2 &+ prime3
            at &+= 4
        }
        while at < bytes.count {
            result = unsafe rotate(result ^ UInt64(bytes[at]) &* prime5, 11) &* prime1
            at &+= 1
        }
        result = (result ^ result >> 33) &* prime2
        result = (result ^ result >> 29) &* prime3
        return result ^ result >> 32
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
        unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    }

    @inline(__always)
    private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        rotate(lane &+ word &* prime2, 31) &* prime1
    }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value &<< count | value &>> (64 &- count)
    }
}
