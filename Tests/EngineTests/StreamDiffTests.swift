// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// What differs between two streams.
@Suite struct StreamDiffTests {
    private static let none = StreamTextTests.none

    private func stream(_ bytes: [UInt8]) throws -> MigrationStream {
        try MigrationStream(reading: BytesSource(bytes))
    }

    private func diff(_ a: [UInt8], _ b: [UInt8], ignoring: [String] = []) throws -> StreamDiffResult {
        var options = StreamDiff.Options()
        options.ignored = DifferenceFilter(ignoring)
        return StreamDiff.compare(try stream(a), try stream(b), options)
    }

    private func lines(_ result: StreamDiffResult) throws -> [String] {
        String(decoding: try result.text(), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    // MARK: Streams

    @Test func aStreamEqualsItself() throws {
        let result = try diff(Self.none, Self.none)
        #expect(result.isEqual && result.sectionsEqual == 3)
        #expect(
            String(decoding: try result.json(), as: UTF8.self)
                == #"{"equal":true,"summary":{"differences":0,"kinds":{},"sections_compared":3,"sections_equal":3,"#
                + #""sections_only_in_a":0,"sections_only_in_b":0,"pages_compared":0,"not_compared":[]},"differences":[]}"#
        )
        #expect(try result.text().isEmpty)
    }

    @Test func fieldsAreNamedWithBothValuesAndPlaces() throws {
        var other = Self.none
        other[0x68] = 7
        other[0x9c] = UInt8(ascii: "R")
        other[0xa0] = UInt8(ascii: "X")
        let result = try diff(Self.none, other)
        #expect(
            try lines(result) == [
                "timer[0] /cpu_ticks_offset: 0 -> 7",
                "globalstate[0] /runstate: 2 of 32 bytes differ, the first at 0x1: "
                    + "72 65 6c 61 75 6e 63 68 … -> 52 65 6c 61 58 6e 63 68 …",
            ]
        )
        let json = String(decoding: try result.json(), as: UTF8.self)
        #expect(
            json.contains(
                #"{"kind":"value","section":"timer","instance_id":0,"path":"/cpu_ticks_offset","type":"int64","#
                    + #""a":0,"b":7,"offset_a":97,"offset_b":97}"#
            )
        )
        #expect(json.contains(#""type":"buffer","a":"7072656c61756e6368000000"#))
        #expect(json.contains(#""offset_a":155,"offset_b":155,"first_difference":1,"differing":2}"#))
        #expect(result.sectionsEqual == 1)
    }

    @Test func everyByteOfAStateThatChangesIsADifferenceThere() throws {
        for offset in Array(0x61..<0x79) + Array(0x97..<0xff) {
            var other = Self.none
            other[offset] ^= 0x80
            let result = try diff(Self.none, other)
            #expect(result.total == 1, "byte \(offset)")
            // Unused bytes are in the state only where one is not zero.
            let place = result.differences.first.flatMap { $0.offsetA ?? $0.offsetB } ?? Int.max
            #expect(place <= offset && result.differences.first?.section == (offset < 0x7e ? "timer" : "globalstate"))
        }
    }

    @Test func versionsMachinesAndCommandsDiffer() throws {
        var other = Self.none
        other[0x0d] = UInt8(ascii: "N")
        other[0x60] = 1
        other.removeSubrange(0x37..<0x3c)
        #expect(
            try Array(lines(diff(Self.none, other)).prefix(3)) == [
                "configuration /machine: \"none\" -> \"None\"",
                "commands /SWITCHOVER_START: only in A: (0 bytes)",
                "timer[0]: version 2 -> 1",
            ]
        )
        #expect(try lines(diff(other, Self.none))[1] == "commands /SWITCHOVER_START: only in B: (0 bytes)")
    }

    @Test func sectionsArePairedByNameAndNotByPlace() throws {
        // "timer" behind "globalstate", as section 9.
        var timer = Array(Self.none[0x4e..<0x7e])
        timer[4] = 9
        timer[timer.count - 1] = 9
        let moved = Array(Self.none[..<0x4e] + Self.none[0x7e..<0x104] + timer + Self.none[0x104...])
        #expect(try diff(Self.none, moved).isEqual)
        let twice = Array(Self.none[..<0x104] + timer + Self.none[0x104...])
        #expect(try lines(diff(Self.none, twice)).first == "timer[0]#1: only in B")
        let result = try diff(twice, Self.none)
        #expect(result.sectionsOnlyInA == 1 && result.differences.map(\.offsetA) == [0x104])
    }

    @Test func aStreamWithErrorsIsSaidToBe() throws {
        let result = try diff(Self.none, Array(Self.none[..<0x70]))
        #expect(result.notes.contains { $0.hasPrefix("stream B has") })
        #expect(result.sectionsOnlyInA == 1)
    }

    // MARK: What is left out

    @Test(arguments: [
        (["timer"], 1), (["/cpu_ticks_offset"], 1), (["timer:/cpu_ticks_offset"], 1),
        (["globalstate:/cpu_ticks_offset"], 2),
        (["type:int64"], 1), (["/**/runstate", "/*"], 0), (["/cpu"], 2), (["timer", "globalstate"], 0),
        (["timer:/**"], 1), (["/cpu_ticks_offset/inner"], 2),
    ])
    func patternsLeaveOut(_ patterns: [String], _ left: Int) throws {
        var other = Self.none
        other[0x68] = 7
        other[0x9c] = UInt8(ascii: "R")
        #expect(try diff(Self.none, other, ignoring: patterns).total == left)
    }

    // MARK: States

    /// A state of one description, from its bytes.
    private func decoded(_ fields: String, _ wire: String, subsections: String = "[]") throws -> VMStateCodec.Decoded {
        let vmsd = """
            {"name":"d","version_id":1,"minimum_version_id":1,"fields":[\(fields)],"subsections":\(subsections)}
            """
        let codec = try VMStateCodec(VMStateDocument(try JSONDocument(parsing: Array(vmsd.utf8)).root, dialect: .next))
        var options = VMStateCodec.DecodeOptions()
        options.recordsOffsets = true
        return try codec.decode(try hexadecimal(wire), options)
    }

    private func stateLines(_ a: VMStateCodec.Decoded, _ b: VMStateCodec.Decoded) throws -> [String] {
        try lines(StreamDiff.compare(a, b, section: "d"))
    }

    private func whole(_ a: [UInt8], _ b: [UInt8], vmsds: String? = nil) throws -> StreamDiffResult {
        let request = try vmsds.map { try StreamRequest(JSONDocument(request: Array($0.utf8)).root) } ?? StreamRequest()
        return try request.differences(BytesSource(a), BytesSource(b))
    }

    /// What is not understood is compared byte by byte, and without the bytes nothing is said to be equal.
    @Test func streamsThatEndInTheMiddleAreCompared() throws {
        let cut = Array(Self.none.prefix(0x90))
        #expect(try whole(cut, cut).isEqual)
        #expect(try !diff(cut, cut).isEqual)
        var other = cut
        other[0x8f] ^= 1
        #expect(try lines(whole(cut, other)).first == "rest: bytes differ from 0x8f on")
        #expect(try !whole(cut, Array(cut.dropLast())).isEqual)
        // Behind the end it is padding.
        #expect(try whole(Self.none, Self.none + [0, 0]).isEqual)
    }

    /// A description that does not fit leaves a payload of unknown length.
    @Test func payloadsThatAreNotKeptAreCompared() throws {
        let bytes = { (value: UInt8) in
            var stream = StreamBytes()
            stream.hasFooters = false
            stream.bytes = [0x51, 0x45, 0x56, 0x4d, 0, 0, 0, 3]
            stream.full(3, "dev", [1, 2, 3, 4, 5, value])
            stream.eof()
            return stream.bytes
        }
        let vmsds = #"{"vmsds": {"dev": {"name": "dev", "version_id": 9, "minimum_version_id": 9, "fields": []}}}"#
        #expect(try whole(bytes(1), bytes(1), vmsds: vmsds).isEqual)
        let result = try whole(bytes(1), bytes(2), vmsds: vmsds)
        #expect(!result.isEqual && result.total > 0)
    }

    @Test func sectionsOfVeryManyValuesAreComparedByByte() throws {
        let count = 300_000
        let stream = { (value: UInt8) in
            StreamBytes.headed {
                $0.full(3, "dev", [UInt8](repeating: 0, count: count - 1) + [value])
                let field = #"{"name": "a", "array_len": \#(count), "type": "uint8", "size": 1}"#
                $0.eof(devices: [StreamBytes.device("dev", field)])
            }.bytes
        }
        let result = try whole(stream(0), stream(1))
        #expect(result.differences.map(\.kind) == [.data])
        #expect(result.differences.first?.first == count - 1)
        #expect(result.notes.contains { $0.contains("too many values") })
        #expect(try whole(stream(1), stream(1)).isEqual)
    }

    @Test func typesAndSizesOfFieldsDiffer() throws {
        let a = try decoded(#"{"name":"x","info":"uint8"},{"name":"y","info":"buffer","size":2}"#, "07aabb")
        let b = try decoded(#"{"name":"x","info":"int16"},{"name":"y","info":"buffer","size":3}"#, "0007aabbcc")
        #expect(
            try stateLines(a, b) == [
                "d /x: type uint8 -> int16",
                "d /y: 1 of 2 and 3 bytes differs, the first at 0x2: (end) -> cc",
            ]
        )
    }

    @Test func fieldsAndSubsectionsOfOneSideAreNamed() throws {
        let subsections =
            #"[{"name":"d/more","version_id":1,"minimum_version_id":1,"needed":"n","fields":[{"name":"z","info":"uint8"}]}]"#
        let a = try decoded(
            #"{"name":"x","info":"uint8"}"#,
            "0705" + "06642f6d6f7265" + "00000001" + "09",
            subsections: subsections
        )
        let b = try decoded(#"{"name":"y","info":"uint8"}"#, "08")
        #expect(
            try stateLines(a, b) == [
                "d /x: only in A: 7", "d /d~1more: subsection only in A: {1 member}", "d /y: only in B: 8",
            ]
        )
    }

    @Test func manyElementsOfAnArrayShareALine() throws {
        let field = #"{"name":"v","info":"uint8","flags":["VMS_ARRAY"],"num":8}"#
        let a = try decoded(field, "0001020304050607")
        let b = try decoded(field, "000a0b0c0d0e0f07")
        let result = StreamDiff.compare(a, b, section: "d")
        #expect(
            try lines(result) == [
                "d /v[1..6]: 6 elements differ: [1] 1 -> 10 (0xa), [2] 2 -> 11 (0xb), [3] 3 -> 12 (0xc), …"
            ]
        )
        // Nothing is lost in JSON.
        #expect(result.differences.map { "\($0.path)" } == (1...6).map { "/v/\($0)" })
        #expect(result.differences.map(\.offsetB) == Array(1...6))
    }

    @Test func arraysOfDifferentLengthsShareWhatTheyHave() throws {
        let a = try decoded(#"{"name":"v","info":"uint8","flags":["VMS_ARRAY"],"num":3}"#, "000102")
        let b = try decoded(#"{"name":"v","info":"uint8","flags":["VMS_ARRAY"],"num":2}"#, "0009")
        #expect(try stateLines(a, b) == ["d /v: elements 3 -> 2", "d /v/1: 1 -> 9", "d /v/2: only in A: 2"])
    }

    @Test func countedDifferencesAreNotAllKept() throws {
        let field = #"{"name":"v","info":"uint8","flags":["VMS_ARRAY"],"num":8}"#
        var limits = Limits()
        limits.differences = 3
        let result = StreamDiff.compare(
            try decoded(field, "0001020304050607"),
            try decoded(field, "08090a0b0c0d0e0f"),
            limits: limits
        )
        #expect(result.total == 8 && result.differences.count == 3 && result.notes.count == 1 && !result.isEqual)
    }

    @Test func bytesThatNoValueShowsAreADifference() throws {
        // Both bytes mean true.
        let vmdesc =
            #"{"page_size": 4096, "devices": [{"name": "d", "instance_id": 0, "vmsd_name": "d", "version": 1, "#
            + #""fields": [{"name": "b", "type": "bool", "size": 1}]}]}"#
        func bytes(_ value: String) throws -> [UInt8] {
            try hexadecimal(
                "5145564d00000003" + "0400000000" + "0164" + "0000000000000001" + value + "7e00000000" + "00"
            )
                + hexadecimal("06000000" + hexadecimal([UInt8(vmdesc.utf8.count)])) + Array(vmdesc.utf8)
        }
        #expect(
            try lines(diff(bytes("01"), bytes("02"))) == ["d[0]: 1 of 1 bytes differs, the first at 0x0: 01 -> 02"]
        )
    }

    // MARK: Guest memory

    private func memory(_ a: [RAMStream.Record], _ b: [RAMStream.Record]) throws -> StreamDiffResult {
        let (first, second) = (try RAMStream.read(RAMStream.bytes(a)), try RAMStream.read(RAMStream.bytes(b)))
        var options = StreamDiff.Options()
        options.contents = (first.1, second.1)
        return StreamDiff.compare(first.0, second.0, options)
    }

    @Test func pagesAreComparedByContent() throws {
        let page = RAMStream.page
        let same = try memory(
            [.fill(0, page: 0), .normal(page(1), page: 1)],
            [.normal(page(0), page: 0), .fill(1, page: 1)]
        )
        // The records differ in kind, the pages do not.
        #expect(same.counts.isEmpty && same.pagesCompared == 2)
        let other = try memory(
            [.fill(0, page: 0), .normal(page(1), page: 1)],
            [.fill(0, page: 0), .normal(page(2), page: 1)]
        )
        #expect(try lines(other) == ["ram \"pc.ram\": 1 page differs, the first at 0x1000"])
        #expect(other.differences.first?.ranges == [4096..<8192])
    }

    @Test func countsOfRecordsDiffer() throws {
        let page = RAMStream.page
        let result = try memory(
            [.fill(0, page: 0), .fill(0, page: 1)],
            [.fill(0, page: 0), .normal(page(0), page: 1)]
        )
        #expect(try lines(result) == ["ram \"pc.ram\" zero: 2 -> 1", "ram \"pc.ram\" normal: 0 -> 1"])
    }

    @Test func contentsThatWereNotCollectedAreSaidToBe() throws {
        let bytes = RAMStream.bytes([.fill(0, page: 0)])
        #expect(try diff(bytes, bytes).notes == ["the contents of guest memory were not compared"])
    }

    // MARK: Real streams

    /// The same paused machine, written by three releases.
    @Test(
        .enabled(if: SharedStreams.names.contains("x86-q35-7.2-on-7.2-paused")),
        arguments: [
            ("7.2", "10.0", ["value": 6, "buffer": 2, "field": 7, "type": 1, "ram-pages": 2, "ram-content": 5]),
            (
                "7.2", "11.1",
                ["value": 5, "buffer": 2, "field": 7, "subsection": 1, "type": 1, "ram-pages": 2, "ram-content": 5]
            ),
        ]
    )
    func releasesDiffer(_ a: String, _ b: String, _ kinds: [String: Int]) throws {
        func read(_ release: String) throws -> (MigrationStream, RAMPageHashes) {
            try RAMStream.read(try SharedStreams.bytes("x86-q35-7.2-on-\(release)-paused"))
        }
        let (first, second) = (try read(a), try read(b))
        var options = StreamDiff.Options()
        options.contents = (first.1, second.1)
        let result = StreamDiff.compare(first.0, second.0, options)
        let counts = Dictionary(uniqueKeysWithValues: result.counts.map { ($0.key.rawValue, $0.value) })
        #expect(counts == kinds)
        let lines = try lines(result)
        for line in [
            "hpet[0] /num_timers: only in A: 3", "hpet[0] /num_timers_save: only in B: 3",
            "0000:00:1f.2/ich9_ahci[0] /ahci/ports: type int32 equal -> uint32 equal",
            "0000:00:04.0/e1000e[0] /core.phy/6: 4 -> 5", "globalstate[0] /has_vm_was_suspended: only in B: 1",
        ] { #expect(lines.contains(line), "\(line)") }
        #expect(result.sectionsOnlyInA == 0 && result.sectionsOnlyInB == 0)
        #expect(result.pagesCompared == 8192 + 32 + 64 + 32 + 16 + 1 + 1)
    }
}
