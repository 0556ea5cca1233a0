// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Sections whose format is their own: `stream-format.md` section 8.
@Suite struct StreamPrivateTests {
    private func contents(_ stream: StreamBytes) throws -> [String] {
        let file = try MigrationStream(reading: BytesSource(stream.bytes))
        let pipe = try MigrationStream(reading: PipeSource(stream.bytes, chunk: 4099))
        #expect(file.findings.map(\.line) == [])
        #expect(pipe.outline == file.outline)
        let document = try JSONDocument(parsing: StreamDocument(file).json().text).root
        return try #require(document["sections"]?.elements).map { section in
            section["content"].map { String(decoding: $0.json(), as: UTF8.self) } ?? "-"
        }
    }

    @Test func dirtyBitmapsAreReadInChunks() throws {
        let bytes = StreamBytes.headed { stream in
            stream.start(3, "dirty-bitmap") {
                // START with both names: granularity of four bytes, flags.
                $0.byte(0x1c)
                $0.string("disk")
                $0.string("bitmap0")
                $0.be32(65536)
                $0.byte(0x03)
                $0.byte(0x14)
                $0.string("second")
                $0.be32(512)
                $0.byte(0x01)
                $0.byte(0x01)
            }
            stream.part(3) {
                // The names are those of the chunk before.
                $0.byte(0x40)
                $0.be64(0)
                $0.be32(1 << 20)
                $0.be64(32)
                $0.bytes += Array(repeating: 0xff, count: 32)
                // Zeros have no bytes.
                $0.byte(0x42)
                $0.be64(1 << 20)
                $0.be32(77)
                $0.byte(0x01)
            }
            stream.end(3) {
                $0.byte(0x2c)
                $0.string("disk")
                $0.string("bitmap0")
                $0.byte(0x01)
            }
            stream.eof(devices: [])
        }
        #expect(
            try contents(bytes) == [
                #"{"names":["disk","bitmap0","second"],"chunks":0,"bytes":0}"#, #"{"names":[],"chunks":2,"bytes":32}"#,
                #"{"names":["disk","bitmap0"],"chunks":0,"bytes":0}"#,
            ]
        )
    }

    @Test func blockDevicesAreReadInMegabytes() throws {
        let bytes = StreamBytes.headed { stream in
            stream.start(1, "block") { $0.be64(0x02) }
            stream.part(1) {
                $0.be64(0 << 9 | 0x01)
                $0.string("ide0-hd0")
                $0.bytes += Array(repeating: 0x02, count: 1 << 20)
                $0.be64(2048 << 9 | 0x09)
                $0.string("ide0-hd0")
                $0.be64(50 << 9 | 0x04)
                $0.be64(0x02)
            }
            stream.end(1) {
                $0.be64(100 << 9 | 0x04)
                $0.be64(0x02)
            }
            stream.eof(devices: [])
        }
        #expect(
            try contents(bytes) == [
                #"{"devices":[],"blocks":0}"#, #"{"devices":["ide0-hd0"],"blocks":2}"#, #"{"devices":[],"blocks":0}"#,
            ]
        )
    }

    @Test func aHashTableIsReadInChunks() throws {
        let bytes = StreamBytes.headed { stream in
            stream.start(1, "spapr/htab") { $0.be32(24) }
            stream.part(1) {
                $0.be32(0)
                $0.be32(0)
                $0.be16(2)
                $0.be16(9)
                $0.bytes += Array(repeating: 0x7e, count: 32)
                $0.be32(100)
                $0.be16(0)
                $0.be16(5)
                $0.bytes += Array(repeating: 0, count: 8)
            }
            stream.end(1) { $0.be32(.max) }
            stream.start(2, "spapr/htab") { $0.be32(.max) }
            stream.end(2) {
                $0.be32(0)
                $0.bytes += Array(repeating: 0, count: 8)
            }
            stream.eof(devices: [])
        }
        // The second table is one too many, which is another matter.
        let stream = try MigrationStream(reading: BytesSource(bytes.bytes))
        #expect(stream.findings.map(\.rule.description) == ["VMST018"])
        let sections = try JSONDocument(parsing: StreamDocument(stream).json().text).root["sections"]?.elements ?? []
        #expect(sections.map { $0["content"]?["shift"]?.int } == [24, nil, nil, -1, nil])
        #expect(sections.map { $0["content"]?["entries"]?.int } == [nil, 2, nil, nil, 0])
    }

    @Test func storageAttributesAreRead() throws {
        let bytes = StreamBytes.headed { stream in
            stream.start(1, "s390-storage_attributes", version: 0) { $0.be64(0x01) }
            stream.part(1) {
                $0.be64(0x5000 | 0x02)
                $0.be64(3)
                $0.bytes += [1, 2, 3]
                $0.be64(0x01)
            }
            stream.end(1) {
                $0.be64(0x08)
                $0.be64(0x01)
            }
            stream.eof(devices: [])
        }
        #expect(try contents(bytes) == [#"{"values":0}"#, #"{"values":3}"#, #"{"values":0}"#])
    }

    @Test func vfioHasSectionsOfBothKinds() throws {
        let tag = { (number: UInt64) in 0xffff_ffff_ef10_0000 | number }
        let bytes = StreamBytes.headed { stream in
            stream.start(9, "0000:00:05.0/vfio") {
                $0.be64(tag(3))
                $0.be64(tag(1))
            }
            stream.part(9) {
                $0.be64(tag(4))
                $0.be64(5)
                $0.bytes += [0x7e, 0, 0, 0, 9]
                $0.be64(tag(4))
                $0.be64(0)
                $0.be64(tag(1))
            }
            stream.part(9) { $0.be64(tag(5)) }
            stream.end(9) { $0.be64(tag(1)) }
            var config = StreamBytes()
            config.be64(tag(2))
            config.bytes += [1, 2, 3]
            config.be64(tag(1))
            stream.full(9, "0000:00:05.0/vfio", config.bytes)
            stream.eof(devices: [
                #"{"name": "0000:00:05.0/vfio", "instance_id": 0, "size": 19, "fields": "#
                    + #"[{"name": "data", "size": 19, "type": "buffer"}]}"#
            ])
        }
        #expect(try contents(bytes) == [#"{"bytes":0}"#, #"{"bytes":5}"#, #"{"bytes":0}"#, #"{"bytes":0}"#, "-"])
    }

    @Test func anIterativeSectionOfAnUnknownFormatEndsAtItsFooter() throws {
        let bytes = StreamBytes.headed { stream in
            stream.start(9, "cmm") { $0.bytes += [1, 2, 3] }
            stream.part(9) { $0.bytes += [0x7e, 0, 0, 0, 9, 0x99] }
            stream.end(9)
            stream.full(3, "timer", [0, 0, 0, 7])
            stream.eof(devices: [StreamRuleTests.timer])
        }
        let stream = try MigrationStream(reading: BytesSource(bytes.bytes))
        #expect(stream.findings.map(\.rule.description) == ["VMST017"])
        #expect(stream.findings[0].severity == .warning)
        #expect(stream.sections.map(\.payload.count) == [3, 6, 0, 4])
    }

    @Test func manyNamesAreNotAllListed() throws {
        let bytes = StreamBytes.headed { stream in
            stream.start(1, "block") {
                for name in 0..<3000 {
                    $0.be64(0x09)
                    $0.string("d\(name)")
                }
                $0.be64(0x02)
            }
            stream.end(1) { $0.be64(0x02) }
            stream.eof(devices: [])
        }
        let content = try #require(try contents(bytes).first)
        #expect(content.hasSuffix(#""blocks":3000}"#))
        #expect(content.utf8.count < 4000)
    }
}
