// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Engine

/// Hashes of the pages of guest memory.
@Suite struct RAMPageHashesTests {
    // The test vectors that go with the algorithm's description, and values of its reference implementation.
    @Test(arguments: [
        ("", 0xef46_db37_51d8_e999 as UInt64), ("a", 0xd24e_c4f1_a98c_6e5b), ("abc", 0x44bc_2cf5_ad77_0999),
        ("Nobody inspects the spammish repetition", 0xfbce_a83c_8a37_8bf1),
    ])
    func theHashIsXXH64(_ text: String, _ expected: UInt64) {
        #expect(XXHash64.hash(Array(text.utf8)[...]) == expected)
    }

    @Test func aSliceHasTheHashOfItsBytes() {
        let bytes = (0..<100).map { UInt8($0) }
        #expect(XXHash64.hash(bytes[3..<90]) == XXHash64.hash(Array(bytes[3..<90])[...]))
    }

    private let page = RAMStream.page
    private func hashes(_ bytes: [UInt8], limits: Limits = .default) throws -> RAMPageHashes {
        try RAMStream.read(bytes, limits: limits).1
    }

    @Test(arguments: [0, 0xa5] as [UInt8])
    func aPageIsTheSameWhateverRecordHasIt(_ byte: UInt8) throws {
        let filled = try hashes(RAMStream.bytes([.fill(byte, page: 1)]))
        let normal = try hashes(RAMStream.bytes([.normal(page(byte), page: 1)]))
        #expect(filled.blocks[0].hashes[1] == normal.blocks[0].hashes[1])
        #expect(filled.blocks[0].hashes[1] > RAMPageHashes.unknown)
        #expect(filled.blocks[0].hashes[0] == RAMPageHashes.absent)
    }

    @Test func theLastContentCounts() throws {
        let first = try hashes(RAMStream.bytes([.normal(page(1), page: 0), .normal(page(2), page: 0)]))
        let second = try hashes(RAMStream.bytes([.normal(page(2), page: 0)]))
        #expect(first.blocks[0].hashes == second.blocks[0].hashes)
    }

    @Test func aDifferenceNeedsASecondReading() throws {
        // Three unchanged bytes, then two new ones.
        let delta = RAMStream.Record.delta([3, 2, 0x11, 0x22], page: 1)
        let bytes = RAMStream.bytes([.normal(page(7), page: 1), .fill(0, page: 0), delta])
        var changed = page(7)
        changed[3] = 0x11
        changed[4] = 0x22
        let expected = try hashes(RAMStream.bytes([.normal(changed, page: 1), .fill(0, page: 0)]))
        let once = try hashes(bytes)
        #expect(once.blocks[0].hashes[1] == RAMPageHashes.unknown)
        #expect(once.needsSecondReading)
        once.beginSecondReading()
        _ = try RAMStream.read(bytes, into: once)
        #expect(!once.needsSecondReading)
        #expect(once.blocks[0].hashes == expected.blocks[0].hashes)
    }

    @Test func aPageThatComesAsAWholeAfterADifferenceNeedsNone() throws {
        let delta = RAMStream.Record.delta([3, 2, 0x11, 0x22], page: 1)
        let once = try hashes(RAMStream.bytes([.normal(page(7), page: 1), delta, .normal(page(9), page: 1)]))
        let plain = try hashes(RAMStream.bytes([.normal(page(9), page: 1)]))
        #expect(!once.needsSecondReading)
        #expect(once.blocks[0].hashes == plain.blocks[0].hashes)
    }

    @Test func beyondTheLimitNothingIsKept() throws {
        var limits = Limits()
        limits.pageHashBytes = 8
        let hashes = try hashes(RAMStream.bytes([.fill(0, page: 0)]), limits: limits)
        #expect(hashes.blocks[0].hashes.isEmpty && hashes.blocks[0].gap != nil && !hashes.wants(block: 0))
    }
}

/// Streams with one block of two pages.
enum RAMStream {
    enum Record {
        case fill(UInt8, page: Int)
        case normal([UInt8], page: Int)
        case delta([UInt8], page: Int)
    }

    static func page(_ byte: UInt8) -> [UInt8] { Array(repeating: byte, count: 4096) }

    static func read(
        _ bytes: [UInt8],
        limits: Limits = .default,
        into hashes: RAMPageHashes? = nil
    ) throws -> (MigrationStream, RAMPageHashes) {
        let hashes = hashes ?? RAMPageHashes(limits: limits)
        var options = MigrationStream.ReadOptions()
        options.pages = hashes
        return (try MigrationStream(reading: BytesSource(bytes), options), hashes)
    }

    static func bytes(_ records: [Record]) -> [UInt8] {
        func big(_ value: Int, _ width: Int) -> [UInt8] {
            (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }
        let name = Array("pc.ram".utf8)
        let footer: [UInt8] = [0x7e] + big(1, 4)
        var stream = Array("QEVM".utf8) + big(3, 4)
        stream += [0x07] + big(4, 4) + Array("none".utf8)
        stream += [0x01] + big(1, 4) + [3] + Array("ram".utf8) + big(0, 4) + big(4, 4)
        stream += big(8192 | 0x04, 8) + [6] + name + big(8192, 8) + big(0x10, 8) + footer
        stream += [0x03] + big(1, 4)
        for record in records {
            switch record {
            case .fill(let byte, let page): stream += big(page * 4096 | 0x02, 8) + [6] + name + [byte]
            case .normal(let content, let page): stream += big(page * 4096 | 0x08, 8) + [6] + name + content
            case .delta(let delta, let page):
                stream += big(page * 4096 | 0x40, 8) + [6] + name + [1] + big(delta.count, 2) + delta
            }
        }
        stream += big(0x10, 8) + footer + [0x00]
        let vmdesc = Array(#"{"page_size": 4096, "devices": []}"#.utf8)
        return stream + [0x06] + big(vmdesc.count, 4) + vmdesc
    }
}
