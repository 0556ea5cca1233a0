// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// `ram-format.md` section 7: pages at fixed places of the file.
@Suite struct StreamMappedRAMTests {
    /// A mapped block: its pages that are not zero, and what each is filled with.
    private struct Block {
        let name: String
        let pages: Int
        var filled: [Int: UInt8] = [:]
        /// Whether the destination has it already: no bitmap and no pages.
        var isIgnored = false
    }

    /// A file with so many bytes before the stream, whose bitmaps are in the byte order of the writer.
    private func file(
        _ blocks: [Block],
        base: Int = 0,
        isBigEndian: Bool = false,
        isIgnoring: Bool = false,
        pageSize: Int = 4096,
        early: [UInt8] = []
    ) -> StreamBytes {
        StreamBytes.headed { stream in
            stream.byte(0x05)
            stream.string("configuration/capabilities")
            stream.be32(1)
            stream.be32(isIgnoring ? 2 : 1)
            if isIgnoring { stream.string("x-ignore-shared") }
            stream.string("mapped-ram")
            if !early.isEmpty { stream.full(7, "early", early) }
            stream.start(2, "ram", version: 4) {
                let sizes = blocks.map { ($0.name, UInt64($0.pages * pageSize)) }
                $0.ramBlocks(sizes) { stream, index in
                    if isIgnoring { stream.be64(0x1234_5000) }
                    Self.map(blocks[index], &stream, base, isBigEndian, pageSize)
                }
                $0.ramEnd()
            }
            stream.part(2) { $0.ramEnd() }
            stream.end(2) { $0.ramEnd() }
            stream.eof(pageSize: pageSize, devices: [])
        }
    }

    private static func map(
        _ block: Block,
        _ stream: inout StreamBytes,
        _ base: Int,
        _ isBigEndian: Bool,
        _ pageSize: Int
    ) {
        stream.be32(1)
        stream.be64(UInt64(pageSize))
        guard !block.isIgnored else {
            stream.be64(0)
            stream.be64(0)
            return
        }
        let bitmap = base + stream.bytes.count + 16
        let words = (block.pages + 63) / 64
        let pages = (bitmap + words * 8 + (1 << 20) - 1) / (1 << 20) * (1 << 20)
        stream.be64(UInt64(bitmap))
        stream.be64(UInt64(pages))
        for word in 0..<words {
            var bits: UInt64 = 0
            for page in block.filled.keys where page / 64 == word { bits |= 1 << UInt64(page % 64) }
            stream.be64(isBigEndian ? bits : bits.byteSwapped)
        }
        // What lies between is not defined.
        stream.bytes += Array(repeating: 0xee, count: pages - base - stream.bytes.count)
        for page in 0..<block.pages { stream.bytes += Array(repeating: block.filled[page] ?? 0, count: pageSize) }
    }

    private func check(_ stream: StreamBytes, _ blocks: [Block], isPiped: Bool = true, pageSize: Int = 4096) throws {
        for source in [BytesSource(stream.bytes)] as [any StreamSource] + (isPiped ? [PipeSource(stream.bytes)] : []) {
            let store = PageStore()
            var options = MigrationStream.ReadOptions()
            options.pages = store
            let read = try MigrationStream(reading: source, options)
            #expect(read.findings.map(\.line) == [])
            #expect(store.names == blocks.map(\.name))
            for (block, own) in zip(blocks, read.blocks) {
                var expected: [UInt8] = []
                for page in 0..<block.pages { expected += Array(repeating: block.filled[page] ?? 0, count: pageSize) }
                #expect(store.memory[block.name] == expected, "\(block.name)")
                #expect(own.counts.normal == block.filled.count)
                #expect(own.counts.zero == (block.isIgnored ? 0 : block.pages - block.filled.count))
                #expect((own.mapping == nil) == block.isIgnored)
            }
        }
    }

    private let some = [
        Block(name: "pc.ram", pages: 70, filled: [0: 1, 9: 2, 63: 3, 64: 4, 69: 5]),
        Block(name: "pc.bios", pages: 3, filled: [1: 7]), Block(name: "empty", pages: 5),
    ]

    @Test(arguments: zip([false, true, true], [12345, 0, 4096]))
    func pagesAreWhereTheHeaderSays(_ isBigEndian: Bool, _ base: Int) throws {
        try check(file(some, base: base, isBigEndian: isBigEndian), some)
    }

    private func edited(
        _ bytes: [UInt8],
        _ patch: String,
        _ request: StreamRequest = StreamRequest(),
        at place: Int
    ) throws -> [UInt8] {
        let source = BytesSource(bytes)
        let patch = try JSONPatch(JSONDocument(parsing: Array(patch.utf8)).root)
        let pieces = try request.pieces(patching: request.read(source), with: [patch], size: bytes.count, at: place)
        var result: [UInt8] = []
        try pieces.write(from: source) { (piece) throws(VMStateError) in result += piece }
        return result
    }

    /// What lies in the gaps is not defined.
    private func withoutGaps(_ bytes: [UInt8]) -> [UInt8] { bytes.map { $0 == 0xee ? 0 : $0 } }

    /// The offsets are those of the file that the result is going to be in.
    @Test(arguments: [0, 4096, 12345, 1 << 20])
    func anEditMovesTheOffsets(_ place: Int) throws {
        let before = file(some, base: 12345).bytes
        let after = try edited(before, "[]", at: place)
        #expect((before == after) == (place == 12345))
        #expect(withoutGaps(after) == withoutGaps(file(some, base: place).bytes))
        let store = PageStore()
        var options = MigrationStream.ReadOptions()
        options.pages = store
        options.fileOffset = place
        let read = try MigrationStream(reading: BytesSource(after), options)
        #expect(read.findings.map(\.line) == [])
        #expect(read.fileOffset == place)
        #expect(store.memory["pc.ram"]?[9 * 4096] == 2 && store.memory["pc.bios"]?[4096] == 7)
    }

    @Test func aStreamInAnotherPlaceIsFound() throws {
        let bytes = file(some, base: 4096).bytes
        var options = MigrationStream.ReadOptions()
        #expect(try MigrationStream(reading: BytesSource(bytes), options).findings.isEmpty)
        options.fileOffset = 0
        let finding = try #require(try MigrationStream(reading: BytesSource(bytes), options).findings.first)
        #expect(finding.rule.description == "VMST027" && finding.severity == .error)
        let name = Array("\u{6}pc.ram".utf8)
        let start = try #require(bytes.indices.first { bytes[$0...].starts(with: name) }) + name.count + 8
        #expect(finding.offset == start + 12)
    }

    /// What grows before the pages moves bitmaps, and pages where the gap is too short for it.
    @Test(arguments: [4, 1 << 19, 1 << 20])
    func sectionsBeforeThePagesMayGrow(_ count: Int) throws {
        let vmsds = #"""
            {"vmsds": {"early": {"name": "early", "version_id": 1, "fields": [{"name": "n", "info": "uint32"},
             {"name": "a", "info": "uint8", "flags": ["VMS_VARRAY_UINT32"], "num_offset": "n"}]}}}
            """#
        let request = try StreamRequest(JSONDocument(parsing: Array(vmsds.utf8)).root)
        let bytes = file(some, early: [0, 0, 0, 1, 5]).bytes
        let values = [String](repeating: "6", count: count).joined(separator: ",")
        let patch = #"[{"op": "replace", "path": "/sections/0/state", "value": {"n": \#(count), "a": [\#(values)]}}]"#
        let after = try edited(bytes, patch, request, at: 0)
        let size = (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
        let expected = file(some, early: size + [UInt8](repeating: 6, count: count)).bytes
        #expect(withoutGaps(after) == withoutGaps(expected))
    }

    /// 64 pages leave no bit over that would tell the byte order: what is zero in the file tells it.
    @Test(arguments: [false, true])
    func theByteOrderOfWholeWordsIsThatOfThePages(_ isBigEndian: Bool) throws {
        let blocks = [Block(name: "pc.ram", pages: 64, filled: [0: 1, 1: 2, 17: 3])]
        try check(file(blocks, isBigEndian: isBigEndian), blocks, isPiped: !isBigEndian)
    }

    @Test func pagesHaveTheSizeOfTheTarget() throws {
        let blocks = [Block(name: "ram", pages: 66, filled: [0: 1, 65: 2])]
        try check(file(blocks, pageSize: 16384), blocks, pageSize: 16384)
    }

    @Test func anIgnoredBlockHasNothing() throws {
        let blocks = [
            Block(name: "mem", pages: 512, isIgnored: true), Block(name: "pc.bios", pages: 2, filled: [0: 9]),
        ]
        try check(file(blocks, isIgnoring: true), blocks)
    }

    /// Each number of the header, wrong: the offset of what is found is in the header or at what it points to.
    @Test(arguments: [(3, 2), (11, 1), (10, 0xf0), (19, 1), (12, 0x80), (27, 1), (20, 0x80), (25, 0x10)])
    func aWrongHeaderIsFound(_ at: Int, _ mask: UInt8) throws {
        let blocks = [Block(name: "pc.ram", pages: 3, filled: [0: 1]), Block(name: "pc.bios", pages: 1)]
        let good = file(blocks).bytes
        // The header of the first block is behind its name and length.
        let name = Array("\u{6}pc.ram".utf8)
        let start = try #require(good.indices.first { Array(good[$0...].prefix(name.count)) == name }) + name.count + 8
        var bytes = good
        bytes[start + at] ^= mask
        let findings = try MigrationStream.findings(in: bytes)
        let own = try #require(findings.first { $0.severity == .error }, "byte \(at)")
        #expect(own.section == "ram")
        #expect((own.offset ?? 0) >= start)
    }

    @Test(arguments: [0x02, 0x08, 0x40, 0x100, 0x200] as [UInt64])
    func otherRecordsAreRefused(_ flag: UInt64) throws {
        var place = 0
        let bytes = StreamBytes.headed { stream in
            stream.byte(0x05)
            stream.string("configuration/capabilities")
            stream.be32(1)
            stream.be32(1)
            stream.string("mapped-ram")
            stream.start(2, "ram", version: 4) {
                $0.be64(0x04)
                place = $0.bytes.count
                $0.be64(flag)
                $0.ramEnd()
            }
            stream.end(2) { $0.ramEnd() }
            stream.eof(devices: [])
        }
        let findings = try MigrationStream.findings(in: bytes.bytes)
        #expect(findings.contains { $0.rule.description == "VMST020" && $0.offset == place })
    }
}
