// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// What sections of a stream say, beyond their bytes.
@Suite struct StreamMeaningTests {
    private func report(_ bytes: [UInt8], _ request: String = "{}") throws -> [Finding] {
        try StreamRequest(JSONDocument(parsing: Array(request.utf8)).root).report(reading: BytesSource(bytes)).findings
    }

    // MARK: The run state

    /// A stream with a run state, and where its payload begins.
    private func stream(runState name: String, size: UInt32, isTerminated: Bool = true) -> StreamBytes {
        StreamBytes.headed {
            $0.ram()
            var payload: [UInt8] = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) }
            let filler: UInt8 = isTerminated ? 0 : 0x61
            payload += Array(name.utf8) + Array(repeating: filler, count: 100 - name.utf8.count)
            $0.expect(at: 1 + 4 + 1 + 11 + 4 + 4)
            $0.full(3, "globalstate", payload)
            let fields = [
                StreamBytes.field("size", "uint32", 4), StreamBytes.field("runstate", "buffer", 100),
            ]
            $0.eof(devices: [StreamBytes.device("globalstate", fields.joined(separator: ", "))])
        }
    }

    @Test(arguments: ["running", "paused", "prelaunch", "finish-migrate"])
    func aRunStateIsFine(_ name: String) throws {
        #expect(try report(stream(runState: name, size: UInt32(name.utf8.count + 1)).bytes).isEmpty)
    }

    @Test func aRunStateThatIsNoneIsAnError() throws {
        let stream = stream(runState: "qaused", size: 7)
        let findings = try report(stream.bytes)
        #expect(findings.map(\.rule.description) == ["VMST034"])
        #expect(findings.first?.severity == .error && findings.first?.offset == stream.mark + 4)
        #expect(findings.first?.statePath?.description == "/sections/3/state/runstate")
    }

    @Test func aRunStateWithoutEndIsAnError() throws {
        let findings = try report(stream(runState: "paused", size: 7, isTerminated: false).bytes)
        #expect(findings.map(\.rule.description) == ["VMST034"])
        #expect(findings.first?.severity == .error)
    }

    /// QEMU loads it, but nobody has written it.
    @Test func aLengthOfAnotherRunStateIsAWarning() throws {
        let stream = stream(runState: "paused", size: 8)
        let findings = try report(stream.bytes)
        #expect(findings.map(\.rule.description) == ["VMST034"])
        #expect(findings.first?.severity == .warning && findings.first?.offset == stream.mark)
    }

    // MARK: Elements that a vmdesc leaves out

    /// A `css` of four pointers, the first of them NULL, as QEMU 7.2 writes and describes it.
    private func hiding(_ elements: [UInt8]) -> [UInt8] {
        StreamBytes.headed {
            $0.ram()
            $0.full(3, "s390_css", [7] + elements + [9])
            let css = #"{"name": "css", "array_len": 4, "type": "struct", "struct": {}, "size": 1}"#
            let fields = [StreamBytes.field("a", "uint8", 1), css, StreamBytes.field("z", "uint8", 1)]
            $0.eof(devices: [StreamBytes.device("s390_css", fields.joined(separator: ", "))])
        }.bytes
    }

    private let vmsds = #"""
        {"vmsds": {"s390_css": {"name": "s390_css", "version_id": 1, "fields": [{"name": "a", "info": "uint8"},
        {"name": "css", "info": "buffer", "flags": ["VMS_BUFFER"], "size": 5},
        {"name": "z", "info": "uint8"}]}}, "dialect": "7.2"}
        """#

    @Test func aVMDescThatLeavesElementsOutSaysNothingAgainstTheStream() throws {
        let findings = try report(hiding([0x30, 0x30, 1, 2, 0x30]))
        #expect(findings.map { "\($0.rule) \($0.severity)" } == ["VMST017 warning"])
        #expect(findings.first?.section == "s390_css")
        // What is described is still checked.
        #expect(try report(hiding([0x30, 0x30, 0x30, 0x30])).isEmpty)
        #expect(try report(hiding([0x30, 0x30, 0x30])).contains { $0.severity == .error })
    }

    @Test func aDescriptionThatIsGivenReadsThem() throws {
        let bytes = hiding([0x30, 0x30, 1, 2, 0x30])
        #expect(try report(bytes, vmsds).isEmpty)
        let source = BytesSource(bytes)
        let request = try StreamRequest(JSONDocument(parsing: Array(vmsds.utf8)).root)
        let text = try request.document(try request.read(source), of: source)
        #expect(text.findings.isEmpty)
        let state = try JSONDocument(parsing: text.text).root["sections"]?.elements.last?["state"]
        #expect(
            state.map { String(decoding: $0.json(), as: UTF8.self) }
                == #"{"a":7,"css":"3030010230","z":9}"#
        )
    }

    // MARK: Values that nobody writes

    @Test func aBooleanThatIsNeitherIsAWarning() throws {
        for (bytes, count) in [([0, 1, 1], 0), ([0, 2, 0xff], 1)] as [([UInt8], Int)] {
            let stream = StreamBytes.headed {
                $0.ram()
                $0.expect(at: 1 + 4 + 1 + 3 + 4 + 4)
                $0.full(3, "dev", bytes)
                $0.eof(devices: [StreamBytes.device("dev", StreamBytes.field("a", "bool", 1, count: 3))])
            }
            let findings = try report(stream.bytes)
            #expect(findings.map { "\($0.rule) \($0.severity)" } == Array(repeating: "VMST016 warning", count: count))
            #expect(findings.first.map { $0.offset == stream.mark + 1 } ?? true)
        }
    }

    // MARK: Sections of one name

    private func two() -> [UInt8] {
        StreamBytes.headed {
            $0.ram()
            for instance in [0, 1] as [UInt32] { $0.full(3 + instance, "cpu", instance: instance, [UInt8(instance)]) }
            let field = StreamBytes.field("a", "uint8", 1)
            $0.eof(devices: [StreamBytes.device("cpu", field), StreamBytes.device("cpu", instance: 1, field)])
        }.bytes
    }

    private func edited(_ assignment: String) throws -> [UInt8] {
        let source = BytesSource(two())
        let request = StreamRequest()
        let stream = try request.read(source)
        return try request.pieces(patching: stream, with: [], setting: [assignment], size: two().count)
            .bytes(of: source, limit: 1 << 20)
    }

    @Test func aSectionOfSeveralIsNamedByItsNumber() throws {
        let written = try edited("/sections/cpu[1]/state/a=7")
        let stream = try MigrationStream(reading: BytesSource(written))
        #expect(stream.sections.filter { $0.idstr == "cpu" }.map { written[$0.payload.lowerBound] } == [0, 7])
        for place in ["cpu", "cpu[2]", "cpu[-1]", "cpu[x]", "other[0]"] {
            let error = #expect(throws: VMStateError.self) { try edited("/sections/\(place)/state/a=7") }
            #expect(error?.code == .patchFailed)
        }
    }

    /// Of sections in parts the header says how the parts are read, and an id is that of one section.
    @Test(arguments: [
        "/sections/0/section_id=9", "/sections/0/idstr=other", "/sections/0/version_id=5", "/sections/0/instance_id=1",
        "/sections/1/section_id=9", "/sections/1/idstr=other", "/sections/1/version_id=5", "/sections/1/instance_id=1",
        "/sections/cpu[0]/section_id=2", "/sections/cpu[0]/section_id=4",
    ]) func headersThatDecideHowPartsAreReadStay(_ assignment: String) throws {
        let error = #expect(throws: VMStateError.self) { try edited(assignment) }
        let place = assignment.replacing("cpu[0]", with: "3").prefix { $0 != "=" }
        #expect(error?.statePath?.description == String(place))
        // An id of its own is none of them.
        let written = try edited("/sections/cpu[0]/section_id=77")
        #expect(try MigrationStream(reading: BytesSource(written)).sections.map(\.sectionID).contains(77))
    }

    @Test func partsInADocumentOfEverythingAreThoseOfTheirStart() throws {
        var request = StreamRequest()
        request.isRaw = true
        let source = BytesSource(two())
        let text = String(decoding: try request.document(request.read(source), of: source).text, as: UTF8.self)
        let end = #"{"type":"end","section_id":2,"idstr":"ram","instance_id":0,"version_id":4"#
        #expect(text.contains(end))
        for (name, other) in [
            ("section_id", end.replacing("2", with: "9")), ("idstr", end.replacing("ram", with: "rom")),
            ("instance_id", end.replacing("0", with: "1")), ("version_id", end.replacing("4", with: "3")),
        ] {
            let document = try JSONDocument(parsing: Array(text.replacing(end, with: other).utf8))
            let error = #expect(throws: VMStateError.self) { try StreamRequest.bytes(of: document.root) }
            #expect(error?.statePath?.tokens.last == name)
        }
    }

    /// What a patch has done first counts for where a section is that an assignment names.
    @Test func assignmentsComeAfterPatches() throws {
        let source = BytesSource(two())
        let patch = try JSONPatch(JSONDocument(parsing: Array(#"[{"op":"remove","path":"/sections/3"}]"#.utf8)).root)
        let request = StreamRequest()
        let pieces = try request.pieces(
            patching: request.read(source),
            with: [patch],
            setting: ["/sections/cpu/state/a=7"],
            size: two().count
        )
        let written = try pieces.bytes(of: source, limit: 1 << 20)
        let left = try MigrationStream(reading: BytesSource(written)).sections.filter { $0.idstr == "cpu" }
        #expect(left.map { written[$0.payload.lowerBound] } == [7])
        #expect(left.map(\.instanceID) == [1])
    }

    /// An edit means the whole stream, so a document of a part says where its sections are.
    @Test func aDocumentOfSomeSectionsSaysWhichTheyAre() throws {
        var request = StreamRequest()
        let source = BytesSource(two())
        request.sections = ["cpu"]
        let some = try JSONDocument(parsing: try request.document(try request.read(source), of: source).text).root
        #expect(some["sections"]?.elements.map { $0["index"]?.int } == [3, 4])
        request.sections = nil
        let all = try JSONDocument(parsing: try request.document(try request.read(source), of: source).text).root
        #expect(all["sections"]?.elements[4]["instance_id"]?.int == 1)
        #expect(all["sections"]?.elements.allSatisfy { $0["index"] == nil } == true)
        // It still encodes beside its stream.
        let stream = try request.read(source)
        let pieces = try request.pieces(for: some, stream, size: two().count)
        #expect(try pieces.bytes(of: source, limit: 1 << 20) == two())
    }

    // MARK: Versions of subsections

    /// A device with a subsection of this version, which its vmdesc gives as 1.
    private func subsection(version: UInt32) -> StreamBytes {
        StreamBytes.headed {
            $0.ram()
            var payload = StreamBytes()
            payload.bytes = [7, 0x05]
            payload.string("dev/sub")
            payload.expect(at: 1 + 4 + 1 + 3 + 4 + 4)
            payload.be32(version)
            payload.byte(9)
            $0.expect(at: payload.mark)
            $0.full(3, "dev", payload.bytes)
            let inner = StreamBytes.field("b", "uint8", 1)
            let more = #", "subsections": [{"vmsd_name": "dev/sub", "version": 1, "fields": [\#(inner)]}]"#
            $0.eof(devices: [StreamBytes.device("dev", StreamBytes.field("a", "uint8", 1), more: more)])
        }
    }

    @Test func theVersionOfASubsectionIsThatOfTheVMDesc() throws {
        #expect(try report(subsection(version: 1).bytes).isEmpty)
        for version in [0, 2, 0x101, 0x7766_5501] as [UInt32] {
            let stream = subsection(version: version)
            let findings = try report(stream.bytes)
            #expect(findings.map { "\($0.rule) \($0.severity)" } == ["VMST016 error"], "\(version)")
            #expect(findings.first?.offset == stream.mark && findings.first?.section == "dev")
        }
    }

    // MARK: Documents stand for their bytes

    /// What a document of `bytes` encodes to beside them, and alone; nil: it is refused.
    private func written(_ bytes: [UInt8]) throws -> (beside: [UInt8], alone: [UInt8]?) {
        let source = BytesSource(bytes)
        var request = StreamRequest()
        let stream = try request.read(source)
        let document = try JSONDocument(parsing: try request.document(stream, of: source).text, duplicates: .noted)
        let beside = try request.pieces(for: document.root, stream, size: bytes.count).bytes(of: source, limit: 1 << 20)
        request.isRaw = true
        let raw = try JSONDocument(parsing: try request.document(stream, of: source).text, duplicates: .noted)
        return (beside, try? StreamRequest.bytes(of: raw.root))
    }

    @Test func whatNobodyWritesComesBackAsItWas() throws {
        var wrongFooter = two()
        let place = try #require(wrongFooter.lastIndex(of: 0x7e))
        wrongFooter[place + 4] ^= 1
        let oddBoolean = StreamBytes.headed {
            $0.ram()
            $0.full(3, "dev", [2])
            $0.eof(devices: [StreamBytes.device("dev", StreamBytes.field("a", "bool", 1))])
        }.bytes
        var machine = two()
        machine[8 + 1 + 4] = 0x80
        for (bytes, isWhole) in [
            (two(), true), (subsection(version: 1).bytes, true), (subsection(version: 0).bytes, true),
            (oddBoolean, true), (wrongFooter, false), (machine, false),
        ] {
            let result = try written(bytes)
            #expect(result.beside == bytes)
            #expect(result.alone == (isWhole ? bytes : nil))
        }
    }

    /// The fields of a struct say what is read; its size is what its writer has counted.
    @Test func aStructOfAnotherSizeThanItsFieldsIsFound() throws {
        let stream = { (size: Int) in
            StreamBytes.headed {
                $0.ram()
                $0.full(3, "dev", [1, 2, 3])
                let fields = #"{"name": "a", "type": "uint16", "size": 2}"#
                $0.eof(devices: [
                    StreamBytes.device(
                        "dev",
                        StreamBytes.field("x", "uint8", 1)
                            + #", {"name": "s", "type": "struct", "struct": {"vmsd_name": "s", "version": 1, "fields": "#
                            + #"[\#(fields)]}, "size": \#(size)}"#
                    )
                ])
            }.bytes
        }
        #expect(try report(stream(2)) == [])
        let findings = try report(stream(3))
        #expect(
            findings.map { "\($0.rule) \($0.severity): \($0.message)" } == [
                "VMST015 warning: the vmdesc says that \"s\" takes 3 bytes, it takes 2"
            ]
        )
        let bytes = stream(3)
        #expect(findings.first?.offset == bytes.firstRange(of: [1, 2, 3]).map { $0.lowerBound + 1 })
        let result = try written(bytes)
        #expect(result.beside == bytes)
        #expect(result.alone == bytes)
    }

    @Test func aNameThatIsNoTextIsAnError() throws {
        var machine = two()
        machine[8 + 1 + 4] = 0x80
        #expect(try report(machine).map { "\($0.rule) \($0.severity)" } == ["VMST002 error"])
        var idstr = two()
        let name = try #require(idstr.firstIndex(of: UInt8(ascii: "r")))
        #expect(Array(idstr[name..<name + 3]) == Array("ram".utf8))
        idstr[name + 1] = 0xff
        #expect(try report(idstr).contains { $0.rule.description == "VMST004" && $0.severity == .error })
    }

    // MARK: Lists of blocks

    /// Blocks are listed, a page comes, they are listed again.
    private func listedTwice(_ size: UInt64) -> [UInt8] {
        StreamBytes.headed {
            $0.start(2, "ram", version: 4) {
                $0.ramBlocks([("pc.ram", 8192)])
                $0.ramEnd()
            }
            $0.part(2) {
                $0.zero(0, "pc.ram")
                $0.zero(4096 | 0x20)
                $0.ramBlocks([("pc.ram", size)])
                $0.ramEnd()
            }
            $0.end(2) { $0.ramEnd() }
            $0.eof(devices: [])
        }.bytes
    }

    @Test func aSecondListOfBlocksSaysTheSame() throws {
        let same = try MigrationStream(reading: BytesSource(listedTwice(8192)))
        #expect(same.findings.isEmpty, "\(same.findings.map(\.line))")
        #expect(same.blocks.map(\.counts.zero) == [2])
        let other = try MigrationStream(reading: BytesSource(listedTwice(4096)))
        #expect(other.findings.contains { $0.rule.description == "VMST021" && $0.severity == .error })
    }

    // MARK: The vmdesc of another stream

    /// A device without a VMSD and two instances of one that differ, without their vmdesc.
    private func undescribed() -> [UInt8] {
        StreamBytes.headed {
            $0.ram()
            $0.full(3, "slirp", version: 4, [1, 2, 3])
            $0.full(4, "PCIBUS", instance: 0, [0, 7])
            $0.full(5, "PCIBUS", instance: 1, [9])
            $0.eof()
        }.bytes
    }

    @Test func aVMDescDescribesAnotherStream() throws {
        let vmdesc = #"""
            {"vmsds": {"page_size": 4096, "devices": [
            {"name": "slirp", "instance_id": 0, "size": 3, "fields": [{"name": "data", "size": 3, "type": "buffer"}]},
            {"name": "PCIBUS", "instance_id": 0, "vmsd_name": "PCIBUS", "version": 1,
            "fields": [{"name": "n", "type": "uint16", "size": 2}]},
            {"name": "PCIBUS", "instance_id": 1, "vmsd_name": "PCIBUS", "version": 1,
            "fields": [{"name": "n", "type": "uint8", "size": 1}]}]}}
            """#
        let source = BytesSource(undescribed())
        let request = try StreamRequest(JSONDocument(request: Array(vmdesc.utf8)).root)
        let answer = try request.document(try request.read(source), of: source)
        #expect(answer.findings.isEmpty)
        let states = try JSONDocument(parsing: answer.text).root["sections"]?.elements.compactMap { $0["state"] }
        #expect(
            states?.map { String(decoding: $0.json(), as: UTF8.self) } == [
                #"{"data":"010203"}"#, #"{"n":7}"#, #"{"n":9}"#,
            ]
        )
    }

    /// Also one by one, beside VMSDs.
    @Test func aDeviceOfAVMDescDescribesASection() throws {
        let device =
            #"{"name": "slirp", "instance_id": 0, "size": 3, "fields": [{"name": "data", "size": 3, "type": "buffer"}]}"#
        let findings = try report(undescribed(), #"{"vmsds": {"slirp": \#(device)}}"#)
        #expect(!findings.contains { $0.section == "slirp" })
    }

    /// A document of everything needs no source either, if the descriptions come with it.
    @Test func descriptionsThatAreGivenWriteThem() throws {
        let device =
            #"{"name": "slirp", "instance_id": 0, "size": 3, "fields": [{"name": "data", "size": 3, "type": "buffer"}]}"#
        let vmsds = #""vmsds": {"slirp": \#(device)}"#
        let bytes = undescribed()
        var request = try StreamRequest(JSONDocument(request: Array("{\(vmsds)}".utf8)).root)
        request.isRaw = true
        let source = BytesSource(bytes)
        let text = String(decoding: try request.document(request.read(source), of: source).text, as: UTF8.self)
        #expect(text.contains(#""state":{"data":"010203"}"#))
        let changed = text.replacing(#""state":{"data":"010203"}"#, with: #""state":{"data":"090203"}"#)
        let encode = { (members: String) in
            let node = try JSONDocument(request: Array(#"{"stream": \#(changed)\#(members)}"#.utf8)).root
            return try #require(try WholeStreamRequest(node)).bytes(from: nil)
        }
        let place = try #require(bytes.firstRange(of: [1, 2, 3])?.lowerBound)
        var expected = bytes
        expected[place] = 9
        #expect(try encode(", \(vmsds)") == expected)
        let error = #expect(throws: VMStateError.self) { try encode("") }
        #expect(error?.code == .stateMissingField)
    }

    // MARK: What only some senders do

    /// A postcopy that discards a range of the block of two pages.
    private func discarding(_ start: UInt64, _ length: UInt64) -> [UInt8] {
        StreamBytes.headed {
            $0.command(3, [0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x10, 0])
            $0.ram()
            var ranges = StreamBytes()
            ranges.bytes = [0]
            ranges.string("pc.ram")
            ranges.byte(0)
            ranges.be64(start)
            ranges.be64(length)
            $0.command(6, ranges.bytes)
            $0.eof()
        }.bytes
    }

    @Test func onlyWholePagesAreDiscarded() throws {
        let errors = { (bytes: [UInt8]) in
            try self.report(bytes).filter { $0.severity == .error }.map(\.rule.description)
        }
        #expect(try errors(discarding(4096, 4096)) == [])
        for (start, length) in [(4097, 4096), (0, 4095), (4096, 8192), (1 << 24, 4096)] as [(UInt64, UInt64)] {
            #expect(try errors(discarding(start, length)) == ["VMST009"])
        }
    }

    /// Without bitmaps nobody asks for them again.
    @Test func bitmapsThatAreNotThereNeedNoEnd() throws {
        let severity = { (payload: [UInt8]) in
            let stream = StreamBytes.headed {
                $0.start(5, "dirty-bitmap") { $0.bytes += payload }
                $0.ram()
                $0.eof(devices: [])
            }
            return try self.report(stream.bytes).first { $0.rule.description == "VMST019" }?.severity
        }
        #expect(try severity([0x01]) == .note)
        let started: [UInt8] = [0x1d, 1, 0x6e, 1, 0x62, 0, 1, 0, 0, 1]
        #expect(try severity(started) == .warning)
    }

    /// Of a list that is wrong those blocks are there that were read, for everybody.
    @Test func blocksOfAListThatIsWrongAreKnownToWhoeverTakesPages() throws {
        let bytes = StreamBytes.headed {
            $0.start(2, "ram", version: 4) {
                $0.be64(0x3000 | 0x04)
                $0.string("a")
                $0.be64(0x2000)
                $0.string("b")
                $0.be64(0x9000)
                $0.ramEnd()
            }
            $0.part(2) {
                $0.zero(0x1000, "a")
                $0.ramEnd()
            }
            $0.end(2) { $0.ramEnd() }
            $0.eof(devices: [])
        }.bytes
        #expect(StreamChecks.stream(bytes) == nil)
        #expect(try report(bytes).contains { $0.rule.description == "VMST021" })
    }
}
