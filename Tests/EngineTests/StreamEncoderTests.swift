// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Streams that are written from their documents.
@Suite(.serialized) struct StreamEncoderTests {
    private func microbit() throws -> [UInt8] {
        try #require(Fixtures.read("streams/arm-microbit-11.1.mig"))
    }

    private func edited(_ bytes: [UInt8], _ patch: String) throws -> [UInt8] {
        let source = BytesSource(bytes)
        let request = StreamRequest()
        let patch = try JSONPatch(JSONDocument(parsing: Array(patch.utf8)).root)
        return try request.pieces(patching: request.read(source), with: [patch], size: bytes.count)
            .bytes(of: source, limit: 1 << 20)
    }

    private func document(_ bytes: [UInt8]) throws -> JSONNode {
        let stream = try MigrationStream(reading: BytesSource(bytes))
        return try JSONDocument(parsing: try StreamDocument(stream).json().text).root
    }

    /// Every device section and the vmdesc are written anew, none is copied.
    @Test(.enabled(if: !SharedStreams.names.isEmpty, "needs ../shared/streams"), arguments: SharedStreams.names)
    func writesItsDocument(_ name: String) throws {
        try check(try SharedStreams.bytes(name))
    }

    @Test(arguments: ["arm-microbit-11.1", "x86-none-10.0"]) func writesTheDocumentOfAFixture(_ name: String) throws {
        try check(try #require(Fixtures.read("streams/\(name).mig")))
    }

    private func check(_ bytes: [UInt8]) throws {
        let source = BytesSource(bytes)
        let stream = try MigrationStream(reading: source)
        let document = try JSONDocument(parsing: try StreamDocument(stream).json().text)
        let pieces = try StreamRequest().pieces(for: document.root, stream, size: bytes.count)
        let written = try pieces.bytes(of: source, limit: bytes.count)
        #expect(written == bytes)
        let copied = pieces.reduce(0) { sum, piece in
            guard case .source(let range) = piece else { return sum }
            return sum + range.count
        }
        let described = stream.sections.filter { $0.device != nil }.reduce(0) { $0 + $1.payload.count }
        #expect(copied <= bytes.count - described)
    }

    /// With `raw` the document holds everything, and nothing else is needed.
    @Test(arguments: ["arm-microbit-11.1", "x86-none-10.0", "qemu-7.2-dirty-bits"])
    func writesARawDocumentAlone(_ name: String) throws {
        let bytes = try StreamSamples.bytes(name)
        let source = BytesSource(bytes)
        var request = StreamRequest()
        request.isRaw = true
        let document = try JSONDocument(
            parsing: try request.document(try request.read(source), of: source).text,
            duplicates: .noted
        )
        #expect(try StreamRequest.bytes(of: document.root) == bytes)
    }

    /// Where reading stopped, the rest is in no document; what follows the stream is not either.
    @Test func refusesARawDocumentThatLacksSomething() throws {
        let bytes = try microbit()
        for (stream, place) in [(Array(bytes.prefix(20_000)), "/incomplete/"), (bytes + [1, 2, 3], "/trailing")] {
            let source = BytesSource(stream)
            var request = StreamRequest()
            request.isRaw = true
            let text = try request.document(try request.read(source), of: source).text
            let document = try JSONDocument(parsing: text, duplicates: .noted)
            let error = #expect(throws: VMStateError.self) { try StreamRequest.bytes(of: document.root) }
            #expect(error?.code == .stateMissingField)
            #expect(error?.statePath?.description.hasPrefix(place) == true)
        }
    }

    @Test func refusesADocumentWhoseBytesAreElsewhere() throws {
        let document = try document(microbit())
        let error = #expect(throws: VMStateError.self) { try StreamRequest.bytes(of: document) }
        #expect(error?.code == .stateMissingField)
        #expect(error?.statePath?.description == "/sections/0")
    }

    /// What is wrong with a command of a document is told with its place.
    @Test(arguments: [
        (#"{"offset":0,"command":2,"name":"PING","payload":"00000001"}"#, nil),
        (#"{"offset":0,"command":2,"name":"PACKAGED","payload":"00000001"}"#, "/commands/0/name"),
        (#"{"offset":0,"command":2,"payload":"zz"}"#, "/commands/0/payload"),
        (#"{"offset":0,"command":0,"payload":""}"#, "/commands/0"),
    ])
    func commandsOfADocument(_ command: String, _ place: String?) throws {
        let text = #"{"header":{"magic":"QEVM","version":3},"sections":[],"commands":[\#(command)]}"#
        let document = try JSONDocument(parsing: Array(text.utf8))
        do {
            let bytes = try StreamRequest.bytes(of: document.root)
            #expect(place == nil && Array(bytes[8...]) == [8, 0, 2, 0, 4, 0, 0, 0, 1, 0])
        } catch {
            #expect(error.statePath?.description == place)
        }
    }

    // MARK: Edits

    @Test func anEditChangesItsBytesOnly() throws {
        let bytes = try microbit()
        // nrf51_soc.rng: five integers of four bytes from 12439 - 20 on.
        let section = try #require(try document(bytes)["sections"]?.elements[10])
        #expect(section["idstr"]?.string == "nrf51_soc.rng")
        let written = try edited(
            bytes,
            #"[{"op":"replace","path":"/sections/10/state/interrupt_enabled","value":3735928559}]"#
        )
        let differing = bytes.indices.filter { bytes[$0] != written[$0] }
        #expect(written.count == bytes.count)
        let first = try #require(differing.first)
        #expect(differing.count == 4 && Array(written[first..<first + 4]) == [0xde, 0xad, 0xbe, 0xef])
        let stream = try MigrationStream(reading: BytesSource(written))
        #expect(stream.sections[10].payload.contains(first))
        #expect(stream.findings.isEmpty)
    }

    @Test func anEditWithoutAChangeCopiesEverything() throws {
        let bytes = try microbit()
        let source = BytesSource(bytes)
        let request = StreamRequest()
        let patch = try JSONPatch(
            JSONDocument(parsing: Array(#"[{"op":"test","path":"/page_size","value":1024}]"#.utf8)).root
        )
        let pieces = try request.pieces(patching: request.read(source), with: [patch], size: bytes.count)
        #expect(pieces == [.source(0..<bytes.count)])
    }

    @Test func aSectionCanBeTakenOut() throws {
        let written = try edited(microbit(), #"[{"op":"remove","path":"/sections/10"}]"#)
        let stream = try MigrationStream(reading: BytesSource(written))
        #expect(stream.sections.count == 17)
        #expect(!stream.sections.contains { $0.idstr == "nrf51_soc.rng" })
        // The vmdesc has lost it too.
        #expect(stream.findings.isEmpty)
    }

    @Test func aSectionCanBeRenamed() throws {
        let written = try edited(
            microbit(),
            #"[{"op":"replace","path":"/sections/10/idstr","value":"other.rng"},"#
                + #"{"op":"replace","path":"/sections/10/section_id","value":99}]"#
        )
        let stream = try MigrationStream(reading: BytesSource(written))
        #expect(stream.sections[10].idstr == "other.rng" && stream.sections[10].sectionID == 99)
        #expect(stream.findings.isEmpty)
    }

    /// A length that is left as it was follows the name; one that is changed must be right.
    @Test(arguments: ["", #",{"op":"replace","path":"/configuration/len","value":10}"#])
    func theMachineCanBeChanged(_ more: String) throws {
        let name = #"{"op":"replace","path":"/configuration/name","value":"microbit-2"}"#
        let written = try edited(microbit(), "[\(name)\(more)]")
        let stream = try MigrationStream(reading: BytesSource(written))
        #expect(stream.configuration?.machine == "microbit-2")
        #expect(stream.findings.isEmpty)
        let wrong = #",{"op":"replace","path":"/configuration/len","value":11}"#
        #expect(throws: VMStateError.self) { try edited(microbit(), "[\(name)\(wrong)]") }
    }

    @Test(arguments: [
        ("/page_size", #""value":4096"#, "/page_size"),
        ("/size", #""value":3"#, "/size"),
        ("/vmdesc", #""value":false"#, "/vmdesc"),
        ("/ram/blocks/0/size", #""value":1"#, "/ram"),
        ("/header/version", #""value":4"#, "/header"),
        ("/sections/0/type", #""value":"end""#, "/sections/0/type"),
        ("/sections/10/offset", #""value":5"#, "/sections/10/offset"),
        ("/sections/10/state/active", #""value":-1"#, "/sections/10/state/active"),
        ("/sections/10/state/active", #""value":"x""#, "/sections/10/state/active"),
        ("/sections/10/idstr", #""value":"""#, "/sections/10/idstr"),
        ("/sections/10/size", #""value":21"#, "/sections/10/size"),
        ("/sections/10/vmsd_name", #""value":"x""#, "/sections/10/vmsd_name"),
        ("/sections/1/pages/zero", #""value":1"#, "/sections/1/pages"),
    ])
    func refusesWhatCannotBeWritten(_ path: String, _ value: String, _ place: String) throws {
        let error = #expect(throws: VMStateError.self) {
            try edited(microbit(), #"[{"op":"replace","path":"\#(path)",\#(value)}]"#)
        }
        #expect(error?.statePath?.description == place)
    }

    @Test func refusesMembersThatNothingUses() throws {
        for path in [
            "/more", "/sections/10/more", "/sections/10/state/more", "/sections/0/state", "/configuration/more",
        ] {
            let error = #expect(throws: VMStateError.self, "\(path)") {
                try edited(microbit(), #"[{"op":"add","path":"\#(path)","value":1}]"#)
            }
            #expect(error?.statePath?.description == path)
        }
    }

    /// Taking something out is an edit as well; none is dropped in silence.
    @Test(arguments: [
        "/page_size", "/vmdesc", "/size", "/ram", "/commands", "/header", "/configuration", "/sections",
        "/sections/10/state",
        "/sections/10/version_id", "/sections/10/idstr",
    ])
    func refusesToTakeOutWhatAStreamNeeds(_ path: String) throws {
        let error = #expect(throws: VMStateError.self) {
            try edited(microbit(), #"[{"op":"remove","path":"\#(path)"}]"#)
        }
        #expect(error?.statePath?.description == path)
    }

    /// The vmdesc says the version too.
    @Test func aVersionCanBeChanged() throws {
        let written = try edited(microbit(), #"[{"op":"replace","path":"/sections/10/version_id","value":7}]"#)
        let stream = try MigrationStream(reading: BytesSource(written))
        #expect(stream.sections[10].versionID == 7)
        #expect(stream.findings.isEmpty)
        let both = try edited(
            microbit(),
            #"[{"op":"replace","path":"/sections/10/version_id","value":7},"#
                + #"{"op":"replace","path":"/sections/10/state/active","value":1}]"#
        )
        #expect(try MigrationStream(reading: BytesSource(both)).findings.isEmpty)
    }

    /// A document is read by what the interface says of its members, with and without the stream itself.
    @Test(arguments: [
        (#"{"op":"remove","path":"/sections"}"#, "/sections"),
        (#"{"op":"replace","path":"/sections","value":"x"}"#, "/sections"),
        (#"{"op":"replace","path":"/sections","value":null}"#, "/sections"),
        (#"{"op":"replace","path":"/configuration","value":"x"}"#, "/configuration"),
        (#"{"op":"replace","path":"/header","value":{"magic":"QEVM","version":2}}"#, "/header"),
        (#"{"op":"add","path":"/commands","value":"x"}"#, "/commands"),
        (#"{"op":"replace","path":"/ram","value":[]}"#, "/ram"),
        (#"{"op":"replace","path":"/size","value":"x"}"#, "/size"),
        (#"{"op":"replace","path":"/sections/10/version_id","value":"2"}"#, "/sections/10/version_id"),
        (#"{"op":"replace","path":"/sections/10/idstr","value":5}"#, "/sections/10/idstr"),
        (#"{"op":"add","path":"/sections/10/footer","value":"x"}"#, "/sections/10/footer"),
    ])
    func refusesADocumentOfAnotherShape(_ operation: String, _ place: String) throws {
        let bytes = try microbit()
        let source = BytesSource(bytes)
        var request = StreamRequest()
        request.isRaw = true
        let stream = try request.read(source)
        let whole = try JSONDocument(parsing: try request.document(stream, of: source).text, duplicates: .noted)
        let patch = try JSONPatch(JSONDocument(parsing: Array("[\(operation)]".utf8)).root)
        let document = try patch.apply(to: whole.root, limits: .default).root
        let alone = #expect(throws: VMStateError.self) { try StreamRequest.bytes(of: document) }
        #expect(alone?.statePath?.description == place)
        let beside = #expect(throws: VMStateError.self) {
            try request.pieces(for: document, stream, size: bytes.count)
        }
        #expect(beside?.statePath?.description == place)
    }

    // MARK: What an edit cannot do

    /// The section of a device whose VMSD counts an array, has a field of a later version and a subsection that is not needed.
    private static let counted = #"""
        {"vmsds": {"dev": {"name": "dev", "version_id": 3, "minimum_version_id": 1, "fields": [
            {"name": "n", "info": "uint8"},
            {"name": "q", "flags": ["VMS_VARRAY_UINT8"], "num_offset": "n", "info": "uint16"},
            {"name": "w", "info": "uint32", "version_id": 3}],
            "subsections": [{"name": "dev/s", "version_id": 1, "needed": "n != 2",
                "fields": [{"name": "t", "info": "uint16"}]}]}}}
        """#

    private static func counted(describes: Bool) -> [UInt8] {
        StreamBytes.headed {
            $0.full(3, "dev", version: 2, [2, 0, 7, 0, 8])
            let fields =
                StreamBytes.field("n", "uint8", 1) + #", {"name": "q", "array_len": 2, "type": "uint16", "size": 2}"#
            if describes { $0.eof(devices: [StreamBytes.device("dev", fields)]) } else { $0.eof() }
        }.bytes
    }

    private func edit(_ bytes: [UInt8], _ patch: String, vmsds: String = "{}") throws -> [UInt8] {
        let request = try StreamRequest(JSONDocument(request: Array(vmsds.utf8)).root)
        let source = BytesSource(bytes)
        return try request.pieces(
            patching: request.read(source),
            with: [JSONPatch(JSONDocument(parsing: Array(patch.utf8)).root)],
            size: bytes.count
        ).bytes(of: source, limit: 1 << 20)
    }

    @Test(arguments: [true, false])
    func whatADescriptionRulesOutIsNotDroppedInSilence(_ describes: Bool) throws {
        let bytes = Self.counted(describes: describes)
        for (patch, place) in [
            (#"[{"op":"add","path":"/sections/0/state/dev~1s","value":{"t":5}}]"#, "/sections/0/state/dev~1s"),
            (#"[{"op":"add","path":"/sections/0/state/w","value":5}]"#, "/sections/0/state/w"),
        ] {
            let error = #expect(throws: VMStateError.self) { try edit(bytes, patch, vmsds: Self.counted) }
            #expect(error?.code == .stateUnknownMember)
            #expect(error?.statePath?.description == place)
        }
    }

    /// A vmdesc does not say what counts an array.
    @Test(arguments: [true, false])
    func countersFollowTheGivenDescription(_ describes: Bool) throws {
        let bytes = Self.counted(describes: describes)
        let value = #"[{"op":"replace","path":"/sections/0/state/q/1","value":9}]"#
        #expect(try edit(bytes, value, vmsds: Self.counted).count == bytes.count)
        let counter = #"[{"op":"replace","path":"/sections/0/state/n","value":1}]"#
        #expect(throws: VMStateError.self) { try edit(bytes, counter, vmsds: Self.counted) }
    }

    /// Guest memory is copied: how it was written stays as it was.
    @Test(arguments: [
        #"{"op":"add","path":"/configuration/configuration~1capabilities","value":{"capabilities":["x-ignore-shared"]}}"#,
        #"{"op":"add","path":"/configuration/configuration~1capabilities","value":{"capabilities":["mapped-ram"]}}"#,
        #"{"op":"add","path":"/configuration/configuration~1target-page-bits","value":{"target_page_bits":14}}"#,
    ])
    func whatMemoryWasWrittenByIsKept(_ operation: String) throws {
        let bytes = StreamBytes.headed {
            $0.ram()
            $0.eof()
        }.bytes
        let error = #expect(throws: VMStateError.self) { try edit(bytes, "[\(operation)]") }
        #expect(error?.code == .valueOutOfRange)
        let other = #"{"capabilities":["return-path"]}"#
        let patch = #"[{"op":"add","path":"/configuration/configuration~1capabilities","value":\#(other)}]"#
        #expect(try edit(bytes, patch).count > bytes.count)
    }
}
