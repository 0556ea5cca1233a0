// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// What an edit does to the vmdesc: it says what the section holds now, and nothing else of it changes.
@Suite struct VMDescEditTests {
    /// The parts of a vmdesc, of a stream with one device that QEMU 7.2 could have written.
    private static func stream(_ payload: [UInt8], _ device: String, release: String = "7.2") -> [UInt8] {
        var stream = StreamBytes.headed()
        stream.full(0, "before", [1])
        stream.full(1, "dev", payload)
        stream.full(2, "behind", [2])
        stream.eof()
        stream.vmdesc(vmdesc(device, release: release))
        return stream.bytes
    }

    private static func vmdesc(_ device: String, release: String = "7.2") -> String {
        let name = #"{"name": "len", "type": "uint32", "size": 4}, {"name": "name", "type": "buffer", "size": 13}"#
        let configuration =
            release == "7.2"
            ? "" : #""configuration": {"vmsd_name": "configuration", "version": 1, "fields": [\#(name)]}, "#
        // Spaces that QEMU does not write: what does not change is not printed anew.
        let before = #"{"name":"before",  "instance_id":0,"vmsd_name":"before","version":1,"fields":[ {"name":"b",""#
        let behind = StreamBytes.device("behind", StreamBytes.field("b", "uint8", 1))
        return "{\(configuration)\"page_size\": 4096, \"devices\": ["
            + "\(before)type\":\"uint8\",\"size\":1 } ]}, \(device), \(behind)]}"
    }

    private func edit(_ bytes: [UInt8], _ patch: String, vmsds: String? = nil) throws -> (bytes: [UInt8], text: String)
    {
        let source = BytesSource(bytes)
        var request = StreamRequest()
        if let vmsds { request = try StreamRequest(JSONDocument(parsing: Array(vmsds.utf8)).root) }
        let patch = try JSONPatch(JSONDocument(parsing: Array(patch.utf8)).root)
        let written = try request.pieces(patching: request.read(source), with: [patch], size: bytes.count)
            .bytes(of: source, limit: 1 << 24)
        let stream = try MigrationStream(reading: BytesSource(written))
        #expect(stream.findings.isEmpty)
        #expect(StreamRequest().report(stream).findings.isEmpty)
        let range = try #require(stream.vmdesc)
        return (written, String(decoding: written[(range.lowerBound + 5)..<range.upperBound], as: UTF8.self))
    }

    private func state(_ bytes: [UInt8], _ index: Int) throws -> String {
        let text = try StreamDocument(MigrationStream(reading: BytesSource(bytes))).json().text
        let node = try JSONDocument(parsing: text).root["sections"]?.elements[index]["state"]
        return String(decoding: node?.json() ?? [], as: UTF8.self)
    }

    // MARK: Lists

    private static let element =
        #""vmsd_name": "e", "version": 1, "fields": [{"name": "v", "type": "uint8", "size": 1}]"#

    private static func queue(_ count: Int, odd: Bool = false) -> String {
        let groups = Array(repeating: odd ? element.replacing(", ", with: ",  ") : element, count: count)
        let text = (groups + ["\"size\": \(2 * count + 1)"]).joined(separator: ", ")
        return StreamBytes.device("dev", "{\"name\": \"q\", \"type\": \"qtailq\", \(text)}")
    }

    @Test func aLongerListIsDescribed() throws {
        let bytes = Self.stream([1, 7, 1, 8, 0], Self.queue(2))
        let (written, text) = try edit(
            bytes,
            #"[{"op":"add","path":"/sections/1/state/q/-","value":{"v":9}},{"op":"add","path":"/sections/1/state/q/0","value":{"v":6}}]"#
        )
        #expect(text == Self.vmdesc(Self.queue(4)))
        #expect(try state(written, 1) == #"{"q":[{"v":6},{"v":7},{"v":8},{"v":9}]}"#)
    }

    @Test func aLongerListIsDescribedAsItsElementsAre() throws {
        let (_, text) = try edit(
            Self.stream([1, 7, 0], Self.queue(1, odd: true)),
            #"[{"op":"add","path":"/sections/1/state/q/-","value":{"v":9}}]"#
        )
        #expect(text == Self.vmdesc(Self.queue(2, odd: true)))
    }

    @Test func aShorterListIsDescribed() throws {
        let bytes = Self.stream([1, 7, 1, 8, 1, 9, 0], Self.queue(3))
        let (shorter, text) = try edit(bytes, #"[{"op":"remove","path":"/sections/1/state/q/0"}]"#)
        #expect(text == Self.vmdesc(Self.queue(2)))
        #expect(try state(shorter, 1) == #"{"q":[{"v":8},{"v":9}]}"#)
        let (empty, none) = try edit(bytes, #"[{"op":"replace","path":"/sections/1/state/q","value":[]}]"#)
        #expect(none == Self.vmdesc(Self.queue(0)))
        #expect(try state(empty, 1) == #"{"q":[]}"#)
    }

    @Test func aTreeHasTwoDescriptionsAnElement() throws {
        func device(_ count: Int) -> String {
            let key = Self.element.replacing("\"e\"", with: "\"k\"")
            let groups = Array(repeating: [key, Self.element], count: count).flatMap { $0 }
            let text = (groups + ["\"size\": \(4 + 3 * count + 1)"]).joined(separator: ", ")
            return StreamBytes.device("dev", "{\"name\": \"t\", \"type\": \"gtree\", \(text)}")
        }
        let bytes = Self.stream([0, 0, 0, 1, 1, 5, 6, 0], device(1))
        let (written, text) = try edit(
            bytes,
            #"[{"op":"add","path":"/sections/1/state/t/-","value":{"key":{"v":7},"value":{"v":8}}}]"#
        )
        #expect(text == Self.vmdesc(device(2)))
        #expect(try state(written, 1) == #"{"t":[{"key":{"v":5},"value":{"v":6}},{"key":{"v":7},"value":{"v":8}}]}"#)
    }

    // MARK: Pointers

    /// An array of pointers as QEMU 11.1 describes it: a marker for each, and behind those of others than NULL the element.
    private static func pointers(_ areNull: [Bool]) -> String {
        let marker = StreamBytes.field("p", "ptr-marker", 1)
        let pointee = "{\"name\": \"p\", \"type\": \"struct\", \"struct\": {\(element)}, \"size\": 1}"
        let entries = areNull.map { $0 ? marker : "\(marker), \(pointee)" }
        return StreamBytes.device("dev", (entries + [StreamBytes.field("n", "uint8", 1)]).joined(separator: ", "))
    }

    @Test func pointersBecomeNullAndOthersNot() throws {
        let bytes = Self.stream([0x31, 7, 0x30, 0x31, 8, 5], Self.pointers([false, true, false]), release: "11.1")
        func places(_ changes: [(Int, String)]) -> String {
            let operations = changes.map { #"{"op":"replace","path":"/sections/1/state/p/\#($0)","value":\#($1)}"# }
            return "[\(operations.joined(separator: ","))]"
        }
        for (changes, payload, areNull, state) in [
            ([(0, "null")], [0x30, 0x30, 0x31, 8, 5], [true, true, false], #"{"p":[null,null,{"v":8}],"n":5}"#),
            ([(2, "null")], [0x31, 7, 0x30, 0x30, 5], [false, true, true], #"{"p":[{"v":7},null,null],"n":5}"#),
            (
                [(1, #"{"v":9}"#)], [0x31, 7, 0x31, 9, 0x31, 8, 5], [false, false, false],
                #"{"p":[{"v":7},{"v":9},{"v":8}],"n":5}"#
            ),
            (
                [(0, "null"), (1, #"{"v":9}"#)], [0x30, 0x31, 9, 0x31, 8, 5], [true, false, false],
                #"{"p":[null,{"v":9},{"v":8}],"n":5}"#
            ),
        ] as [([(Int, String)], [UInt8], [Bool], String)] {
            let (written, text) = try edit(bytes, places(changes))
            let section = try MigrationStream(reading: BytesSource(written)).sections[1]
            #expect(Array(written[section.payload]) == payload)
            #expect(text == Self.vmdesc(Self.pointers(areNull), release: "11.1"))
            #expect(try self.state(written, 1) == state)
        }
        // Of what is NULL everywhere nothing says what it points to.
        let (nothing, _) = try edit(bytes, places([(0, "null"), (2, "null")]))
        let error = #expect(throws: VMStateError.self) { try edit(nothing, places([(1, #"{"v":9}"#)])) }
        #expect(error?.statePath?.description == "/sections/1/state/p/1")
    }

    /// Older releases describe runs of pointers that are alike: those stay, and what does not fit has its place.
    @Test func runsOfPointersStayAsTheyAre() throws {
        let run = StreamBytes.field("p", "uint8", 1, count: 2) + ", " + StreamBytes.field("p", "nullptr", 1, count: 2)
        let bytes = Self.stream([7, 8, 0x30, 0x30], StreamBytes.device("dev", run), release: "10.0")
        for (place, value) in [(0, "null"), (1, "null"), (2, "9"), (3, "9")] {
            let patch = #"[{"op":"replace","path":"/sections/1/state/p/\#(place)","value":\#(value)}]"#
            let error = #expect(throws: VMStateError.self) { try edit(bytes, patch) }
            #expect(error?.statePath?.description == "/sections/1/state/p/\(place)")
        }
    }

    @Test func sizesFollowOutwards() throws {
        func device(_ size: Int) -> String {
            let field = StreamBytes.field("g", "GByteArray", size)
            let inner = "{\"vmsd_name\": \"s\", \"version\": 1, \"fields\": [\(field)]}"
            let outer = "{\"name\": \"s\", \"index\": 0, \"type\": \"struct\", \"struct\": \(inner), \"size\": \(size)}"
            return StreamBytes.device("dev", "\(outer), \(StreamBytes.field("z", "uint8", 1))")
        }
        let bytes = Self.stream([0, 0, 0, 2, 1, 2, 3], device(6))
        let (written, text) = try edit(
            bytes,
            #"[{"op":"replace","path":"/sections/1/state/s/g","value":"0102030405"}]"#
        )
        #expect(text == Self.vmdesc(device(9)))
        #expect(try state(written, 1) == #"{"s":{"g":"0102030405"},"z":3}"#)
    }

    // MARK: Subsections

    /// A device with an array of structs as a release describes it, of which each may have a subsection.
    private static func drives(_ hasSubsection: [Bool], release: String) -> String {
        let rate = "{\"vmsd_name\": \"d/rate\", \"version\": 1, \"fields\": [\(StreamBytes.field("rate", "uint8", 1))]}"
        let entries = hasSubsection.enumerated().map { index, has in
            let hasIndex = release == "7.2" || release == "10.0" && index + 1 < hasSubsection.count
            return "{\"name\": \"d\", \(hasIndex ? "\"index\": \(index), " : "")\"type\": \"struct\", "
                + "\"struct\": {\"vmsd_name\": \"d\", \"version\": 1, \"fields\": [\(StreamBytes.field("a", "uint8", 1))]"
                + (has ? ", \"subsections\": [\(rate)]" : "")
                + "}, \"size\": \(has ? 14 : 1)}"
        }
        return StreamBytes.device("dev", entries.joined(separator: ", "))
    }

    private static func drives(_ hasSubsection: [Bool]) -> [UInt8] {
        hasSubsection.enumerated().flatMap { index, has in
            [UInt8(index)] + (has ? [5, 6] + Array("d/rate".utf8) + [0, 0, 0, 1, 0x55] : [])
        }
    }

    @Test(arguments: ["7.2", "10.0", "11.1"]) func aSubsectionCanBeTakenOut(_ release: String) throws {
        let bytes = Self.stream(
            Self.drives([true, true, true]),
            Self.drives([true, true, true], release: release),
            release: release
        )
        let (written, text) = try edit(bytes, #"[{"op":"remove","path":"/sections/1/state/d/1/d~1rate"}]"#)
        #expect(text == Self.vmdesc(Self.drives([true, false, true], release: release), release: release))
        #expect(try state(written, 1) == #"{"d":[{"a":0,"d/rate":{"rate":85}},{"a":1},{"a":2,"d/rate":{"rate":85}}]}"#)
    }

    private static let driveVMSD = #"""
        {"name": "dev", "version_id": 1, "fields": [
          {"name": "d", "num": 3, "flags": ["VMS_ARRAY", "VMS_STRUCT"], "vmsd":
            {"name": "d", "version_id": 1, "fields": [{"name": "a", "info": "uint8"}], "subsections": [
              {"name": "d/rate", "version_id": 1, "needed": "rate_needed", "fields": [{"name": "rate", "info": "uint8"}]}]}}]}
        """#

    /// The vmdesc of the stream does not know the subsection; a VMSD that is given does.
    @Test(arguments: ["7.2", "10.0", "11.1"]) func aSubsectionCanBeAdded(_ release: String) throws {
        let bytes = Self.stream(
            Self.drives([false, false, true]),
            Self.drives([false, false, true], release: release),
            release: release
        )
        let patch = #"[{"op":"add","path":"/sections/1/state/d/0/d~1rate","value":{"rate":85}}]"#
        let error = #expect(throws: VMStateError.self) { try edit(bytes, patch) }
        #expect(error?.statePath?.description == "/sections/1/state/d/0/d~1rate")
        let (written, text) = try edit(bytes, patch, vmsds: "{\"vmsds\": {\"dev\": \(Self.driveVMSD)}}")
        #expect(text == Self.vmdesc(Self.drives([true, false, true], release: release), release: release))
        #expect(try state(written, 1) == #"{"d":[{"a":0,"d/rate":{"rate":85}},{"a":1},{"a":2,"d/rate":{"rate":85}}]}"#)
    }

    private static func subsections(_ names: [String]) -> String {
        let list = names.map {
            "{\"vmsd_name\": \"\($0)\", \"version\": 1, \"fields\": [\(StreamBytes.field("v", "uint8", 1))]}"
        }
        let more = list.isEmpty ? "" : ", \"subsections\": [\(list.joined(separator: ", "))]"
        return StreamBytes.device("dev", StreamBytes.field("a", "uint8", 1), more: more)
    }

    private static func subsections(_ names: [String]) -> [UInt8] {
        [1] + names.flatMap { [5, UInt8($0.utf8.count)] + Array($0.utf8) + [0, 0, 0, 1, 7] }
    }

    @Test(arguments: [["a"], ["b"], ["c"], ["a", "b"], ["a", "c"], ["b", "c"], ["a", "b", "c"]])
    func anySubsectionsCanBeTakenOutAndAdded(_ some: [String]) throws {
        let all = ["dev/a", "dev/b", "dev/c"]
        let some = some.map { "dev/\($0)" }
        let rest = all.filter { !some.contains($0) }
        let removals = some.map { #"{"op":"remove","path":"/sections/1/state/\#($0.replacing("/", with: "~1"))"}"# }
        let (without, text) = try edit(
            Self.stream(Self.subsections(all), Self.subsections(all)),
            "[\(removals.joined(separator: ","))]"
        )
        #expect(text == Self.vmdesc(Self.subsections(rest)))
        #expect(without == Self.stream(Self.subsections(rest), Self.subsections(rest)))
        let vmsd = #"""
            {"name": "dev", "version_id": 1, "fields": [{"name": "a", "info": "uint8"}], "subsections": [
            """#
            + all.map { #"{"name": "\#($0)", "version_id": 1, "fields": [{"name": "v", "info": "uint8"}]}"# }
            .joined(separator: ",") + "]}"
        let additions = some.map {
            #"{"op":"add","path":"/sections/1/state/\#($0.replacing("/", with: "~1"))","value":{"v":7}}"#
        }
        let (with, _) = try edit(
            without,
            "[\(additions.joined(separator: ","))]",
            vmsds: "{\"vmsds\": {\"dev\": \(vmsd)}}"
        )
        #expect(with == Self.stream(Self.subsections(all), Self.subsections(all)))
    }

    // MARK: By a VMSD

    /// The length of a counted array is in the vmdesc; only the VMSD knows that it may change.
    @Test func aCountedArrayGrowsByItsVMSD() throws {
        func device(_ count: Int) -> String {
            let array = StreamBytes.field("v", "uint16", 2, count: count > 1 ? count : nil)
            return StreamBytes.device("dev", "\(StreamBytes.field("n", "uint8", 1))\(count > 0 ? ", " + array : "")")
        }
        let vmsd = #"""
            {"vmsds": {"dev": {"name": "dev", "version_id": 1, "fields": [{"name": "n", "info": "uint8"},
            {"name": "v", "info": "uint16", "flags": ["VMS_VARRAY_UINT8"], "num_offset": "n"}]}}}
            """#
        for (from, to) in [(1, 3), (3, 2), (2, 1), (2, 0), (1, 2)] {
            func wire(_ count: Int) -> [UInt8] {
                [UInt8(count)] + Array(repeating: [1, 2], count: count).flatMap { $0 }
            }
            let values = Array(repeating: "258", count: to).joined(separator: ",")
            let patch =
                #"[{"op":"replace","path":"/sections/1/state/n","value":\#(to)},"#
                + #"{"op":"replace","path":"/sections/1/state/v","value":[\#(values)]}]"#
            // One element is no array in a vmdesc: there the VMSD takes what the vmdesc cannot.
            let (written, text) = try edit(
                Self.stream(wire(from), device(from)),
                patch,
                vmsds: vmsd
            )
            #expect(text == Self.vmdesc(device(to)), "\(from) → \(to)")
            #expect(written == Self.stream(wire(to), device(to)), "\(from) → \(to)")
        }
    }

    // MARK: Names, bytes, configuration

    @Test func aNewNameIsAllThatChanges() throws {
        let bytes = Self.stream([1], StreamBytes.device("dev", StreamBytes.field("a", "uint8", 1)))
        let (_, text) = try edit(
            bytes,
            #"[{"op":"replace","path":"/sections/0/idstr","value":"first"},{"op":"replace","path":"/sections/0/instance_id","value":3}]"#
        )
        let device = StreamBytes.device("dev", StreamBytes.field("a", "uint8", 1))
        #expect(
            text
                == Self.vmdesc(device).replacing(
                    #"{"name":"before",  "instance_id":0"#,
                    with: #"{"name":"first",  "instance_id":3"#
                )
        )
    }

    @Test func aSectionWithoutVMSDKeepsItsStyle() throws {
        func device(_ size: Int) -> String {
            "{\"name\": \"dev\", \"instance_id\": 0, \"size\": \(size), "
                + "\"fields\": [{\"name\": \"data\", \"size\": \(size), \"type\": \"buffer\"}]}"
        }
        let (written, text) = try edit(
            Self.stream([1, 2, 3], device(3)),
            #"[{"op":"remove","path":"/sections/1/state"},{"op":"add","path":"/sections/1/data","value":"0102"}]"#
        )
        #expect(text == Self.vmdesc(device(2)))
        #expect(written == Self.stream([1, 2], device(2)))
    }

    @Test func theConfigurationIsDescribedToo() throws {
        let device = StreamBytes.device("dev", StreamBytes.field("a", "uint8", 1))
        let (_, text) = try edit(
            Self.stream([1], device, release: "10.0"),
            #"[{"op":"replace","path":"/configuration/name","value":"pc"},{"op":"remove","path":"/configuration/len"},"#
                + #"{"op":"add","path":"/configuration/configuration~1capabilities","value":{"capabilities":["events","xbzrle"]}}]"#
        )
        let capabilities =
            #"{"vmsd_name": "configuration/capabilities", "version": 1, "fields": [{"name": "caps_count", "#
            + #""type": "uint32", "size": 4}, {"name": "capabilities", "array_len": 2, "type": "capability", "size": 7}]}"#
        #expect(
            text
                == Self.vmdesc(device, release: "10.0").replacing(
                    #""size": 13}]}, "#,
                    with: #""size": 2}], "subsections": [\#(capabilities)]}, "#
                )
        )
    }

    /// A configuration that is not the one that the vmdesc describes.
    @Test func aConfigurationThatIsDescribedOtherwiseIsFound() throws {
        let device = StreamBytes.device("dev", StreamBytes.field("a", "uint8", 1))
        var bytes = Self.stream([1], device, release: "10.0")
        let length = bytes.firstIndex(of: 13) ?? 0
        bytes[length] = 12
        bytes.remove(at: length + 13)
        let findings = try MigrationStream(reading: BytesSource(bytes)).findings
        #expect(findings.map(\.rule.description) == ["VMST013"])
        #expect(findings.first?.message == "the vmdesc says that the machine's name has 13 bytes, it has 12")
        #expect(findings.first?.offset == 8)
    }

    @Test func devicesCanBeTakenOut() throws {
        let device = StreamBytes.device("dev", StreamBytes.field("a", "uint8", 1))
        let bytes = Self.stream([1], device)
        let all = Self.vmdesc(device)
        let start = try #require(all.range(of: "{\"name\":\"before\""))
        let own = try #require(all.range(of: device))
        let (_, first) = try edit(bytes, #"[{"op":"remove","path":"/sections/0"}]"#)
        #expect(first == all.replacingCharacters(in: start.lowerBound..<own.lowerBound))
        let (_, middle) = try edit(bytes, #"[{"op":"remove","path":"/sections/1"}]"#)
        #expect(middle == all.replacing(", \(device)", with: ""))
        let (_, last) = try edit(bytes, #"[{"op":"remove","path":"/sections/2"},{"op":"remove","path":"/sections/1"}]"#)
        #expect(last.hasSuffix("\"size\":1 } ]}]}"))
        let (_, none) = try edit(bytes, #"[{"op":"replace","path":"/sections","value":[]}]"#)
        #expect(none == #"{"page_size": 4096, "devices": []}"#)
    }

    /// A document that holds the whole stream has its vmdesc corrected too.
    @Test func aRawDocumentIsWrittenWithAVMDescThatIsTrue() throws {
        let devices = [StreamBytes.device("before", StreamBytes.field("b", "uint8", 1)), Self.queue(2)]
        let bytes = StreamBytes.headed {
            $0.full(2, "before", [1])
            $0.full(3, "dev", [1, 7, 1, 8, 0])
            $0.full(4, "behind", [1])
            $0.eof(devices: devices + [StreamBytes.device("behind", StreamBytes.field("b", "uint8", 1))])
        }.bytes
        let text = try raw(bytes)
        #expect(try StreamRequest.bytes(of: JSONDocument(parsing: Array(text.utf8), duplicates: .noted).root) == bytes)
        let changed = text.replacing(#"{"q":[{"v":7},"#, with: #"{"q":[{"v":7},{"v":9},"#)
        let document = try JSONDocument(parsing: Array(changed.utf8), duplicates: .noted)
        let written = try StreamRequest.bytes(of: document.root)
        let stream = try MigrationStream(reading: BytesSource(written))
        #expect(stream.findings.isEmpty)
        #expect(try state(written, 1) == #"{"q":[{"v":7},{"v":9},{"v":8}]}"#)
        let range = try #require(stream.vmdesc)
        let vmdesc = String(decoding: written[range], as: UTF8.self)
        #expect(
            vmdesc.hasSuffix("\(Self.queue(3)), \(StreamBytes.device("behind", StreamBytes.field("b", "uint8", 1)))]}")
        )
    }

    private func raw(_ bytes: [UInt8]) throws -> String {
        var request = StreamRequest()
        request.isRaw = true
        let source = BytesSource(bytes)
        return String(decoding: try request.document(request.read(source), of: source).text, as: UTF8.self)
    }

    /// What no QEMU has written; a document has the values of a vmdesc and not its spaces.
    @Test func aVMDescWithOtherSpacesIsNotWrittenFromADocument() throws {
        let text = try raw(Self.stream([1, 7, 1, 8, 0], Self.queue(2)))
        #expect(text.contains("not spaced as QEMU writes it"))
        #expect(throws: VMStateError.self) {
            try StreamRequest.bytes(of: JSONDocument(parsing: Array(text.utf8), duplicates: .noted).root)
        }
    }

    // MARK: Real streams

    /// A subsection of each of three releases; what stands around it in the vmdesc stays as it was.
    @Test(
        .enabled(if: !SharedStreams.names.isEmpty, "needs ../shared/streams"),
        arguments: [
            ("x86-pc-7.2-miscisa-after-firmware", 23), ("x86-pc-10.0-virtio-paused", 28),
            ("x86-pc-11.1-virtio-paused", 28),
        ]
    )
    func theDrivesOfAFloppyControllerLoseASubsection(_ name: String, _ section: Int) throws {
        let bytes = try SharedStreams.bytes(name)
        let stream = try MigrationStream(reading: BytesSource(bytes))
        let range = try #require(stream.vmdesc)
        let old = String(decoding: bytes[(range.lowerBound + 5)..<range.upperBound], as: UTF8.self)
        let (written, text) = try edit(
            bytes,
            #"[{"op":"remove","path":"/sections/\#(section)/state/state/drives/0/fdrive~1media_rate"}]"#
        )
        // The first of two drives.
        let media =
            #", "subsections": [{"vmsd_name": "fdrive/media_rate", "version": 1, "fields": [{"name": "media_rate", "#
            + #""type": "uint8", "size": 1}]}]}, "size": 27}"#
        let place = try #require(old.range(of: media))
        var expected = old
        expected.replaceSubrange(place, with: "}, \"size\": 3}")
        expected = expected.replacing("]}, \"size\": 593}", with: "]}, \"size\": 569}")
        #expect(text == expected)
        #expect(written.count < bytes.count)
        #expect(try state(written, section) != state(bytes, section))
    }
}

extension String {
    fileprivate func range(of other: String) -> Range<String.Index>? { firstRange(of: other) }

    fileprivate func replacingCharacters(in range: Range<String.Index>) -> String {
        var text = self
        text.removeSubrange(range)
        return text
    }
}
