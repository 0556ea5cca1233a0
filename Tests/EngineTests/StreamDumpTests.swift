// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Sections without a vmdesc, read by what a `-dump-vmstate` says.
@Suite struct StreamDumpTests {
    private static func field(_ name: String, _ size: Int, _ more: String = "", exists: Bool = false) -> String {
        "{\"field\": \"\(name)\", \"version_id\": 0, \"field_exists\": \(exists), \"size\": \(size)\(more)}"
    }

    private static func description(_ name: String, _ fields: [String], _ more: String = "", version: Int = 1) -> String
    {
        "{\"name\": \"\(name)\", \"version_id\": \(version), \"minimum_version_id\": 1, "
            + "\"Fields\": [\(fields.joined(separator: ", "))]\(more)}"
    }

    private static func dump(_ classes: [String: String]) -> String {
        let list = classes.sorted { $0.key < $1.key }.map { "\"\($0)\": {\"Name\": \"\($0)\", \"Description\": \($1)}" }
        return "{\"vmschkmachine\": {\"Name\": \"pc\"}, \(list.joined(separator: ", "))}"
    }

    private static func stream(_ payload: [UInt8], version: UInt32 = 1, hasFooters: Bool = true) -> [UInt8] {
        var stream = StreamBytes.headed()
        stream.hasFooters = hasFooters
        stream.full(0, "0000:00:03.0/dev", version: version, payload)
        stream.eof()
        return stream.bytes
    }

    private func request(_ dump: String) throws -> StreamRequest {
        try StreamRequest(JSONDocument(parsing: Array("{\"vmsds\": \(dump), \"offsets\": true}".utf8)).root)
    }

    private func decode(_ bytes: [UInt8], _ dump: String) throws -> JSONNode {
        let source = BytesSource(bytes)
        let request = try request(dump)
        let stream = try request.read(source)
        // A document gives its bytes back.
        let text = try request.document(stream, of: source).text
        let document = try JSONDocument(parsing: text).root
        let pieces = try request.pieces(for: document, stream, size: bytes.count)
        #expect(try pieces.bytes(of: source, limit: 1 << 20) == bytes)
        return document
    }

    private func state(_ payload: [UInt8], _ dump: String, version: UInt32 = 1) throws -> String? {
        let document = try decode(Self.stream(payload, version: version), dump)
        let section = document["sections"]?.elements.first
        #expect((section?["state"] == nil) == (document["incomplete"] != nil))
        return section?["state"].map { String(decoding: $0.json(), as: UTF8.self) }
    }

    private func reason(_ payload: [UInt8], _ dump: String, version: UInt32 = 1) throws -> (
        offset: Int, reason: String
    )? {
        let bytes = Self.stream(payload, version: version)
        let document = try decode(bytes, dump)
        #expect(document["sections"]?.elements.first?["data"] != nil)
        let findings = try request(dump).report(try request(dump).read(BytesSource(bytes))).findings
        #expect(findings.contains { $0.rule.description == "VMST017" && $0.severity == .warning })
        #expect(findings.allSatisfy { $0.severity != .error })
        guard let first = document["incomplete"]?.elements.first else { return nil }
        let start = try #require(document["sections"]?.elements.first?["offset"]?.int) + 30
        return ((first["offset"]?.int ?? 0) - start, first["reason"]?.string ?? "")
    }

    // MARK: What a dump says

    @Test func fieldsArraysAndStructsHaveTheirSizes() throws {
        let inner = Self.description("inner", [Self.field("x", 1), Self.field("y", 2)])
        let fields = [
            Self.field("a", 4), Self.field("b", 2, ", \"num\": 3"), Self.field("c", 1, ", \"num\": 2"),
            Self.field("s", 40, ", \"Description\": \(inner)"),
            Self.field("t", 40, ", \"num\": 2, \"Description\": \(inner)"),
        ]
        let dump = Self.dump(["some-type": Self.description("dev", fields)])
        let payload = (0..<21).map { UInt8($0) }
        #expect(
            try state(payload, dump)
                == #"{"a":"00010203","b":["0405","0607","0809"],"c":"0a0b","s":{"x":"0c","y":"0d0e"},"#
                + #""t":[{"x":"0f","y":"1011"},{"x":"12","y":"1314"}]}"#
        )
        let document = try decode(Self.stream(payload), dump)
        let last = try #require(document["offsets"]?.elements.last)
        #expect(last["path"]?.string == "/sections/0/state/t/1/y" && last["size"]?.int == 2)
        #expect(document["sections"]?.elements.first?["vmsd_name"]?.string == "dev")
    }

    @Test func olderVersionsHaveFewerFields() throws {
        let newer = "{\"field\": \"b\", \"version_id\": 2, \"field_exists\": false, \"size\": 2}"
        let dump = Self.dump(["t": Self.description("dev", [Self.field("a", 1), newer], version: 2)])
        #expect(try state([1], dump) == #"{"a":"01"}"#)
        #expect(try state([1, 2, 3], dump, version: 2) == #"{"a":"01","b":"0203"}"#)
        #expect(try reason([1], dump, version: 3)?.reason.hasPrefix("version-too-new") == true)
        #expect(try reason([1], dump, version: 0)?.reason.hasPrefix("version-too-old") == true)
    }

    /// The length of the section says which of two fields with a predicate is there, as with PCI's configuration space.
    @Test func predicatesAreFoundByTheLength() throws {
        let dump = Self.dump([
            "t": Self.description(
                "dev",
                [Self.field("config", 2, exists: true), Self.field("config", 4, exists: true), Self.field("z", 1)]
            )
        ])
        #expect(try state([1, 2, 9], dump) == #"{"config[0]":"0102","z":"09"}"#)
        #expect(try state([1, 2, 3, 4, 9], dump) == #"{"config[1]":"01020304","z":"09"}"#)
        #expect(try state([1, 2, 3, 4, 5, 6, 9], dump) == #"{"config[0]":"0102","config[1]":"03040506","z":"09"}"#)
    }

    @Test func oneFieldOfUnknownSizeTakesWhatIsLeft() throws {
        let dump = Self.dump([
            "t": Self.description("dev", [Self.field("a", 1), Self.field("blob", 0), Self.field("z", 1)])
        ])
        #expect(try state([1, 5, 6, 7, 2], dump) == #"{"a":"01","blob":"050607","z":"02"}"#)
        #expect(try state([1, 2], dump) == #"{"a":"01","blob":"","z":"02"}"#)
    }

    @Test func subsectionsCarryTheirNames() throws {
        let some = Self.description("dev/some", [Self.field("v", 1)])
        let other = Self.description("dev/other", [Self.field("w", 2)])
        let dump = Self.dump([
            "t": Self.description("dev", [Self.field("a", 1)], ", \"Subsections\": [\(some), \(other)]")
        ])
        func subsection(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
            [5, UInt8(name.utf8.count)] + Array(name.utf8) + [0, 0, 0, 1] + bytes
        }
        #expect(try state([1], dump) == #"{"a":"01"}"#)
        #expect(try state([1] + subsection("dev/other", [2, 3]), dump) == #"{"a":"01","dev/other":{"w":"0203"}}"#)
        #expect(
            try state([1] + subsection("dev/some", [9]) + subsection("dev/other", [2, 3]), dump)
                == #"{"a":"01","dev/some":{"v":"09"},"dev/other":{"w":"0203"}}"#
        )
        #expect(try reason([1] + subsection("dev/none", [9]), dump)?.offset == 1)
    }

    @Test func elementsOfDifferentLayoutAreOneBuffer() throws {
        let inner = Self.description("e", [Self.field("k", 1)], ", \"Subsections\": [\(Self.description("e/s", []))]")
        let dump = Self.dump([
            "t": Self.description("dev", [Self.field("e", 9, ", \"num\": 2, \"Description\": \(inner)")])
        ])
        let subsection: [UInt8] = [5, 3, 0x65, 0x2f, 0x73, 0, 0, 0, 1]
        #expect(try state([1, 2], dump) == #"{"e":[{"k":"01"},{"k":"02"}]}"#)
        #expect(try state([1] + subsection + [2], dump) == #"{"e":"010503652f730000000102"}"#)
    }

    // MARK: What it does not say

    @Test func severalWaysAreNone() throws {
        let twice = [Self.field("a", 1), Self.field("b", 1, exists: true), Self.field("c", 1, exists: true)]
        let dump = Self.dump(["t": Self.description("dev", twice)])
        #expect(try state([1], dump) == #"{"a":"01"}"#)
        #expect(try state([1, 2, 3], dump) == #"{"a":"01","b":"02","c":"03"}"#)
        let one = try #require(try reason([1, 2], dump))
        #expect(one.offset == 1 && one.reason.hasPrefix("count-unknown"))
        let blobs = Self.dump([
            "t": Self.description("dev", [Self.field("a", 2), Self.field("b", 0), Self.field("c", 0)])
        ])
        #expect(try reason([1, 2, 3], blobs)?.offset == 2)
    }

    /// Counted arrays have no count in a dump, so the length does not come out.
    @Test func aSectionOfAnotherLengthIsNotRead() throws {
        let dump = Self.dump(["t": Self.description("dev", [Self.field("n", 1), Self.field("v", 2)])])
        let longer = try #require(try reason([2, 0, 1, 0, 2], dump))
        #expect(longer.offset == 3 && longer.reason.contains("2 more bytes"))
        let shorter = try #require(try reason([0], dump))
        #expect(shorter.offset == 1 && shorter.reason.hasPrefix("stream-truncated"))
    }

    @Test func classesOfOneNameMustAgree() throws {
        let one = Self.description("dev", [Self.field("a", 2)])
        let same = Self.description("dev", [Self.field("a", 2)])
        let other = Self.description("dev", [Self.field("a", 1), Self.field("b", 1)])
        #expect(try state([1, 2], Self.dump(["t": one, "u": same])) == #"{"a":"0102"}"#)
        #expect(
            try state([1], Self.dump(["t": one, "u": Self.description("dev", [Self.field("c", 1)])])) == #"{"c":"01"}"#
        )
        #expect(try reason([1, 2], Self.dump(["t": one, "u": other]))?.reason.contains("2 classes") == true)
    }

    @Test func withoutFootersTheDumpMustBeCertain() throws {
        let dump = Self.dump(["t": Self.description("dev", [Self.field("a", 2)])])
        let document = try decode(Self.stream([1, 2], hasFooters: false), dump)
        #expect(document["sections"]?.elements.first?["state"]?["a"]?.string == "0102")
        let unsure = Self.dump(["t": Self.description("dev", [Self.field("a", 2), Self.field("b", 1, exists: true)])])
        let stream = try request(unsure).read(BytesSource(Self.stream([1, 2], hasFooters: false)))
        #expect(stream.findings.contains { $0.severity == .error && $0.section == "0000:00:03.0/dev" })
    }

    @Test func manyWaysEndInTime() throws {
        let optional = (0..<40).map { Self.field("f\($0)", 1 + $0 % 7, exists: true) }
        let dump = Self.dump(["t": Self.description("dev", optional + [Self.field("x", 0), Self.field("y", 0)])])
        #expect(try reason(Array(repeating: 5, count: 900), dump)?.reason.hasPrefix("count-unknown") == true)
    }

    @Test func whatIsNoDumpIsRefused() throws {
        let error = #expect(throws: VMStateError.self) {
            try request(#"{"vmschkmachine": {"Name": "pc"}, "t": {"Name": "t"}}"#)
        }
        #expect(error?.path?.description == "/vmsds/t/Description")
        let inside = #expect(throws: VMStateError.self) {
            try request(#"{"dev": {"vmschkmachine": {"Name": "pc"}}}"#)
        }
        #expect(inside?.path?.description == "/vmsds/dev")
    }

    // MARK: Real dumps

    /// Whatever is read by a dump has its fields where the vmdesc has them.
    @Test(
        .enabled(if: !SharedStreams.names.isEmpty, "needs ../shared/streams"),
        arguments: [
            ("x86-q35-7.2-on-7.2-paused", "dump-x86_64-pc-q35-7.2-7.2", 12),
            ("x86-q35-7.2-on-10.0-paused", "dump-x86_64-pc-q35-7.2-10.0", 21),
        ]
    )
    func agreesWithTheVMDesc(_ name: String, _ dump: String, _ count: Int) throws {
        let bytes = try SharedStreams.bytes(name)
        let text = try #require(try SharedStreams.bytes(dump, "json"))
        let request = try request(String(decoding: text, as: UTF8.self))
        func leaves(_ bytes: [UInt8]) throws -> (sections: [JSONNode], starts: [Substring: Set<Int>]) {
            let source = BytesSource(bytes)
            let node = try JSONDocument(parsing: try request.document(request.read(source), of: source).text).root
            var starts: [Substring: Set<Int>] = [:]
            for leaf in node["offsets"]?.elements ?? [] {
                let path = leaf["path"]?.string ?? ""
                starts[path.split(separator: "/")[1], default: []].insert(leaf["offset"]?.int ?? -1)
            }
            return (node["sections"]?.elements ?? [], starts)
        }
        let vmdesc = try #require(try MigrationStream(reading: BytesSource(bytes)).vmdesc)
        let own = try leaves(Array(bytes[..<vmdesc.lowerBound]))
        let real = try leaves(bytes)
        #expect(own.sections.count { $0["state"] != nil } == count)
        for (section, starts) in own.starts {
            #expect(starts.isSubset(of: real.starts[section] ?? []), "section \(section)")
        }
    }
}
