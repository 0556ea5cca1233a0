// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Guest memory in all its encodings: streams made by hand, pages held against what they must be.
@Suite struct StreamRAMTests {
    /// A stream whose one PART of RAM is made by `fill`, of blocks of so many pages.
    private func stream(
        blocks: [(name: String, size: UInt64)] = [("pc.ram", 4 * 4096)],
        pageSize: Int? = 4096,
        _ fill: (inout StreamBytes) -> Void
    ) -> StreamBytes {
        StreamBytes.headed { stream in
            stream.start(2, "ram", version: 4) {
                $0.ramBlocks(blocks)
                $0.ramEnd()
            }
            stream.part(2) {
                fill(&$0)
                $0.ramEnd()
            }
            stream.end(2) { $0.ramEnd() }
            if let pageSize { stream.eof(pageSize: pageSize, devices: []) } else { stream.eof() }
        }
    }

    private func read(
        _ stream: StreamBytes,
        inflate: ((_ bytes: [UInt8], _ limit: Int) throws(VMStateError) -> [UInt8])? = nil
    ) throws -> (stream: MigrationStream, store: PageStore) {
        let store = PageStore()
        var options = MigrationStream.ReadOptions()
        options.pages = store
        options.inflate = inflate
        let own = try MigrationStream(reading: BytesSource(stream.bytes), options)
        // A pipe gives the same pages.
        let other = PageStore()
        options.pages = other
        let piped = try MigrationStream(reading: PipeSource(stream.bytes, chunk: 1001), options)
        #expect(other.memory == store.memory)
        #expect(other.pages == store.pages)
        #expect(piped.blocks.map(\.counts) == own.blocks.map(\.counts))
        return (own, store)
    }

    /// A sink without room.
    private final class FullStore: RAMPageSink {
        func blocks(_ blocks: [RAMBlock]) {}
        func wants(block: Int) -> Bool { true }

        func page(_ page: ArraySlice<UInt8>, block: Int, at offset: Int) throws(VMStateError) {
            throw .unwritable(at: offset, "no room")
        }

        func fill(_ byte: UInt8, block: Int, at offset: Int, size: Int) {}
        func current(block: Int, at offset: Int, size: Int) -> [UInt8] { [] }
    }

    @Test func aPageThatCannotBeWrittenEndsTheReading() {
        let bytes = stream { $0.normal(0, "pc.ram", Array(repeating: 7, count: 4096)) }.bytes
        var options = MigrationStream.ReadOptions()
        options.pages = FullStore()
        let error = #expect(throws: VMStateError.self) { try MigrationStream(reading: BytesSource(bytes), options) }
        #expect(error?.code == .outputUnwritable)
    }

    // MARK: Plain pages

    @Test func pagesAreZeroedFilledCopiedAndSentAgain() throws {
        let first = (0..<4096).map { UInt8($0 & 0xff) }
        let second = [UInt8](repeating: 0xaa, count: 4096)
        let bytes = stream(blocks: [("pc.ram", 3 * 4096), ("empty", 0), ("vga.vram", 4096)]) {
            $0.normal(0, "pc.ram", first)
            $0.zero(0x1000)
            $0.zero(0x2000, fill: 0x55)
            $0.normal(0, "vga.vram", second)
            $0.normal(0x1000, "pc.ram", second)
            $0.zero(0)
        }
        let (stream, store) = try read(bytes)
        #expect(
            store.memory["pc.ram"] == [UInt8](repeating: 0, count: 4096) + second + Array(repeating: 0x55, count: 4096)
        )
        #expect(store.memory["vga.vram"] == second)
        #expect(stream.findings.map(\.rule.description) == ["VMST024"])
        #expect(stream.blocks.map(\.counts.normal) == [2, 0, 1])
        #expect(stream.blocks.map(\.counts.zero) == [3, 0, 0])
        #expect(stream.blocks.map(\.pagesSent) == [3, nil, 1])
        #expect(stream.sections[1].pages?.pages == 6)
    }

    @Test func continueRefersToTheSectionBefore() throws {
        let page = [UInt8](repeating: 3, count: 4096)
        let bytes = StreamBytes.headed { stream in
            stream.start(2, "ram", version: 4) {
                $0.ramBlocks([("pc.ram", 4096), ("vga.vram", 8192)])
                $0.ramEnd()
            }
            stream.part(2) {
                $0.zero(0, "pc.ram")
                $0.zero(0, "vga.vram")
                $0.ramEnd()
            }
            stream.end(2) {
                $0.normal(0x1000, nil, page)
                $0.ramEnd()
            }
            stream.eof(devices: [])
        }
        let (stream, store) = try read(bytes)
        #expect(stream.findings.map(\.line) == [])
        #expect(store.memory["vga.vram"] == Array(repeating: 0, count: 4096) + page)
    }

    @Test(arguments: [UInt64(0), 1, 4095])
    func aBlockThatIsSmallerThanAPageHasNoPages(_ size: UInt64) throws {
        let bytes = stream(blocks: [("pc.ram", 4096), ("tiny", size)]) {
            $0.zero(0, "pc.ram")
            $0.zero(0xffff_ffff_ffff_f000, "tiny")
        }
        let findings = try MigrationStream.findings(in: bytes.bytes)
        #expect(findings.contains { $0.rule.description == "VMST022" && $0.section == "ram" })
    }

    // MARK: Page sizes

    static let pageSizes = [256, 1024, 2048, 4096, 8192, 16384, 32768, 65536]

    @Test(arguments: pageSizes, [true, false])
    func thePageSizeIsFoundWithoutAVMDesc(_ size: Int, _ beginsWithZeros: Bool) throws {
        let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }
        let step = UInt64(size)
        let bytes = stream(blocks: [("ram", 12 * step), ("rom", 2 * step)], pageSize: nil) {
            for page in 0..<12 as Range<UInt64> {
                let name = page == 0 ? "ram" : nil
                if beginsWithZeros && page < 9 {
                    $0.zero(page * step, name)
                } else {
                    $0.normal(page * step, name, content)
                }
            }
            $0.zero(0, "rom")
            $0.zero(step)
        }
        let (stream, store) = try read(bytes)
        #expect(stream.findings.map(\.rule.description) == ["VMST031"])
        #expect(stream.pageSize == size)
        #expect(store.memory["ram"]?.suffix(3 * size) == (content + content + content)[...])
        #expect(stream.blocks.map(\.pagesSent) == [12, 2])
    }

    @Test func aPageSizeThatOneSectionLeavesOpenIsFoundInTheNext() throws {
        let bytes = StreamBytes.headed { stream in
            stream.start(2, "ram", version: 4) {
                $0.ramBlocks([("ram", 8 * 4096)])
                $0.ramEnd()
            }
            stream.part(2) {
                $0.zero(0, "ram")
                $0.ramEnd()
            }
            stream.part(2) {
                for page in 1..<32 as Range<UInt64> { $0.zero(page * 1024) }
                $0.ramEnd()
            }
            stream.end(2) { $0.ramEnd() }
            stream.eof()
        }
        let (stream, _) = try read(bytes)
        #expect(stream.findings.map(\.rule.description) == ["VMST031"])
        #expect(stream.pageSize == 1024)
        #expect(stream.blocks.map(\.pagesSent) == [32])
    }

    @Test func thePageSizeOfTheConfigurationCounts() throws {
        let bytes = StreamBytes.headed { stream in
            stream.byte(0x05)
            stream.string("configuration/target-page-bits")
            stream.be32(1)
            stream.be32(14)
            stream.ram(pages: 3, pageSize: 16384)
            stream.eof()
        }
        let (stream, _) = try read(bytes)
        #expect(stream.pageSize == 16384)
        #expect(stream.configuration?.pageBits == 14)
        #expect(stream.blocks.map(\.counts.zero) == [3])
    }

    // MARK: XBZRLE

    @Test func deltasAreAppliedOneAfterTheOther() throws {
        var expected = (0..<4096).map { UInt8($0 & 0xff) }
        // zrun 10, nzrun 2; zrun 188 in two bytes, nzrun 1: the example of the format.
        let first = try hexadecimal("0a02aabb bc0101cc")
        let second = try hexadecimal("00 01 99  fe1f 01 77")
        let bytes = stream {
            $0.normal(0x1000, "pc.ram", expected)
            $0.delta(0x1000, nil, first)
            $0.delta(0x1000, nil, second)
            // Of a page that never came.
            $0.delta(0x3000, nil, [0x01, 0x01, 0x42])
            $0.zero(0)
            $0.zero(0x2000)
        }
        (expected[10], expected[11], expected[200]) = (0xaa, 0xbb, 0xcc)
        (expected[0], expected[4095]) = (0x99, 0x77)
        let (stream, store) = try read(bytes)
        #expect(stream.findings.map(\.line) == [])
        #expect(store.memory["pc.ram"].map { Array($0[4096..<8192]) } == expected)
        #expect(store.memory["pc.ram"].map { Array($0[0x3000..<0x3003]) } == [0, 0x42, 0])
        #expect(stream.blocks[0].counts.xbzrle == 3)
    }

    @Test func aWholePageMayBeNew() throws {
        let new = [UInt8](repeating: 9, count: 4093)
        let bytes = stream {
            $0.delta(0, "pc.ram", [0x00, 0xfd, 0x1f] + new)
        }
        let (stream, store) = try read(bytes)
        #expect(stream.findings.allSatisfy { $0.rule.description == "VMST028" })
        #expect(store.memory["pc.ram"].map { Array($0[..<4096]) } == new + [0, 0, 0])
    }

    /// `ram-format.md` section 4: what is wrong, the encoded bytes, and at which of them.
    @Test(arguments: [
        ("no run of new bytes", "0a", 0), ("only the length of a run", "0a01", 1),
        ("an empty run of new bytes", "0a0055", 1),
        ("an empty run of old bytes later on", "0101aa 00 01bb", 3), ("a length of three bytes", "80800101", 1),
        ("a run of new bytes with three", "01 808001", 2), ("new bytes behind the page", "ff1f 02 aabb", 2),
        ("old bytes behind the page", "ff3f 01 aa", 2), ("more new bytes than there are", "0a 05 aabb", 1),
        ("half a pair at the end", "0101aa 01", 3),
    ])
    func aMalformedDeltaIsRefusedAtItsByte(_ what: String, _ digits: String, _ offset: Int) throws {
        let encoded = try hexadecimal(digits)
        var place = 0
        let bytes = stream {
            $0.zero(0, "pc.ram")
            $0.delta(0, nil, encoded)
            place = $0.bytes.count - encoded.count
        }
        let findings = try MigrationStream(reading: BytesSource(bytes.bytes)).findings
        let own = findings.first { $0.rule.description == "VMST025" }
        #expect(own?.offset == place + offset, "\(what): \(findings.map(\.line))")
        #expect(own?.section == "ram")
        #expect(own?.severity == .error)
    }

    @Test func aDeltaThatIsLongerThanAPageIsRefused() throws {
        var place = 0
        let bytes = stream {
            $0.page(0x40, 0, "pc.ram")
            place = $0.bytes.count
            $0.byte(1)
            $0.be16(4097)
            $0.bytes += Array(repeating: 1, count: 4097)
        }
        let findings = try MigrationStream(reading: BytesSource(bytes.bytes)).findings
        #expect(findings.contains { $0.rule.description == "VMST025" && $0.offset == place })
    }

    // MARK: Compressed pages

    @Test func compressedPagesAreInflated() throws {
        let page = [UInt8](repeating: 0x5a, count: 4096)
        let bytes = stream {
            $0.page(0x100, 0x2000, "pc.ram")
            $0.be32(3)
            $0.bytes += [1, 2, 3]
            for other in [0, 0x1000, 0x3000] as [UInt64] { $0.zero(other) }
        }
        let (stream, store) = try read(bytes) { (bytes, limit) throws(VMStateError) in
            #expect(bytes == [1, 2, 3])
            #expect(limit == 4096)
            return page
        }
        #expect(stream.findings.map(\.line) == [])
        #expect(store.memory["pc.ram"].map { Array($0[0x2000..<0x3000]) } == page)
        #expect(stream.blocks[0].counts.compressed == 1)
        // Without a way to inflate they are counted.
        let plain = try MigrationStream(reading: BytesSource(bytes.bytes))
        #expect(plain.findings.map(\.line) == [])
        #expect(plain.blocks[0].counts.compressed == 1)
    }

    @Test(arguments: [(0, "an error"), (1, "a page that is too short")])
    func aCompressedPageThatIsNoneIsRefused(_ kind: Int, _ what: String) throws {
        var place = 0
        let bytes = stream {
            $0.page(0x100, 0, "pc.ram")
            $0.be32(2)
            place = $0.bytes.count
            $0.bytes += [1, 2]
        }
        let (stream, _) = try read(bytes) { (_, _) throws(VMStateError) in
            if kind == 0 { throw VMStateError.unreadable("no zlib stream") }
            return [1, 2, 3]
        }
        let own = stream.findings.first { $0.rule.description == "VMST026" }
        #expect(own?.offset == place, "\(what)")
        #expect(own?.section == "ram")
    }

    @Test(arguments: [UInt32(4096 + 1 + 13 + 1), .max])
    func aCompressedPageIsNotLongerThanZlibMakesIt(_ length: UInt32) throws {
        var place = 0
        let bytes = stream {
            $0.page(0x100, 0, "pc.ram")
            place = $0.bytes.count
            $0.be32(length)
            $0.bytes += Array(repeating: 1, count: 5000)
        }
        let findings = try MigrationStream(reading: BytesSource(bytes.bytes)).findings
        #expect(findings.contains { $0.rule.description == "VMST026" && $0.offset == place })
    }

    // MARK: Multifd

    @Test func pagesMayComeOnOtherChannels() throws {
        let bytes = stream {
            $0.zero(0, "pc.ram")
            $0.be64(0x200)
            $0.be64(0x200)
        }
        let (stream, _) = try read(bytes)
        #expect(stream.findings.map(\.line) == [])
        #expect(stream.sections[1].pages?.multifdFlushes == 2)
    }

    // MARK: The list of blocks

    @Test func aBlockHasItsOwnPageSizeAfterAdvise() throws {
        let bytes = StreamBytes.headed { stream in
            var payload = StreamBytes()
            payload.be64(0x20_0000 | 0x1000)
            payload.be64(4096)
            stream.command(3, payload.bytes)
            stream.start(2, "ram", version: 4) {
                $0.ramBlocks([("huge", 0x20_0000), ("pc.bios", 4096)]) { stream, index in
                    if index == 0 { stream.be64(0x20_0000) }
                }
                $0.ramEnd()
            }
            stream.end(2) {
                for page in 0..<512 as Range<UInt64> { $0.zero(page * 4096, page == 0 ? "huge" : nil) }
                $0.zero(0, "pc.bios")
                $0.ramEnd()
            }
            stream.eof(devices: [])
        }
        let (stream, _) = try read(bytes)
        #expect(stream.findings.map(\.line) == [])
        #expect(stream.blocks.map(\.pageSize) == [0x20_0000, nil])
        #expect(stream.blocks.map(\.size) == [0x20_0000, 4096])
    }

    /// A guest physical address that is a power of two is no page size, and the other way round.
    @Test(arguments: [true, false])
    func addressesOfIgnoredBlocksAreRead(_ isAdvised: Bool) throws {
        let addresses: [UInt64] = [0, 0x8000_0000, 0x1_0000_0000, 0xfffc_0000]
        let bytes = StreamBytes.headed { stream in
            stream.byte(0x05)
            stream.string("configuration/capabilities")
            stream.be32(1)
            stream.be32(1)
            stream.string("x-ignore-shared")
            if isAdvised {
                var payload = StreamBytes()
                payload.be64(0x20_0000 | 0x1000)
                payload.be64(4096)
                stream.command(3, payload.bytes)
            }
            stream.start(2, "ram", version: 4) {
                $0.ramBlocks(addresses.indices.map { ("b\($0)", 0x20_0000) }) { stream, index in
                    if isAdvised, index == 1 { stream.be64(0x20_0000) }
                    stream.be64(addresses[index])
                }
                $0.ramEnd()
            }
            stream.end(2) { $0.ramEnd() }
            stream.eof(devices: [])
        }
        let (stream, _) = try read(bytes)
        #expect(stream.findings.map(\.line) == [])
        #expect(stream.blocks.map(\.address) == addresses)
        #expect(stream.blocks.map(\.pageSize) == [nil, isAdvised ? 0x20_0000 : nil, nil, nil])
        #expect(stream.configuration?.capabilities == ["x-ignore-shared"])
    }
}
