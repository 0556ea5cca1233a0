// SPDX-License-Identifier: Apache-2.0

import Compression
import Engine
import TestSupport
import Testing

@testable import Server

@Suite("Coded bodies", .timeLimit(.minutes(10)))
struct ContentCodingTests {
    private let plain = Array(Documents.encode.utf8)

    private func post(_ coding: String, _ body: [UInt8]) throws -> Answer {
        try Shared.ask(
            "POST",
            "/v1/encode",
            [("Content-Type", "application/json"), ("Content-Encoding", coding)],
            body: body
        )
    }

    private func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
        try #require(Deflater.deflate(bytes, isGzip: true))
    }

    @Test(arguments: ["gzip", "x-gzip", "GZip"])
    func gzipIsInflated(_ name: String) throws {
        #expect(try post(name, gzip(plain)).body == [7])
    }

    @Test func deflateIsZlibOrRaw() throws {
        let zlib = try #require(Deflater.deflate(plain, isGzip: false))
        #expect(try post("deflate", zlib).body == [7])
        #expect(try post("deflate", Array(zlib.dropFirst(2).dropLast(4))).body == [7])
    }

    /// What other programs write: gzip with a file name in it, of the text `[]`; a stored block in raw deflate data.
    @Test func whatOthersWriteIsInflated() throws {
        let named = try hexadecimal("1f8b08080000000002ff61008b8e050029bb4c0d02000000")
        #expect(try Inflater.inflate(named, isGzip: true, limit: 10) == Array("[]".utf8))
        let stored = try hexadecimal("010200fdff5b5d")
        #expect(try Inflater.inflate(stored, isGzip: false, limit: 10) == Array("[]".utf8))
    }

    @Test func severalMembersAreOneBody() throws {
        let (first, rest) = (Array(plain.prefix(20)), Array(plain.dropFirst(20)))
        let empty = try gzip([])
        #expect(try post("gzip", empty + gzip(first) + empty + gzip(rest) + empty).body == [7])
    }

    @Test func aTruncatedBodyIs400() throws {
        let whole = try gzip(plain)
        for count in [0, 1, 5, 10, whole.count / 2, whole.count - 8, whole.count - 1] {
            let answer = try post("gzip", Array(whole.prefix(count)))
            #expect(answer.status == 400)
            #expect(answer["Content-Type"] == "application/problem+json")
            #expect(answer.json?["detail"]?.string?.contains("ends too early") == true, "\(count) bytes")
        }
        // A second member that is cut short.
        #expect(try post("gzip", whole + whole.prefix(12)).status == 400)
    }

    @Test func aDamagedBodyIs400WithTheOffset() throws {
        let whole = try gzip(plain)
        for index in [0, 1, 2, whole.count - 8, whole.count - 1] {
            var damaged = whole
            damaged[index] ^= 0x40
            let answer = try post("gzip", damaged)
            #expect(answer.status == 400, "byte \(index)")
            #expect(answer.json?["detail"]?.string?.contains("damaged at offset") == true, "byte \(index)")
        }
    }

    @Test(arguments: ["gzip", "deflate"])
    func whatFollowsTheEndIs400(_ coding: String) throws {
        let whole = try #require(Deflater.deflate(plain, isGzip: coding == "gzip"))
        for rest in [Array("rubbish".utf8), [0], [0, 0, 0, 0], [0x1f]] {
            #expect(try post(coding, whole + rest).status == 400, "\(rest)")
        }
        // Only gzip has members.
        if coding == "deflate" {
            #expect(throws: Inflater.Failure.self) { try Inflater.inflate(whole + whole, isGzip: false, limit: 1000) }
        }
    }

    @Test(arguments: ["br", "gzip, gzip", "deflate, gzip", "gzip, identity", "zstd"])
    func otherCodingsAre415(_ coding: String) throws {
        let answer = try post(coding, plain)
        #expect(answer.status == 415)
        #expect(answer["Accept-Encoding"] == "gzip, deflate")
        #expect(answer["Content-Type"] == "application/problem+json")
    }

    @Test func twoFieldLinesAreTwoCodings() throws {
        let headers = [
            ("Content-Type", "application/json"), ("Content-Encoding", "gzip"), ("Content-Encoding", "gzip"),
        ]
        #expect(try Shared.ask("POST", "/v1/encode", headers, body: gzip(gzip(plain))).status == 415)
    }

    @Test func identityIsNoCoding() throws {
        #expect(try post("identity", plain).body == [7])
    }

    @Test func theLimitIsExact() throws {
        let bytes = [UInt8](repeating: 0x20, count: 100_000)
        let coded = try gzip(bytes)
        #expect(try Inflater.inflate(coded, isGzip: true, limit: 100_000) == bytes)
        #expect(throws: Inflater.Failure.self) { try Inflater.inflate(coded, isGzip: true, limit: 99_999) }
        // The sum counts, not each member.
        #expect(throws: Inflater.Failure.self) { try Inflater.inflate(coded + coded, isGzip: true, limit: 199_999) }
    }

    @Test func everyLengthComesBack() throws {
        var bytes: [UInt8] = []
        for count in [0, 1, 2, 100, 65_535, 65_536, 65_537, 1_000_000] {
            while bytes.count < count { bytes.append(UInt8(truncatingIfNeeded: bytes.count &* 31 ^ bytes.count >> 7)) }
            for isGzip in [true, false] {
                let coded = try #require(Deflater.deflate(bytes, isGzip: isGzip))
                #expect(try Inflater.inflate(coded, isGzip: isGzip, limit: bytes.count) == bytes)
            }
        }
    }
}
