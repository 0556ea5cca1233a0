// SPDX-License-Identifier: Apache-2.0

import Engine
import Foundation
import TestSupport
import Testing

/// An edit does what it says, or says why not; what it does not touch comes back byte for byte.
@Suite struct StreamEditExactnessTests {
    private static func stream(_ payload: [UInt8], _ fields: String, version: UInt32 = 1) -> [UInt8] {
        StreamBytes.headed { stream in
            stream.full(1, "dev", version: version, payload)
            stream.eof(devices: [StreamBytes.device("dev", fields)])
        }.bytes
    }

    private func edit(_ bytes: [UInt8], _ patch: String, vmsds: String? = nil) throws -> [UInt8] {
        let request = try vmsds.map { try StreamRequest(JSONDocument(parsing: Array($0.utf8)).root) } ?? StreamRequest()
        let source = BytesSource(bytes)
        let patch = try JSONPatch(JSONDocument(parsing: Array(patch.utf8)).root)
        return try request.pieces(patching: request.read(source), with: [patch], size: bytes.count)
            .bytes(of: source, limit: 1 << 24)
    }

    private func replacing(_ place: String, _ value: String) -> String {
        #"[{"op":"replace","path":"\#(place)","value":\#(value)}]"#
    }

    private func vmdesc(_ bytes: [UInt8]) throws -> String {
        let stream = try MigrationStream(reading: BytesSource(bytes))
        let range = try #require(stream.vmdesc)
        return String(decoding: bytes[(range.lowerBound + 5)..<range.upperBound], as: UTF8.self)
    }

    // MARK: Numbers

    /// Doubles have 53 bits; integers of a stream have 64.
    @Test func numbersAreComparedExactly() throws {
        let fields =
            StreamBytes.field("u", "uint64", 8) + ", " + StreamBytes.field("v", "uint64", 8) + ", "
            + StreamBytes.field("d", "float64", 8)
        let payload =
            [UInt8](repeating: 0xff, count: 8) + [0, 0x20, 0, 0, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 8)
        let bytes = Self.stream(payload, fields)
        for (place, value) in [("u", "18446744073709551616"), ("v", "9007199254740992.0"), ("u", "1e400")] {
            let error = #expect(throws: VMStateError.self) {
                try edit(bytes, replacing("/sections/0/state/\(place)", value))
            }
            #expect(error?.code == .valueOutOfRange && error?.statePath?.tokens.last == place)
        }
        // The same number in another notation changes nothing; the other zero does.
        #expect(try edit(bytes, replacing("/sections/0/state/v", "9007199254740993.0e0")) == bytes)
        let negative = try edit(bytes, replacing("/sections/0/state/d", "-0.0"))
        let section = try MigrationStream(reading: BytesSource(negative)).sections[0]
        #expect(Array(negative[section.payload]) == payload[..<16] + [0x80, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test(arguments: [
        ("9007199254740993", "9007199254740992.0", false), ("1", "1.0", true), ("100", "1e2", true),
        ("0.001", "1E-3", true), ("-0", "0", true), ("0e7", "0.0", true), ("1e400", "1e401", false),
        ("1e400", "10e399", true),
        ("12", "1.2", false), ("-5", "5", false), ("1e99999999999999999999", "1e99999999999999999999", true),
        ("18446744073709551616", "18446744073709551616.0", true),
        ("18446744073709551616", "18446744073709551617", false),
    ]) func testComparesNumbersByTheirValue(_ own: String, _ other: String, _ areEqual: Bool) throws {
        for (left, right) in [(own, other), (other, own)] {
            let patch = try JSONPatch(
                JSONDocument(parsing: Array(#"[{"op":"test","path":"/a","value":\#(right)}]"#.utf8)).root
            )
            let document = try JSONDocument(parsing: Array(#"{"a":\#(left)}"#.utf8)).root
            #expect(((try? patch.apply(to: document)) != nil) == areEqual, "\(left) \(right)")
        }
    }

    // MARK: What cannot be carried out

    @Test(arguments: [
        ("/sections/0/size", "1.5"), ("/vmdesc", #"{"devices":[]}"#), ("/vmdesc", "{}"),
    ]) func whatIsNotTakenIsRefused(_ place: String, _ value: String) throws {
        let bytes = Self.stream([1, 2], StreamBytes.field("a", "uint8", 1, count: 2))
        let error = #expect(throws: VMStateError.self) { try edit(bytes, replacing(place, value)) }
        #expect(error?.statePath?.description == place)
        let gone = #expect(throws: VMStateError.self) {
            try edit(bytes, #"[{"op":"remove","path":"/sections/0/size"}]"#)
        }
        #expect(gone?.statePath?.description == "/sections/0/size")
    }

    private static func configured(_ name: [UInt8], _ more: [UInt8] = []) -> [UInt8] {
        var stream = StreamBytes.headed(by: nil)
        stream.byte(7)
        stream.be32(UInt32(name.count))
        stream.bytes += name
        stream.byte(5)
        stream.string("configuration/capabilities")
        stream.be32(1)
        stream.be32(1)
        stream.string("events")
        stream.byte(5)
        stream.string("configuration/uuid")
        stream.be32(1)
        stream.bytes += (0..<16).map { UInt8($0) }
        stream.bytes += more
        stream.full(1, "dev", [1])
        stream.eof(devices: [StreamBytes.device("dev", StreamBytes.field("a", "uint8", 1))])
        return stream.bytes
    }

    @Test(arguments: [
        ("replace", "/configuration/len", "\"foo\""), ("replace", "/configuration/len", "null"),
        ("add", "/configuration/configuration~1uuid/foo", "1"),
        ("add", "/configuration/configuration~1capabilities/foo", "1"),
        ("replace", "/configuration/configuration~1capabilities", "{}"),
        ("replace", "/configuration/configuration~1capabilities/capabilities", "\"events\""),
        ("replace", "/configuration/configuration~1capabilities/caps_count", "\"1\""),
    ]) func theConfigurationIsChecked(_ operation: String, _ place: String, _ value: String) throws {
        let bytes = Self.configured(Array("pc".utf8))
        let error = #expect(throws: VMStateError.self) {
            try edit(bytes, #"[{"op":"\#(operation)","path":"\#(place)","value":\#(value)}]"#)
        }
        #expect(error?.statePath?.description.hasPrefix(place) == true, "\(String(describing: error))")
        let uuid = replacing("/configuration/configuration~1uuid/uuid", "\"\(String(repeating: "ab", count: 16))\"")
        let written = try edit(bytes, uuid)
        #expect(written.count == bytes.count && written != bytes)
        // A name that is no UTF-8 would come back as another.
        #expect(throws: VMStateError.self) { try edit(Self.configured([0x70, 0xff]), uuid) }
    }

    // MARK: Values

    @Test func unusedBytesCanBecomeZero() throws {
        let fields = StreamBytes.field("a", "uint8", 1) + ", " + StreamBytes.field("unused", "unused_buffer", 2)
        let bytes = Self.stream([1, 0, 5], fields)
        #expect(try edit(bytes, replacing("/sections/0/state/unused", "\"0000\"")) == Self.stream([1, 0, 0], fields))
    }

    /// Other notations of the same values do not make a section another: a `bool` that is 2 stays.
    @Test func aDocumentInAnotherNotationGivesTheSameBytes() throws {
        let fields =
            StreamBytes.field("b", "bool", 1) + ", " + StreamBytes.field("u", "uint64", 8) + ", "
            + StreamBytes.field("c", "buffer", 2)
        let bytes = Self.stream([2, 0, 0, 0, 0, 0, 0, 0, 7, 8, 9], fields)
        let source = BytesSource(bytes)
        for (strings, base64) in [(false, false), (true, false), (false, true), (true, true)] {
            var request = StreamRequest()
            request.answer.printing.int64AsString = strings
            request.answer.printing.bytesAsBase64 = base64
            let stream = try request.read(source)
            let document = try JSONDocument(parsing: request.document(stream, of: source).text)
            let pieces = try request.pieces(for: document.root, stream, size: bytes.count)
            #expect(try pieces.bytes(of: source, limit: 1 << 20) == bytes)
        }
    }

    // MARK: The vmdesc

    /// `array_len` stands where it stands.
    @Test func anArrayThatBecomesOneElementLosesItsLength() throws {
        for entry in [
            #"{"array_len": 2, "name": "a", "type": "uint8", "size": 1}"#,
            #"{"name": "a", "type": "uint8", "array_len": 2, "size": 1}"#,
            #"{"name": "a", "type": "uint8", "size": 1, "array_len": 2}"#,
        ] {
            let vmsds =
                #"{"vmsds":{"dev":{"name":"dev","version_id":1,"minimum_version_id":1,"fields":[{"name":"a","info":"uint8"}]}}}"#
            let written = try edit(
                Self.stream([1, 2], entry),
                replacing("/sections/0/state", #"{"a":5}"#),
                vmsds: vmsds
            )
            let text = try vmdesc(written)
            #expect(!text.contains("array_len") && text.contains(#""name": "a""#) && text.contains(#""type": "uint8""#))
            #expect(try MigrationStream.findings(in: written).isEmpty)
        }
    }

    @Test func aVersionAndBytesOfAnotherLengthAreDescribed() throws {
        let written = try edit(
            Self.stream([1, 2], StreamBytes.field("a", "uint8", 1, count: 2)),
            #"[{"op":"replace","path":"/sections/0/version_id","value":3},{"op":"remove","path":"/sections/0/state"},"#
                + #"{"op":"add","path":"/sections/0/data","value":"010203"}]"#
        )
        let field = #"{"name": "data", "size": 3, "type": "buffer"}"#
        #expect(
            try vmdesc(written).hasSuffix(
                #""devices": [{"name": "dev", "instance_id": 0, "size": 3, "fields": [\#(field)]}]}"#
            )
        )
        #expect(try MigrationStream.findings(in: written).isEmpty)
    }

    @Test func aDocumentOfEverythingKeepsDuplicatesOfTheVMDescAndItsVersions() throws {
        let element = #""vmsd_name": "e", "version": 1, "fields": [{"name": "v", "type": "uint8", "size": 1}]"#
        let bytes = Self.stream(
            [1, 7, 1, 8, 0],
            #"{"name": "q", "type": "qtailq", \#(element), \#(element), "size": 5}"#
        )
        var request = StreamRequest()
        request.isRaw = true
        let source = BytesSource(bytes)
        let text = try request.document(request.read(source), of: source).text
        func encoded(_ text: String) throws -> [UInt8] {
            try StreamRequest.bytes(of: JSONDocument(request: Array(text.utf8)).root)
        }
        let document = String(decoding: text, as: UTF8.self)
        #expect(try encoded(document) == bytes)
        // Elsewhere a member comes once.
        #expect(throws: JSONError.self) {
            try JSONDocument(request: Array(document.replacing(#""idstr""#, with: #""idstr":"x","idstr""#).utf8))
        }
        let newer = try encoded(document.replacing(#""version_id":1"#, with: #""version_id":7"#))
        #expect(try MigrationStream(reading: BytesSource(newer)).sections[0].versionID == 7)
        #expect(try vmdesc(newer).contains(#""vmsd_name": "dev", "version": 7"#))
    }

    /// Of two sections that the vmdesc has as one the first is described.
    @Test func aDeviceOfTheVMDescIsThatOfOneSection() throws {
        let field = StreamBytes.field("a", "uint8", 1)
        let bytes = StreamBytes.headed { stream in
            stream.full(1, "dev", [1])
            stream.full(2, "dev", [2])
            stream.eof(devices: [StreamBytes.device("dev", field)])
        }.bytes
        let document = try JSONDocument(
            parsing: StreamDocument(MigrationStream(reading: BytesSource(bytes))).json().text
        ).root
        let sections = try #require(document["sections"]?.elements)
        #expect(sections.map { $0["state"] != nil } == [true, false])
        let written = try edit(bytes, #"[{"op":"remove","path":"/sections/1"}]"#)
        #expect(try MigrationStream.findings(in: written).isEmpty)
    }

    /// What the configuration says comes back, its bytes only where they are QEMU's: else the document says so.
    @Test func configurationsThatQEMUWouldWriteOtherwiseAreNotHeld() throws {
        func raw(_ bytes: [UInt8]) throws -> JSONNode {
            var request = StreamRequest()
            request.isRaw = true
            let source = BytesSource(bytes)
            return try JSONDocument(parsing: request.document(request.read(source), of: source).text).root
        }
        #expect(try raw(Self.configured(Array("pc".utf8)))["incomplete"] == nil)
        var bits = StreamBytes()
        bits.byte(5)
        bits.string("configuration/target-page-bits")
        bits.be32(1)
        bits.be32(12)
        let late = try raw(Self.configured(Array("pc".utf8), bits.bytes))
        #expect(late["incomplete"]?.elements.first?["rule"]?.string == "VMST002")
        let twice = try MigrationStream.findings(in: Self.configured(Array("pc".utf8), bits.bytes + bits.bytes))
        #expect(twice.map(\.rule.description).contains("VMST002"))
    }
}
