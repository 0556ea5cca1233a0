// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Streams that are made to cost more than they are worth.
@Suite struct StreamHostileTests {
    private func findings(_ stream: StreamBytes, _ limits: Limits = .default) throws -> [Finding] {
        try MigrationStream(reading: BytesSource(stream.bytes), limits: limits).findings
    }

    @Test func thousandsOfHugeBlocksTakeNoMemory() throws {
        let stream = StreamBytes.headed { stream in
            stream.start(2, "ram", version: 4) {
                $0.ramBlocks((0..<8191).map { ("b\($0)", 1 << 50) })
                $0.ramEnd()
            }
            stream.end(2) {
                for block in 0..<100 { $0.zero(UInt64(block) << 40, "b\(block)") }
                $0.ramEnd()
            }
            stream.eof(devices: [])
        }
        let read = try MigrationStream(reading: BytesSource(stream.bytes))
        #expect(read.findings.map(\.line) == [])
        #expect(read.blocks.count == 8191)
        // How many came is not counted of blocks that nobody has.
        #expect(read.blocks.allSatisfy { $0.pagesSent == nil })
    }

    @Test func blocksWithoutAPageAreNotWithoutEnd() throws {
        let stream = StreamBytes.headed { stream in
            stream.start(2, "ram", version: 4) {
                $0.be64(0x1000 | 0x04)
                for block in 0..<17000 {
                    $0.string("b\(block)")
                    $0.be64(0)
                }
            }
            stream.eof()
        }
        let own = try findings(stream).first { $0.rule.description == "VMST021" }
        #expect(own?.message.contains("at most 16384 blocks") == true)
    }

    @Test func aListThatComesAgainAndAgainIsReadEachTime() throws {
        let stream = StreamBytes.headed { stream in
            stream.start(2, "ram", version: 4) {
                for _ in 0..<2000 {
                    $0.ramBlocks([("b", 1 << 40)])
                    $0.zero(0, "b")
                }
                $0.ramEnd()
            }
            stream.end(2) { $0.ramEnd() }
            stream.eof(devices: [])
        }
        #expect(try findings(stream).filter { $0.severity == .error }.map(\.line) == [])
    }

    @Test func findingsOfOneRuleAreCountedBeyondALimit() throws {
        let stream = StreamBytes.headed { stream in
            stream.start(2, "ram", version: 4) {
                $0.ramBlocks([("b", 4096)])
                $0.ramEnd()
            }
            stream.part(2) {
                for page in 0..<5000 { $0.zero(0, page == 0 ? "b" : nil, fill: 1) }
                $0.ramEnd()
            }
            stream.part(9)
            stream.end(2) { $0.ramEnd() }
            stream.eof(devices: [])
        }
        let all = try findings(stream)
        #expect(all.count < 110)
        #expect(
            all.contains { $0.rule.description == "VMST024" && $0.message == "4900 more of this rule from here on" }
        )
        // What is of another rule is there.
        #expect(all.contains { $0.rule.description == "VMST006" })
    }

    @Test func partsBeyondALimitAreCheckedAndNotListed() throws {
        var limits = Limits()
        limits.streamItems = 8
        let stream = StreamBytes.headed { stream in
            stream.start(2, "ram", version: 4) {
                $0.ramBlocks([("b", 40 * 4096)])
                $0.ramEnd()
            }
            for page in 0..<40 as Range<UInt64> {
                stream.part(2) {
                    $0.zero(page * 4096, page == 0 ? "b" : nil)
                    $0.ramEnd()
                }
            }
            stream.end(2) { $0.ramEnd() }
            stream.full(3, "x", [1])
            stream.eof()
        }
        let source = BytesSource(stream.bytes)
        let read = try MigrationStream(reading: source, limits: limits)
        // Half of the list is left to what comes behind them.
        #expect(read.sections.map(\.kind) == [.start, .part, .part, .part, .part, .end, .full])
        #expect(read.blocks[0].pagesSent == 40)
        #expect(read.findings.map(\.rule.description) == ["VMDOC004", "VMST031"])
        #expect(read.findings.map(\.severity) == [.note, .note])
        // They are in no document, so that none can stand for the whole stream.
        var request = StreamRequest(limits: limits)
        request.isRaw = true
        let document = try JSONDocument(parsing: try request.document(read, of: source).text).root
        #expect(throws: VMStateError.self) { try StreamRequest.bytes(of: document) }
        #expect(
            try request.pieces(for: document, read, size: stream.bytes.count).bytes(of: source, limit: 1 << 20)
                == stream.bytes
        )
        // Of anything else there are no more than that.
        let other = StreamBytes.headed { stream in
            for id in 0..<10 as Range<UInt32> { stream.full(id, "x", instance: id, [1]) }
            stream.eof()
        }
        let error = try MigrationStream(reading: BytesSource(other.bytes), limits: limits).findings.first
        #expect(error?.rule.description == "VMDOC004")
        #expect(error?.severity == .error)
    }

    /// A postcopy of a large guest has thousands of them.
    @Test func discardsBeyondALimitAreCheckedAndNotListed() throws {
        var limits = Limits()
        limits.streamItems = 8
        let discard = { (start: UInt64) in
            var ranges = StreamBytes()
            ranges.byte(0)
            ranges.string("pc.ram")
            ranges.byte(0)
            ranges.be64(start)
            ranges.be64(4096)
            return ranges.bytes
        }
        let stream = StreamBytes.headed { stream in
            stream.command(3, [0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x10, 0])
            stream.ram()
            for _ in 0..<20 { stream.command(6, discard(4096)) }
            stream.command(6, discard(1 << 40))
            stream.full(3, "x", [1])
            stream.eof()
        }
        let source = BytesSource(stream.bytes)
        let read = try MigrationStream(reading: source, limits: limits)
        #expect(read.commands.map(\.number) == [3, 6, 6, 6])
        #expect(read.sections.map(\.kind) == [.start, .part, .end, .full])
        #expect(read.findings.map(\.rule.description).sorted() == ["VMDOC004", "VMST009", "VMST031"])
        let request = StreamRequest(limits: limits)
        #expect(
            try request.pieces(
                for: JSONDocument(parsing: request.document(read, of: source).text).root,
                read,
                size: stream.bytes.count
            )
            .bytes(of: source, limit: 1 << 20) == stream.bytes
        )
    }

    @Test func payloadsThatAreKeptHaveALimit() throws {
        var limits = Limits()
        limits.heldBytes = 100
        let stream = StreamBytes.headed { stream in
            for id in 0..<4 as Range<UInt32> { stream.full(id, "x", instance: id, Array(repeating: 1, count: 40)) }
            stream.eof()
        }
        let read = try MigrationStream(reading: BytesSource(stream.bytes), limits: limits)
        #expect(read.sections.count == 4)
        let errors = read.findings.filter { $0.severity == .error }
        #expect(errors.map(\.section) == ["x", "x"])
    }

    @Test func footersAreNotLookedForWithoutEnd() throws {
        // Each section begins what looks like a payload up to a footer that is far away, and is not one.
        var limits = Limits()
        limits.streamWindow = 1 << 14
        let stream = StreamBytes.headed { stream in
            for _ in 0..<400 {
                stream.byte(0x04)
                stream.be32(3)
                stream.string("x")
                stream.be32(0)
                stream.be32(1)
                stream.bytes += [0xaa, 0x7e, 0, 0, 0, 3]
            }
            stream.bytes += Array(repeating: 0x7e, count: 1 << 14)
        }
        let codec = try VMStateCodec(
            VMStateDocument(
                JSONDocument(parsing: Array(#"{"name":"x","fields":[{"name":"a","info":"uint64"}]}"#.utf8)).root
            )
        )
        var options = MigrationStream.ReadOptions()
        options.descriptions["x"] = codec
        let read = try MigrationStream(reading: BytesSource(stream.bytes), options, limits: limits)
        #expect(!read.findings.isEmpty)
        #expect(read.findings.allSatisfy { $0.offset ?? 0 <= stream.bytes.count })
    }

    @Test func aPatternThatRepeatsIsNoFooter() throws {
        var stream = StreamBytes.headed()
        stream.byte(0x04)
        stream.be32(0x7e7e_7e7e)
        stream.string("x")
        stream.be32(0)
        stream.be32(1)
        stream.bytes += Array(repeating: 0x7e, count: 1 << 18) + [0x42]
        #expect(try findings(stream).map(\.rule.description) == ["VMST031"])
    }

    @Test func devicesInAnyOrderAreFound() throws {
        let count = 400
        let stream = StreamBytes.headed { stream in
            for id in 0..<UInt32(count) { stream.full(id, "x", instance: id, [1]) }
            stream.eof(
                devices: (0..<count).reversed().map {
                    StreamBytes.device("x", instance: $0, StreamBytes.field("a", "uint8", 1))
                }
            )
        }
        let all = try findings(stream)
        #expect(Set(all.map(\.rule.description)) == ["VMST014"])
        #expect(all.allSatisfy { $0.severity == .warning })
    }

    @Test func namesThatComeAgainInAVMDescAreRead() throws {
        let text = "{\"devices\": [{" + Array(repeating: "\"k\": 0", count: 20000).joined(separator: ", ") + "}]}"
        let stream = StreamBytes.headed { stream in
            stream.eof()
            stream.vmdesc(text)
        }
        #expect(try findings(stream).map(\.rule.description) == ["VMST014"])
    }

    @Test func whatOnlyLooksLikeAVMDescIsNone() throws {
        let stream = StreamBytes.headed { stream in
            stream.eof()
            for _ in 0..<20000 { stream.bytes += [0, 6, 0, 0, 0, 2, 0x7b, 0x7d] }
        }
        #expect(try findings(stream).contains { $0.rule.description == "VMST012" })
    }

    @Test(arguments: [Int.min, -1, Int.max])
    func numbersOfAVMDescMayBeAnything(_ number: Int) throws {
        let fields = [
            #"{"name": "a", "type": "uint8", "size": \#(number)}"#,
            #"{"name": "a", "type": "nullptr", "array_len": \#(number), "size": 1}"#,
            #"{"name": "s", "type": "struct", "array_len": \#(number), "size": \#(number), "struct": {"fields": ["#
                + #"{"name": "b", "type": "uint8", "array_len": 3, "size": \#(number)}]}}"#,
            #"{"name": "s", "type": "struct", "size": \#(number), "struct": {"fields": ["#
                + #"{"name": "b", "type": "struct", "array_len": 3, "size": 4}]}}"#,
            #"{"name": "q", "type": "qtailq", "size": \#(number)}"#,
            #"{"name": "m", "type": "bitmap", "size": \#(number)}"#,
        ]
        for text in fields + [fields.joined(separator: ", ")] {
            let stream = StreamBytes.headed { stream in
                stream.full(3, "timer", [1, 2, 3, 4, 0x30])
                stream.eof(devices: [StreamBytes.device("timer", text)])
            }
            let found = try MigrationStream.findings(in: stream.bytes)
            #expect(found.contains { $0.severity == .error }, "\(text)")
        }
    }
}

/// Small streams that took the process down, or a worker for minutes.
@Suite struct StreamAmplificationTests {
    private func findings(_ bytes: [UInt8]) throws -> [Finding] { try MigrationStream.findings(in: bytes) }

    /// A length without end behind a section that is kept.
    @Test func aSectionOfAnyLengthIsTooLong() throws {
        let bytes = StreamBytes.headed { stream in
            stream.full(1, "a", [1])
            stream.hasFooters = false
            stream.full(2, "b", [1, 2])
            let field = #"{"name": "x", "type": "buffer", "size": \#(Int.max)}"#
            stream.eof(devices: [
                StreamBytes.device("a", StreamBytes.field("x", "uint8", 1)), StreamBytes.device("b", field),
            ])
        }.bytes
        #expect(try findings(bytes).contains { $0.severity == .error && $0.section == "b" })
    }

    /// The hashes of a block of nearly 2^63 bytes.
    @Test(arguments: [4096, 1 << 40] as [UInt64]) func aBlockMayBeOfAnySize(_ rest: UInt64) throws {
        let size = UInt64(1) << 63 - rest
        let bytes = StreamBytes.headed { stream in
            stream.start(2, "ram", version: 4) {
                $0.be64(size | 4)
                $0.string("pc.ram")
                $0.be64(size)
                $0.ramEnd()
            }
            stream.part(2) {
                $0.zero(0, "pc.ram")
                $0.ramEnd()
            }
            stream.eof(devices: [])
        }.bytes
        let request = StreamRequest()
        let result = try request.differences(BytesSource(bytes), BytesSource(bytes), comparesContents: true)
        #expect(result.notes.contains { $0.contains("not compared") })
    }

    /// Pages have 256 bytes to 64 KiB.
    @Test(arguments: [7, 8, 16, 17, 30]) func pagesHaveASizeThatTargetsHave(_ bits: Int) throws {
        let isKnown = (8...16).contains(bits)
        var configuration = StreamBytes()
        configuration.byte(5)
        configuration.string("configuration/target-page-bits")
        configuration.be32(1)
        configuration.be32(UInt32(bits))
        let bytes = StreamBytes.headed { stream in
            stream.bytes += configuration.bytes
            stream.eof(pageSize: nil, devices: [])
        }.bytes
        #expect(try findings(bytes).contains { $0.rule.description == "VMST002" } == !isKnown)
        let described = StreamBytes.headed { $0.eof(pageSize: 1 << bits, devices: []) }.bytes
        #expect(try findings(described).contains { $0.rule.description == "VMST013" } == !isKnown)
    }

    /// More devices than sections can be are none.
    @Test func aVMDescHasNoMoreDevicesThanAStreamHasSections() throws {
        var limits = Limits()
        limits.streamItems = 10
        for count in [10, 11] {
            let bytes = StreamBytes.headed { stream in
                stream.eof(
                    devices: (0..<count).map { StreamBytes.device("d\($0)", StreamBytes.field("a", "uint8", 1)) }
                )
            }.bytes
            let found = try MigrationStream.findings(in: bytes, limits: limits)
            #expect(found.contains { $0.rule.description == "VMST013" } == (count > 10))
        }
    }

    /// What is wrong with each element of a description is counted and not kept.
    @Test func whatIsWrongWithADescriptionIsBounded() throws {
        let zeros = Array(repeating: "0", count: 50_000).joined(separator: ",")
        for text in [
            #"{"name":"t","fields":[\#(zeros)]}"#,
            #"{"name":"t","fields":[{"name":"a","info":"uint8","flags":[\#(zeros)]}]}"#,
        ] {
            let document = try VMStateDocument(JSONDocument(parsing: Array(text.utf8)).root)
            let findings = DescriptionChecker(document, dialect: .next).findings()
            #expect((20_000...20_100).contains(findings.count))
            #expect(findings.contains { $0.message.contains("more") || $0.message.contains("further") })
        }
    }

    /// A block that a later list does not have any more.
    @Test func aBlockThatIsGoneIsFound() throws {
        let bytes = StreamBytes.headed { stream in
            stream.start(2, "ram", version: 4) {
                for name in ["a", "b"] {
                    $0.be64(0x2000 | 4)
                    $0.string(name)
                    $0.be64(0x2000)
                }
                $0.ramEnd()
            }
            stream.end(2) { $0.ramEnd() }
            stream.eof(devices: [])
        }.bytes
        #expect(try findings(bytes).contains { $0.rule.description == "VMST021" && $0.message.contains("\"a\"") })
    }

    @Test func aBitmapWithoutCompleteIsFound() throws {
        for isComplete in [true, false] {
            let bytes = StreamBytes.headed { stream in
                stream.start(5, "dirty-bitmap") {
                    $0.byte(0x1c)
                    $0.string("node")
                    $0.string("bitmap0")
                    $0.be32(65536)
                    $0.byte(1)
                    $0.byte(1)
                }
                stream.end(5) {
                    if isComplete { $0.byte(0x20) }
                    $0.byte(1)
                }
                stream.eof(devices: [])
            }.bytes
            #expect(try findings(bytes).contains { $0.message.contains("no COMPLETE") } == !isComplete)
        }
    }

    /// The EOF of a package is not the stream's.
    @Test func aPackageMayEndWithEOF() throws {
        let bytes = StreamBytes.headed { stream in
            stream.package {
                $0.full(3, "dev", [1])
                $0.byte(0)
            }
            stream.eof(devices: [StreamBytes.device("dev", StreamBytes.field("a", "uint8", 1))])
        }.bytes
        #expect(try !findings(bytes).contains { $0.rule.description == "VMST033" })
    }

    /// Of 0 0 S QEMU 11.1 describes the NULL pointers only: that is no error of the stream.
    @Test(arguments: [false, true]) func theElementThatQEMULeavesOutIsNoError(_ isNested: Bool) throws {
        let run = #"{"name": "a", "array_len": 2, "type": "ptr-marker", "size": 1}"#
        let inner =
            #"{"name": "o", "type": "struct", "struct": {"vmsd_name": "o", "version": 1, "fields": [\#(run)]}, "size": 6}"#
        let bytes = StreamBytes.headed { stream in
            stream.full(1, "dev", [0x30, 0x30, 0, 0, 0, 9])
            stream.full(2, "last", [1])
            stream.eof(devices: [
                StreamBytes.device("dev", isNested ? inner : run),
                StreamBytes.device("last", StreamBytes.field("x", "uint8", 1)),
            ])
        }.bytes
        let report = try StreamRequest().report(reading: BytesSource(bytes))
        #expect(report.isValid)
        #expect(report.findings.map(\.rule.description) == ["VMST017"])
    }
}
