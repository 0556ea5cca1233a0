// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// The text form of streams and states.
@Suite struct StreamTextTests {
    static let none: [UInt8] = Fixtures.read("streams/x86-none-10.0.mig") ?? []

    private func text(
        _ bytes: [UInt8],
        hexdump: Bool = false,
        sections: [String]? = nil,
        hasSource: Bool = true
    ) throws -> (text: [UInt8], findings: [Finding]) {
        let source = BytesSource(bytes)
        var reading = MigrationStream.ReadOptions()
        reading.sections = sections
        var options = StreamText.Options()
        options.hexdump = hexdump
        options.sections = sections
        options.source = hasSource ? source : nil
        return try StreamText(try MigrationStream(reading: source, reading), options).text()
    }

    private func golden(_ name: String) throws -> String {
        String(decoding: try #require(Fixtures.read("text/\(name)")), as: UTF8.self)
    }

    // MARK: As it was read once by eye

    @Test func aStreamIsAsInTheFixture() throws {
        #expect(String(decoding: try text(Self.none).text, as: UTF8.self) == (try golden("x86-none-10.0.txt")))
    }

    @Test func aStreamWithBytesIsAsInTheFixture() throws {
        let text = try text(Self.none, hexdump: true).text
        #expect(String(decoding: text, as: UTF8.self) == (try golden("x86-none-10.0.hexdump.txt")))
    }

    @Test(arguments: ["devices/q35-10.0-hpet", "devices/net-7.2-mc146818rtc", "codec/e8-queue", "codec/e6-dynamic"])
    func aStateIsAsInTheFixture(_ folder: String) throws {
        let name = String(folder.split(separator: "/").last ?? "")
        let fixture = try #require(RobustnessCase(root: Fixtures.root, folder: folder))
        for hexdump in [false, true] {
            let text = try Self.text(fixture, hexdump: hexdump)
            #expect(
                String(decoding: text, as: UTF8.self) == (try golden(name + (hexdump ? ".hexdump.txt" : ".txt"))),
                "\(folder), hexdump: \(hexdump)"
            )
        }
    }

    @Test func commandsSayWhatIsInThem() throws {
        let name: [UInt8] = [6] + Array("pc.ram".utf8)
        let stream = StreamBytes.headed { stream in
            var sizes = StreamBytes()
            sizes.be64(0x20_1000)
            sizes.be64(4096)
            stream.command(3, sizes.bytes)
            stream.command(2, [0, 0, 1, 2])
            stream.ram()
            var discard = StreamBytes()
            discard.bytes = [0] + name + [0]
            for word in [0, 0x1000, 0x1000, 0x1000] as [UInt64] { discard.be64(word) }
            stream.command(6, discard.bytes)
            // Not as it must be: its bytes.
            stream.command(6, [0] + name + [0, 1, 2, 3] + [UInt8](repeating: 0, count: 9))
            stream.command(10, name)
            stream.command(11)
            stream.eof()
        }
        let lines = String(decoding: try text(stream.bytes).text, as: UTF8.self).split(separator: "\n")
        #expect(
            lines.filter { $0.contains(" command ") }.map { $0.dropFirst(36) } == [
                "3 POSTCOPY_ADVISE: blocks with pages of 4096, 2097152, target pages of 4096",
                "2 PING: 258",
                "6 POSTCOPY_RAM_DISCARD: \"pc.ram\" 0x0+0x1000 0x1000+0x1000",
                "6 POSTCOPY_RAM_DISCARD: (21 bytes) 00 06 70 63 2e 72 61 6d 00 01 02 03 00 00 00 00 …",
                "10 RECV_BITMAP: \"pc.ram\"", "11 SWITCHOVER_START",
            ]
        )
    }

    private static func text(_ fixture: RobustnessCase, hexdump: Bool) throws -> [UInt8] {
        var options = fixture.options
        options.recordsOffsets = true
        return try fixture.codec.decode(fixture.wire, options)
            .text(hexdump: hexdump, under: fixture.codec.description.name)
    }

    // MARK: Every byte

    @Test(arguments: Fixtures.cases("codec") + Fixtures.cases("devices"))
    func everyByteOfAStateIsShownOnce(_ fixture: FixtureCase) throws {
        let fixture = try #require(RobustnessCase(root: Fixtures.root, folder: fixture.folder))
        let dump = HexdumpBytes(try Self.text(fixture, hexdump: true))
        #expect(dump.problem(showing: [fixture.wire.indices], of: fixture.wire) == nil)
    }

    @Test(arguments: [true, false])
    func everyByteOfAFullSectionIsShownOnce(hasSource: Bool) throws {
        try check(Self.none, hasSource: hasSource)
    }

    @Test(
        .enabled(if: !SharedStreams.names.isEmpty),
        arguments: [
            "arm-microbit-11.1", "s390x-11.1-css", "x86-pc-7.2-suppress-vmdesc", "x86-q35-11.1-nvme-after-firmware",
            "ppc-mac99-11.1",
        ]
    )
    func everyByteOfARealStreamsFullSectionsIsShownOnce(_ name: String) throws {
        try check(try SharedStreams.bytes(name), hasSource: true)
    }

    private func check(_ bytes: [UInt8], hasSource: Bool) throws {
        let stream = try MigrationStream(reading: BytesSource(bytes))
        let dump = HexdumpBytes(try text(bytes, hexdump: true, hasSource: hasSource).text)
        var all = [0..<8]
        for section in stream.sections {
            let end = section.payload.upperBound + 5
            all += [section.offset..<section.payload.lowerBound, end - 5..<end]
            if section.kind == .full { all.append(section.payload) }
        }
        // What is no section; the configuration's bytes come from the source.
        if hasSource, let configuration = stream.configuration { all.append(configuration.range) }
        all += stream.commands.map { $0.offset..<$0.offset + 5 + $0.payload.count }
        all += stream.ends.map { $0..<$0 + 1 }
        #expect(dump.problem(showing: all, of: bytes) == nil)
    }

    @Test func guestMemoryIsShownWhenItIsAskedForByName() throws {
        let stream = try MigrationStream(reading: BytesSource(Self.none))
        let dump = HexdumpBytes(try text(Self.none, hexdump: true, sections: ["ram"]).text)
        let all = stream.sections.filter { $0.idstr == "ram" }.map { $0.offset..<$0.payload.upperBound + 5 }
        #expect(all == [0x11..<0x37, 0x3c..<0x4e])
        #expect(dump.problem(showing: all, of: Self.none) == nil)
    }

    // MARK: What is wrong with a stream

    @Test func findingsStandWhereTheyOccur() throws {
        var bytes = Self.none
        // The footer's section id, and the vmdesc's word for the size of a field.
        bytes[0x7d] = 9
        let (text, findings) = try text(bytes)
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        let finding = lines.firstIndex { $0.contains("!! error") && $0.contains("VMST008") }
        let next = lines.firstIndex { $0.contains("\"globalstate\"") }
        #expect(findings.contains { $0.rule.description == "VMST008" })
        #expect(finding != nil && finding.map { $0 + 1 } == next)
    }

    @Test func aSectionThatNothingDescribesIsShownAsBytes() throws {
        let stream = Array(Self.none[..<0x105])
        let (text, findings) = try text(stream)
        #expect(String(decoding: text, as: UTF8.self).contains("data              (24 bytes) all 00"))
        #expect(findings.count { $0.rule.description == "VMST017" } == 2)
    }

    /// Whatever is wrong with a stream: no byte is shown twice or in the wrong place, and the comparison ends.
    @Test func brokenStreamsArePrintedAndCompared() throws {
        let whole = try MigrationStream(reading: BytesSource(Self.none))
        for length in 8..<Self.none.count where length < 0x110 || length % 16 == 0 {
            try checkBroken(Array(Self.none[..<length]), whole, "\(length) bytes")
        }
        for offset in 8..<Self.none.count where offset < 0x110 || offset % 8 == 0 {
            for mask in [0x01, 0xff] as [UInt8] {
                var bytes = Self.none
                bytes[offset] ^= mask
                try checkBroken(bytes, whole, "byte \(offset) ^ \(mask)")
            }
        }
    }

    private func checkBroken(_ bytes: [UInt8], _ whole: MigrationStream, _ what: String) throws {
        let source = BytesSource(bytes)
        var options = StreamText.Options()
        options.hexdump = true
        options.source = source
        let stream = try MigrationStream(reading: source)
        let dump = HexdumpBytes(try StreamText(stream, options).text().text)
        #expect(dump.problem(of: bytes) == nil, "\(what)")
        let result = StreamDiff.compare(whole, stream)
        _ = try result.text()
        #expect(try JSONDocument(parsing: result.json()).root["equal"]?.bool == result.isEqual)
    }

    @Test func namesDoNotReachTheTerminalAsCommands() throws {
        // Nothing checks the names inside of a vmdesc.
        let name = Array("cpu_ticks_offset".utf8)
        let evil = Array("cp\\u001B[2J_xx\u{9b}".utf8)
        let place = try #require(Self.none.firstRange(of: name))
        #expect(evil.count == name.count)
        var bytes = Self.none
        bytes.replaceSubrange(place, with: evil)
        let text = try text(bytes).text
        #expect(!text.contains(0x1b) && String(decoding: text, as: UTF8.self).contains("cp\\u{1b}[2J_xx\\u{9b}: 0"))
    }

    @Test func theTextComesInPieces() throws {
        final class Pieces {
            var all: [[UInt8]] = []
        }
        let fixture = try #require(RobustnessCase(root: Fixtures.root, folder: "devices/q35-11.1-nvme"))
        var options = fixture.options
        options.recordsOffsets = true
        let decoded = try fixture.codec.decode(fixture.wire, options)
        let pieces = Pieces()
        try decoded.write(hexdump: true) { pieces.all.append($0) }
        #expect(pieces.all.count > 1)
        #expect(pieces.all.allSatisfy { $0.count < 80_000 && $0.last == UInt8(ascii: "\n") })
        #expect(pieces.all.reduce([], +) == (try decoded.text(hexdump: true)))
    }
}
