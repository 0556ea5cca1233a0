// SPDX-License-Identifier: Apache-2.0

import Compression
import Engine
import TestSupport
import Testing

@testable import Containers

@Suite struct GzipSourceTests {
    private let bytes = Sample.bytes(300_000)

    @Test(arguments: [1000, 70_000, 400_000])
    func aFileIsInflated(_ piece: Int) throws {
        let coded = try Sample.gzip(bytes)
        let source = GzipSource(SequentialBytes(coded, step: 65_537))
        #expect(source.size == nil)
        #expect(try source.rest(piece: piece) == bytes)
        #expect(source.compressedPosition == coded.count)
    }

    @Test func membersZerosAndStepsOfOneByte() throws {
        let (first, second) = (Array(bytes[..<2000]), Array(bytes[2000..<5000]))
        let empty = try Sample.gzip([])
        let coded = try empty + Sample.gzip(first) + empty + Sample.gzip(second) + [UInt8](repeating: 0, count: 512)
        #expect(try GzipSource(SequentialBytes(coded, step: 1)).rest() == first + second)
        #expect(try GzipSource(BytesSource([1, 2] + coded), offset: 2).rest() == first + second)
    }

    @Test func offsetsAscend() throws {
        let source = try GzipSource(BytesSource(Sample.gzip(bytes)))
        #expect(try source.once(10, at: 200_000) == Array(bytes[200_000..<200_010]))
        #expect(failure { try source.once(10, at: 5) }?.expected == "offset 200010 or above")
        #expect(try source.once(10, at: 299_995) == Array(bytes[299_995...]))
        #expect(try source.once(10, at: 400_000).isEmpty)
    }

    /// With a name, an extra field, a comment and a CRC of the header (RFC 1952 §2.3).
    @Test func headersHaveOptionalParts() throws {
        let flagged = try hexadecimal("1f8b081e0000000000ff0400aabbccdd6e616d6500636f6d6d656e7400")
        let plain = try Sample.gzip(Array("[]".utf8))
        let head = flagged + checkOfHeader(flagged)
        #expect(try GzipSource(BytesSource(head + plain[10...])).rest() == Array("[]".utf8))
        let wrong = failure { try GzipSource(BytesSource(flagged + [0, 0] + plain[10...])).rest() }
        #expect(wrong?.found?.hasPrefix("header crc mismatch") == true)
    }

    /// The lower half of CRC-32 (RFC 1952 §8).
    private func checkOfHeader(_ bytes: [UInt8]) -> [UInt8] {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? 0xedb8_8320 ^ crc >> 1 : crc >> 1 }
        }
        crc = ~crc
        return [UInt8(truncatingIfNeeded: crc), UInt8(truncatingIfNeeded: crc >> 8)]
    }

    @Test func everyTruncationIsFound() throws {
        let plain = Array(bytes[..<500])
        let coded = try Sample.gzip(plain)
        for count in 0..<coded.count {
            let source = GzipSource(BytesSource(Array(coded[..<count])))
            let error = failure { try source.rest() }
            #expect(error?.code == .inputUnreadable, "\(count) bytes")
            #expect(error?.offset == count, "\(count) bytes")
            #expect(error?.found?.hasPrefix(count == 0 ? "it is empty" : "it ends too early") == true)
        }
        // What was good is given before.
        let cut = GzipSource(BytesSource(Array(coded.dropLast(8))))
        #expect(try cut.once(500, at: 0) == plain)
        #expect(failure { try cut.once(1, at: 500) }?.offset == coded.count - 8)
    }

    @Test func checkAndLengthAreCompared() throws {
        let coded = try Sample.gzip(Array(bytes[..<500]))
        for index in coded.count - 8..<coded.count {
            var damaged = coded
            damaged[index] ^= 1
            let error = failure { try GzipSource(BytesSource(damaged)).rest() }
            #expect(
                error?.found?.contains(index < coded.count - 4 ? "incorrect data check" : "incorrect length check")
                    == true
            )
        }
    }

    @Test func whatFollowsIsAMemberOrZeros() throws {
        let coded = try Sample.gzip([1, 2, 3])
        for tail: [UInt8] in [[5], [0, 0, 5], [0x1f], [0x1f, 0x8c], [0, 0x1f, 0x8b]] {
            let error = failure { try GzipSource(BytesSource(coded + tail)).rest() }
            #expect(error?.code == .inputUnreadable, "\(tail)")
        }
        let other = failure { try GzipSource(BytesSource(coded + [5])).rest() }
        #expect(other?.offset == coded.count)
        #expect(other?.found?.hasPrefix("something else follows") == true)
    }

    @Test func theLimitIsExact() throws {
        let coded = try Sample.gzip(bytes)
        #expect(try GzipSource(BytesSource(coded), limit: 300_000).rest() == bytes)
        let error = failure { try GzipSource(BytesSource(coded), limit: 299_999).rest() }
        #expect(error?.code == .limitExceeded)
        #expect(error?.expected == "at most 299999 bytes when inflated")
    }

    @Test func errorsOfTheSourceComeThrough() throws {
        #expect(failure { try GzipSource(FailingSource()).once(1, at: 0) }?.found == "a bad sector")
    }
}

@Suite struct InflateZlibTests {
    private let page = Sample.bytes(4096)

    @Test func aPageIsInflated() throws {
        let coded = try #require(Deflater.deflate(page, isGzip: false))
        #expect(try inflateZlib(coded, limit: 4096) == page)
        #expect(try inflateZlib(coded, limit: 1 << 20) == page)
        let above = failure { try inflateZlib(coded, limit: 4095) }
        #expect(above?.code == .limitExceeded)
        let nothing = try #require(Deflater.deflate([], isGzip: false))
        #expect(try inflateZlib(nothing, limit: 0) == [])
    }

    @Test func longerThanTheRoomOfOneCall() throws {
        let bytes = Sample.bytes(300_000)
        let coded = try #require(Deflater.deflate(bytes, isGzip: false))
        #expect(try inflateZlib(coded, limit: 300_000) == bytes)
        #expect(failure { try inflateZlib(coded, limit: 299_999) }?.code == .limitExceeded)
    }

    @Test func damageHasItsOffset() throws {
        let coded = try #require(Deflater.deflate(page, isGzip: false))
        for count in 0..<coded.count {
            let error = failure { try inflateZlib(Array(coded[..<count]), limit: 4096) }
            #expect(error == .unreadable(at: count, expected: "zlib data", "the end of the input"))
        }
        let more = failure { try inflateZlib(coded + [1, 2], limit: 4096) }
        #expect(more == .unreadable(at: coded.count, expected: "the end of the zlib data", "2 bytes"))
        var wrong = coded
        wrong[wrong.count - 1] ^= 1
        #expect(failure { try inflateZlib(wrong, limit: 4096) }?.found == "incorrect data check")
        #expect(failure { try inflateZlib(Sample.gzip(page), limit: 4096) }?.found == "incorrect header check")
    }
}
