// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Dirty bitmaps of disks: `stream-format.md` section 8.3.
@Suite struct StreamBitmapTests {
    private func sections(_ bytes: [UInt8]) throws -> [JSONNode] {
        let stream = try MigrationStream(reading: BytesSource(bytes))
        return try JSONDocument(parsing: StreamDocument(stream).json().text).root["sections"]?.elements ?? []
    }

    private func contents(_ bytes: [UInt8]) throws -> [String] {
        try sections(bytes).compactMap { section in
            section["content"].map { String(decoding: $0.json(), as: UTF8.self) }
        }
    }

    private func diff(_ a: [UInt8], _ b: [UInt8]) throws -> StreamDiffResult {
        StreamDiff.compare(
            try MigrationStream(reading: BytesSource(a)),
            try MigrationStream(reading: BytesSource(b))
        )
    }

    private func lines(_ a: [UInt8], _ b: [UInt8]) throws -> [String] {
        String(decoding: try diff(a, b).text(), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    // MARK: A stream of QEMU

    @Test func aStreamOfQEMUHasTwoBitmaps() throws {
        let bytes = try StreamSamples.bytes("qemu-7.2-dirty-bits")
        #expect(try MigrationStream.findings(in: bytes).map(\.line) == [])
        #expect(
            try contents(bytes) == [
                #"{"bitmaps":[{"node":"n0","name":"bm0","granularity":65536,"enabled":true,"persistent":true,"start":true},"#
                    + #"{"node":"n1","name":"other","granularity":65536,"enabled":true,"persistent":false,"start":true}]}"#,
                #"{"bitmaps":[{"node":"n0","name":"bm0","granularity":65536,"enabled":true,"persistent":true,"#
                    + #""complete":true,"chunks":[{"offset":37041,"first_sector":0,"sectors":131072,"dirty":49,"#
                    + #""hash":"5ee77417e04ec459"}]},"#
                    + #"{"node":"n1","name":"other","granularity":65536,"enabled":true,"persistent":false,"#
                    + #""complete":true,"chunks":[{"offset":37197,"first_sector":0,"sectors":131072,"dirty":0}]}]}"#,
            ]
        )
    }

    @Test func theTextShowsTheSame() throws {
        let stream = try MigrationStream(reading: BytesSource(StreamSamples.bytes("qemu-7.2-dirty-bits")))
        let text = String(decoding: try StreamText(stream).text().text, as: UTF8.self)
        let lines = text.split(separator: "\n").map { String($0.dropFirst(20)) }
        #expect(
            lines.filter { $0.hasPrefix("bitmap ") || $0.hasPrefix("chunk ") } == [
                #"bitmap            "bm0" of node "n0", granularity 65536, enabled, persistent, start"#,
                #"bitmap            "other" of node "n1", granularity 65536, enabled, start"#,
                #"bitmap            "bm0" of node "n0", granularity 65536, enabled, persistent, complete"#,
                "chunk               sectors 0 + 131072, 49 of 1024 bits set, hash 5ee77417e04ec459",
                #"bitmap            "other" of node "n1", granularity 65536, enabled, complete"#,
                "chunk               sectors 0 + 131072, 0 of 1024 bits set",
            ]
        )
    }

    /// Each of these QEMU 7.2 refuses, or aborts.
    @Test(arguments: [
        (94, 0x01), (97, 0x80), (97, 0x01), (37041, 0x80), (37042, 0x80), (37050, 0x01), (37055, 0x10), (37057, 0x01),
        (37060, 0x80),
        (37213, 0x01), (37214, 0x01),
    ])
    func aFlippedBitIsFound(_ offset: Int, _ mask: UInt8) throws {
        var bytes = try StreamSamples.bytes("qemu-7.2-dirty-bits")
        bytes[offset] ^= mask
        let findings = try MigrationStream.findings(in: bytes)
        let isFound = findings.contains { $0.severity == .error && $0.section == "dirty-bitmap" }
        #expect(isFound, "\(findings.map(\.line))")
    }

    // MARK: Chunks

    private static let granularity: UInt32 = 4096
    /// What a whole chunk covers, in sectors, at this granularity.
    private static let whole: UInt32 = 8192 * 8

    /// A stream of one bitmap in START, PART and END.
    private static func stream(
        granularity: UInt32 = granularity,
        flags: UInt8 = 1,
        complete: Bool = true,
        _ part: (inout StreamBytes) -> Void
    ) -> StreamBytes {
        StreamBytes.headed { stream in
            stream.start(3, "dirty-bitmap") {
                $0.byte(0x1c)
                $0.string("disk")
                $0.string("b")
                $0.be32(granularity)
                $0.byte(flags)
                $0.byte(0x01)
            }
            stream.part(3) {
                part(&$0)
                $0.byte(0x01)
            }
            stream.end(3) { $0.byte(complete ? 0x21 : 0x01) }
            stream.eof(devices: [])
        }
    }

    /// A chunk of bits; nil: zeros, which have none.
    private static func chunk(
        _ stream: inout StreamBytes,
        _ first: UInt64,
        _ sectors: UInt32,
        _ bits: [UInt8]?,
        expecting ahead: Int? = nil
    ) {
        if let ahead { stream.expect(at: ahead) }
        stream.byte(bits == nil ? 0x42 : 0x40)
        stream.be64(first)
        stream.be32(sectors)
        guard let bits else { return }
        stream.be64(UInt64(bits.count))
        stream.bytes += bits
    }

    private static func bits(_ count: Int, _ set: [Int: UInt8] = [0: 1]) -> [UInt8] {
        var bits = [UInt8](repeating: 0, count: count)
        for (index, byte) in set { bits[index] = byte }
        return bits
    }

    @Test func chunksOfAllLengthsAreRead() throws {
        // 1, 64, 65 and 257 granules have 8, 8, 16 and 40 bytes, and with padding 32, 32, 32 and 64.
        for (sectors, counts) in [(1, [8, 32]), (512, [8, 32]), (513, [16, 32]), (2049, [40, 64])] {
            for count in counts {
                let stream = Self.stream { stream in
                    Self.chunk(&stream, 0, Self.whole, nil)
                    Self.chunk(&stream, UInt64(Self.whole), UInt32(sectors), Self.bits(count, [0: 0xf1]))
                }
                #expect(try MigrationStream.findings(in: stream.bytes).map(\.line) == [])
                let chunks = try sections(stream.bytes)[1]["content"]?["bitmaps"]?.elements[0]["chunks"]?.elements ?? []
                #expect(chunks.map { $0["first_sector"]?.int } == [0, Int(Self.whole)])
                #expect(chunks.map { $0["sectors"]?.int } == [Int(Self.whole), sectors])
                #expect(chunks.map { $0["dirty"]?.int } == [0, 5])
            }
        }
        // A disk without sectors has one chunk without any.
        let empty = Self.stream { Self.chunk(&$0, 0, 0, nil) }
        #expect(try MigrationStream.findings(in: empty.bytes).map(\.line) == [])
    }

    @Test func flagsOfABitmapAreShown() throws {
        for flags: UInt8 in 0...7 {
            let content = try contents(Self.stream(flags: flags) { Self.chunk(&$0, 0, 8, nil) }.bytes)[0]
            #expect(content.contains(#""enabled":\#(flags & 1 != 0),"persistent":\#(flags & 2 != 0)"#))
            #expect(content.contains("autoload") == (flags & 4 != 0))
        }
    }

    private struct Fault: CustomStringConvertible {
        let description: String
        let message: String
        var severity = Rule.Severity.error
        let stream: StreamBytes
    }

    private static let faults: [Fault] = [
        Fault(
            description: "extended flags",
            message: "flags below 0x80",
            stream: stream {
                $0.expect()
                $0.bytes += [0xc0, 0x01]
            }
        ),
        Fault(
            description: "two things at once",
            message: "one of START",
            stream: stream {
                $0.expect()
                $0.byte(0x50)
            }
        ),
        Fault(
            description: "nothing",
            message: "say nothing",
            severity: .warning,
            stream: stream {
                chunk(&$0, 0, 8, nil)
                $0.expect()
                $0.byte(0)
            }
        ),
        Fault(
            description: "zeroes without bits",
            message: "ZEROES (0x02) without",
            severity: .warning,
            stream: stream {
                $0.expect()
                $0.byte(0x22)
            }
        ),
        Fault(
            description: "a name without letters",
            message: "a node's name",
            stream: stream {
                $0.expect(at: 1)
                $0.bytes += [0x08, 0]
            }
        ),
        Fault(
            description: "a bitmap that is not started",
            message: #""c" of node "disk""#,
            stream: stream(complete: false) {
                $0.expect()
                $0.byte(0x44)
                $0.string("c")
                $0.be64(0)
                $0.be32(8)
            }
        ),
        Fault(
            description: "a bitmap of a node that is not started",
            message: #""b" of node "other""#,
            stream: stream(complete: false) {
                $0.expect()
                $0.byte(0x28)
                $0.string("other")
            }
        ),
        Fault(
            description: "a second START",
            message: "is started twice",
            stream: stream {
                $0.expect()
                $0.byte(0x10)
                $0.be32(4096)
                $0.byte(1)
                chunk(&$0, 0, 8, nil)
            }
        ),
        Fault(
            description: "a first sector between chunks",
            message: "no multiple of 512",
            stream: stream { chunk(&$0, 8, 8, nil, expecting: 1) }
        ),
        Fault(
            description: "a first sector behind all disks",
            message: "behind the end of any disk",
            stream: stream { chunk(&$0, 1 << 56, 8, nil, expecting: 1) }
        ),
        Fault(
            description: "the greatest first sector",
            message: "behind the end of any disk",
            stream: stream { chunk(&$0, .max &- 511, 8, nil, expecting: 1) }
        ),
        Fault(
            description: "a gap",
            message: "ends at 65536",
            stream: stream {
                chunk(&$0, 0, whole, nil)
                chunk(&$0, 2 * UInt64(whole), 8, nil, expecting: 1)
            }
        ),
        Fault(
            description: "no sector 0",
            message: "ends at 0",
            stream: stream { chunk(&$0, UInt64(whole), 8, nil, expecting: 1) }
        ),
        Fault(
            description: "too many sectors",
            message: "at most 65536",
            stream: stream { chunk(&$0, 0, whole + 1, nil, expecting: 9) }
        ),
        Fault(
            description: "too few bits",
            message: "have 16, 32 with padding",
            stream: stream { chunk(&$0, 0, 513, bits(8), expecting: 13) }
        ),
        Fault(
            description: "too many bits",
            message: "have 16, 32 with padding",
            stream: stream { chunk(&$0, 0, 513, bits(40), expecting: 13) }
        ),
        Fault(
            description: "more bits than are read",
            message: "16 bytes of bits",
            stream: stream {
                $0.expect(at: 13)
                $0.byte(0x40)
                $0.be64(0)
                $0.be32(513)
                $0.be64(1 << 40)
            }
        ),
        Fault(
            description: "another length than the node's",
            message: "covers 8 sectors, another of the node 16",
            stream: stream(complete: false) {
                chunk(&$0, 0, 16, nil)
                $0.byte(0x20)
                $0.byte(0x14)
                $0.string("c")
                $0.be32(4096)
                $0.byte(1)
                chunk(&$0, 0, 8, nil)
                $0.expect()
                $0.byte(0x20)
            }
        ),
    ]

    @Test(arguments: faults.indices)
    func aChunkThatIsWrongIsFoundOnce(_ index: Int) throws {
        let fault = Self.faults[index]
        for source in [BytesSource(fault.stream.bytes) as any StreamSource, PipeSource(fault.stream.bytes, chunk: 13)] {
            let findings = try MigrationStream(reading: source).findings.filter { $0.rule.description == "VMST030" }
            #expect(findings.count == 1, "\(fault): \(findings.map(\.line))")
            #expect(findings.first?.offset == fault.stream.mark, "\(fault): \(findings.map(\.line))")
            #expect(findings.first?.severity == fault.severity, "\(fault)")
            #expect(findings.first?.section == "dirty-bitmap", "\(fault)")
            #expect(findings.first?.message.contains(fault.message) == true, "\(fault): \(findings.map(\.line))")
        }
    }

    @Test func namesHaveToComeBeforeTheFirstChunk() throws {
        for (flags, what) in [(0x40, "a node's name"), (0x48, "a bitmap's name")] as [(UInt8, String)] {
            let stream = StreamBytes.headed { stream in
                stream.start(3, "dirty-bitmap") {
                    $0.expect()
                    $0.byte(flags)
                    if flags & 8 != 0 { $0.string("disk") }
                }
                stream.end(3) { $0.byte(0x01) }
                stream.eof(devices: [])
            }
            let finding = try #require(MigrationStream.findings(in: stream.bytes).first { $0.severity == .error })
            #expect(finding.offset == stream.mark && finding.message.contains(what))
        }
    }

    @Test func ofManyChunksSomeAreListedAndAllCompared() throws {
        let make = { (odd: UInt8) in
            Self.stream { stream in
                for index in 0..<70_000 as Range<UInt64> {
                    Self.chunk(&stream, index * UInt64(Self.whole), Self.whole, nil)
                }
                Self.chunk(&stream, 70_000 * UInt64(Self.whole), 8, Self.bits(8, [0: odd]))
            }
        }
        let stream = make(1)
        #expect(try MigrationStream.findings(in: stream.bytes).map(\.line) == [])
        let content = try #require(sections(stream.bytes)[1]["content"])
        #expect(content["bitmaps"]?.elements[0]["chunks"]?.elements.count == (1 << 16) - 1)
        #expect(content["unlisted_chunks"]?.int == 70_001 - ((1 << 16) - 1))
        #expect(
            try lines(stream.bytes, make(2).bytes) == [
                "dirty-bitmap[0] /disk/b: bits differ, the first in the chunk at 0x\(String(70_000 << 25, radix: 16)): 1 -> 1 set"
            ]
        )
    }

    // MARK: Differences

    @Test func equalBitmapsAreEqualHoweverTheyAreCut() throws {
        let part = { (stream: inout StreamBytes) in Self.chunk(&stream, 0, 513, Self.bits(16)) }
        let padded = { (stream: inout StreamBytes) in
            // Chunks may lie in sections of their own, and have more padding.
            stream.byte(0x01)
            stream.footer(3)
            stream.bytes += [0x02, 0, 0, 0, 3]
            Self.chunk(&stream, 0, 513, Self.bits(32))
        }
        let (a, b) = (Self.stream(part).bytes, Self.stream(padded).bytes)
        #expect(try lines(a, b) == [])
        #expect(try diff(a, b).sectionsEqual == 1)
    }

    @Test func flagsAndLengthsThatDifferAreNamed() throws {
        let part = { (stream: inout StreamBytes) in Self.chunk(&stream, 0, 513, nil) }
        let a = Self.stream(flags: 3, part).bytes
        #expect(
            try lines(a, Self.stream(flags: 4, complete: false, part).bytes) == [
                "dirty-bitmap[0] /disk/b/enabled: true -> false", "dirty-bitmap[0] /disk/b/persistent: true -> false",
                "dirty-bitmap[0] /disk/b/autoload: false -> true", "dirty-bitmap[0] /disk/b/complete: true -> false",
            ]
        )
        #expect(
            try lines(a, Self.stream(flags: 3) { Self.chunk(&$0, 0, 512, nil) }.bytes) == [
                "dirty-bitmap[0] /disk/b/sectors: 513 -> 512"
            ]
        )
        #expect(
            try lines(a, Self.stream(granularity: 8192, flags: 3, part).bytes) == [
                "dirty-bitmap[0] /disk/b/granularity: 4096 -> 8192",
                #"note: bitmap "b" of node "disk": bits of different granularities were not compared"#,
            ]
        )
    }

    @Test func bitsThatDifferAreNamedByPlace() throws {
        let make = { (sets: [[Int: UInt8]]) in
            Self.stream { stream in
                for (index, set) in sets.enumerated() {
                    let bits = set.isEmpty ? nil : Self.bits(1024, set)
                    Self.chunk(&stream, UInt64(index) * UInt64(Self.whole), Self.whole, bits)
                }
            }.bytes
        }
        let a = make([[3: 1], [:], [9: 0x80], [5: 3]])
        let b = make([[3: 1], [7: 1], [9: 0x40], [5: 3]])
        let result = try diff(a, b)
        let difference = try #require(result.differences.first)
        #expect(result.total == 1 && difference.kind == .bitmapBits)
        #expect(difference.path.description == "/disk/b")
        #expect(difference.differing == 2 && difference.first == 1 << 25)
        #expect(difference.ranges == [1 << 25..<3 << 25])
        let json = String(decoding: try result.json(), as: UTF8.self)
        #expect(
            json.contains(
                #""kind":"bitmap-bits","section":"dirty-bitmap","instance_id":0,"path":"/disk/b","a":4,"b":5"#
            )
        )
        #expect(json.contains(#""differing":2,"ranges":[{"offset":33554432,"size":67108864}]"#))
        #expect(
            try lines(a, b) == ["dirty-bitmap[0] /disk/b: bits differ, the first in the chunk at 0x2000000: 4 -> 5 set"]
        )
    }

    @Test func bitmapsOfOneStreamOnlyAreNamed() throws {
        let part = { (stream: inout StreamBytes) in Self.chunk(&stream, 0, 8, nil) }
        let a = Self.stream(part).bytes
        let b = Self.stream(complete: false) { stream in
            part(&stream)
            stream.byte(0x20)
            stream.byte(0x14)
            stream.string("c")
            stream.be32(512)
            stream.byte(1)
        }.bytes
        #expect(try lines(a, b) == ["dirty-bitmap[0] /disk/c: only in B"])
        #expect(try lines(b, a) == ["dirty-bitmap[0] /disk/c: only in A"])
    }
}
