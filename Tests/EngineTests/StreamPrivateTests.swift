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
                #"{"devices":[],"blocks":0,"zero_blocks":0}"#,
                #"{"devices":[{"name":"ide0-hd0","blocks":2,"zero_blocks":1}],"blocks":2,"zero_blocks":1,"progress":50}"#,
                #"{"devices":[],"blocks":0,"zero_blocks":0,"progress":100}"#,
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

    @Test func disksAreListedOnceForEachSection() throws {
        let bytes = StreamBytes.headed { stream in
            stream.start(1, "block") {
                for name in 0..<(1 << 14) {
                    $0.be64(0x09)
                    $0.string("d\(name)")
                }
                $0.be64(0x02)
            }
            stream.end(1) {
                $0.be64(2048 << 9 | 0x09)
                $0.string("d7")
                $0.be64(0x02)
            }
            stream.eof(devices: [])
        }
        let all = try contents(bytes)
        #expect(all[0].hasSuffix(#"{"name":"d16383","blocks":1,"zero_blocks":1}],"blocks":16384,"zero_blocks":16384}"#))
        // The list has no room for more; the sums have.
        #expect(all[1] == #"{"devices":[],"blocks":1,"zero_blocks":1}"#)
    }

    @Test func thereAreNotMoreDisksThanTheLimit() throws {
        let bytes = StreamBytes.headed { stream in
            stream.start(1, "block") {
                for name in 0..<(1 << 14) + 1 {
                    $0.expect()
                    $0.be64(0x09)
                    $0.string("d\(name)")
                }
                $0.be64(0x02)
            }
            stream.end(1) { $0.be64(0x02) }
            stream.eof(devices: [])
        }
        let findings = try MigrationStream.findings(in: bytes.bytes)
        #expect(findings.map(\.rule.description) == ["VMST030"])
        #expect(findings.first?.offset == bytes.mark)
    }

    // MARK: Disks that differ

    private static func disk(_ records: [(sector: UInt64, fill: UInt8?)], name: String = "d0") -> [UInt8] {
        StreamBytes.headed { stream in
            stream.start(1, "block") { $0.be64(0x02) }
            stream.end(1) {
                for (sector, fill) in records {
                    $0.be64(sector << 9 | (fill == nil ? 0x09 : 0x01))
                    $0.string(name)
                    if let fill { $0.bytes += Array(repeating: fill, count: 1 << 20) }
                }
                $0.be64(0x02)
            }
            stream.eof(devices: [])
        }.bytes
    }

    private func lines(_ a: [UInt8], _ b: [UInt8], contents: Bool = true, limits: Limits = .default) throws -> [String]
    {
        let result = try StreamRequest(limits: limits)
            .differences(BytesSource(a), BytesSource(b), comparesContents: contents)
        return String(decoding: try result.text(), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func contentsOfDisksAreComparedWhereThatIsWanted() throws {
        // What comes last counts.
        let a = Self.disk([(0, 1), (2048, 2), (4096, 3), (0, 4)])
        let b = Self.disk([(0, 5), (2048, 6), (0, 4), (4096, 7)])
        #expect(try lines(a, b) == ["block[0] /d0: 2 blocks differ, the first at 0x100000"])
        #expect(try lines(a, a) == [])
        #expect(try lines(a, b, contents: false) == ["note: the contents of disks were not compared"])
        let difference = try #require(
            StreamRequest().differences(BytesSource(a), BytesSource(b), comparesContents: true).differences.first
        )
        #expect(difference.kind == .diskContent && difference.ranges == [1 << 20..<3 << 20])
    }

    @Test func disksAndTheirBlocksAreCompared() throws {
        let a = Self.disk([(0, 1), (2048, nil)])
        #expect(
            try lines(a, Self.disk([(0, 1), (2048, 2), (4096, nil), (6144, nil)])) == [
                "block[0] /d0/blocks: 2 -> 4", "block[0] /d0/zero_blocks: 1 -> 2",
                "block[0] /d0: 3 blocks differ, the first at 0x100000",
            ]
        )
        #expect(
            try lines(a, Self.disk([(0, 1), (2048, nil)], name: "d1")) == [
                "block[0] /d0: only in A", "block[0] /d1: only in B",
            ]
        )
    }

    @Test func hashesOfDisksHaveALimit() throws {
        var limits = Limits.default
        limits.pageHashBytes = 64
        let disk = Self.disk([(0, nil), (2048, nil), (4096, nil)])
        #expect(
            try lines(disk, disk, limits: limits) == [
                #"note: disk "d0" has more blocks than are kept hashes of: contents were not compared"#
            ]
        )
    }

    @Test(arguments: [(2047, "no multiple of 2048"), (1 << 54, "behind the end of any disk")] as [(UInt64, String)])
    func aSectorThatIsWrongIsFound(_ sector: UInt64, _ message: String) throws {
        let findings = try MigrationStream.findings(in: Self.disk([(0, nil), (sector, nil)]))
        let finding = try #require(findings.first { $0.rule.description == "VMST030" })
        #expect(findings.count == 1 && finding.severity == .error && finding.section == "block")
        #expect(finding.message.contains(message), "\(finding.line)")
        // Nor do places that are no bytes trouble a comparison.
        _ = try lines(Self.disk([(sector, nil)]), Self.disk([(sector, 1)]))
    }

    // MARK: Versions

    @Test(
        arguments: [
            ("dirty-bitmap", 1), ("block", 1), ("spapr/htab", 1), ("s390-storage_attributes", 0),
            ("0000:00:05.0/vfio", 1),
        ] as [(String, UInt32)]
    )
    func aPrivateFormatHasOneVersion(_ name: String, _ version: UInt32) throws {
        for found in [0, 1, 2, 129, UInt32.max] {
            let stream = StreamBytes.headed { stream in
                stream.expect()
                let ends: [UInt8]
                switch name {
                case "dirty-bitmap": ends = [1]
                case "block": ends = [0, 0, 0, 0, 0, 0, 0, 2]
                case "spapr/htab": ends = [0xff, 0xff, 0xff, 0xff]
                case "s390-storage_attributes": ends = [0, 0, 0, 0, 0, 0, 0, 1]
                default: ends = [0xff, 0xff, 0xff, 0xff, 0xef, 0x10, 0, 1]
                }
                stream.start(5, name, version: found) { $0.bytes += ends }
                stream.end(5) { $0.bytes += ends }
                stream.eof(devices: [])
            }
            let findings = try MigrationStream.findings(in: stream.bytes)
            guard found != version else {
                #expect(findings.map(\.line) == [])
                continue
            }
            #expect(findings.map(\.rule.description) == ["VMST029"])
            #expect(findings.first?.offset == stream.mark && findings.first?.severity == .error)
            #expect(findings.first?.section == name)
        }
    }

    private static func device(_ name: String, _ size: Int) -> String {
        #"{"name": "\#(name)", "instance_id": 0, "size": \#(size), "fields": "#
            + #"[{"name": "data", "size": \#(size), "type": "buffer"}]}"#
    }

    @Test(arguments: [("s390-skeys", [0, 0, 0, 0, 0, 0, 0, 1]), ("todclock", [0])] as [(String, [UInt8])])
    func soHasADeviceOfTheOldStyle(_ name: String, _ payload: [UInt8]) throws {
        for version: UInt32 in 0...2 {
            let stream = StreamBytes.headed { stream in
                stream.expect()
                stream.section(4, 5, name, version: version) { $0.bytes += payload }
                stream.eof(devices: [Self.device(name, payload.count)])
            }
            let findings = try MigrationStream.findings(in: stream.bytes)
            #expect(findings.map(\.rule.description) == (version == 1 ? [] : ["VMST029"]))
            #expect(version == 1 || findings.first?.offset == stream.mark)
        }
    }

    private static let keys: [UInt8] =
        [0, 0, 0, 0, 0, 0, 0x10, 2, 0, 0, 0, 0, 0, 0, 0, 3, 7, 8, 9, 0, 0, 0, 0, 0, 0, 0, 1]
    private static let clock: [UInt8] = [1, 0, 1, 2, 3, 4, 5, 6, 7, 8]

    /// Without a vmdesc, and without footers, their formats say where they end.
    @Test(arguments: [true, false]) func theLengthOfStorageKeysAndTheClockIsTheirOwn(_ hasFooters: Bool) throws {
        var stream = StreamBytes.headed(by: "s390-ccw-virtio-2.10")
        stream.hasFooters = hasFooters
        stream.full(5, "s390-skeys", Self.keys)
        stream.full(6, "todclock", Self.clock)
        stream.full(7, "todclock", instance: 1, [0])
        stream.eof()
        for source in [BytesSource(stream.bytes), PipeSource(stream.bytes, chunk: 5)] as [any StreamSource] {
            let read = try MigrationStream(reading: source)
            #expect(read.sections.map { Array(stream.bytes[$0.payload]) } == [Self.keys, Self.clock, [0]])
            #expect(read.findings.filter { $0.severity == .error }.map(\.line) == [])
        }
    }

    /// What their loaders refuse is found, whether a vmdesc gives their length or not.
    @Test(arguments: [true, false]) func storageKeysAndTheClockAreChecked(_ isDescribed: Bool) throws {
        func findings(_ name: String, _ payload: [UInt8]) throws -> [String] {
            let stream = StreamBytes.headed {
                $0.full(5, name, payload)
                if isDescribed { $0.eof(devices: [Self.device(name, payload.count)]) } else { $0.eof() }
            }
            let start = 8 + 5 + 13 + 5 + 1 + name.utf8.count + 8
            return try MigrationStream(reading: BytesSource(stream.bytes)).findings
                .filter { $0.rule.description == "VMST030" }
                .map { "\(($0.offset ?? 0) - start) \($0.section ?? "-")" }
        }
        #expect(try findings("s390-skeys", Self.keys) == [])
        #expect(try findings("todclock", Self.clock) == [])
        #expect(try findings("todclock", [0]) == [])
        #expect(try findings("todclock", [2]) == ["0 todclock"])
        #expect(try findings("todclock", [1, 2]) == ["0 todclock"])
        #expect(try findings("todclock", [0, 0]) == ["0 todclock"])
        // The mark of an error, unknown flags, a number of keys that are not there, no end, and bytes behind it.
        let keys = Self.keys
        #expect(try findings("s390-skeys", keys.dropLast() + [4]) == ["19 s390-skeys"])
        #expect(try findings("s390-skeys", keys.dropLast() + [8]) == ["19 s390-skeys"])
        #expect(try findings("s390-skeys", Array(keys.dropLast(8))) == ["19 s390-skeys"])
        #expect(try findings("s390-skeys", keys[..<15] + [200] + keys[16...]) == ["216 s390-skeys"])
        #expect(try findings("s390-skeys", keys[..<8] + [1] + keys[9...]) == ["8 s390-skeys"])
        #expect(try findings("s390-skeys", keys + [0]) == ["0 s390-skeys"])
        #expect(try findings("s390-skeys", [0, 0, 0]) == ["0 s390-skeys"])
    }

    /// There is room for 2^14 bitmaps and as many disks; the next one ends the reading of its section, with its place.
    @Test(arguments: ["dirty-bitmap", "block"]) func bitmapsAndDisksHaveALimit(_ name: String) throws {
        for more in [0, 1] {
            let stream = StreamBytes.headed { stream in
                stream.start(5, name) { $0.bytes += name == "block" ? [0, 0, 0, 0, 0, 0, 0, 2] : [1] }
                stream.part(5) { part in
                    for number in 0..<(1 << 14) + more {
                        part.expect()
                        if name == "block" {
                            part.be64(0x09)
                            part.string("disk\(number)")
                        } else {
                            part.byte(0x1c)
                            part.string("node")
                            part.string("bitmap\(number)")
                            part.be32(65536)
                            part.byte(1)
                        }
                    }
                    part.bytes += name == "block" ? [0, 0, 0, 0, 0, 0, 0, 2] : [1]
                }
                stream.end(5) { $0.bytes += name == "block" ? [0, 0, 0, 0, 0, 0, 0, 2] : [1] }
                stream.eof(devices: [])
            }
            let errors = try MigrationStream.findings(in: stream.bytes).filter { $0.message.contains("at most 16384") }
            #expect(errors.map(\.offset) == (more == 0 ? [] : [stream.mark]))
            #expect(errors.allSatisfy { $0.rule.description == "VMST030" && $0.section == name })
        }
    }
}
