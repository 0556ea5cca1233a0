// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Arrays of which the vmdesc does not say everything: `vmdesc.md` sections 4.1 and 4.2.
@Suite struct StreamArrayTests {
    /// The state of a section with a field before the array and one behind it; `S` is an element of four bytes and `0` a NULL.
    private func array(_ entries: String, _ elements: String, inStruct: Bool = false) throws -> (
        state: String?, rules: [String]
    ) {
        var payload = StreamBytes()
        payload.byte(0x11)
        for (number, element) in elements.enumerated() {
            if element == "S" { payload.be32(UInt32(number + 1)) } else { payload.byte(0x30) }
        }
        payload.byte(0x22)
        var fields = [
            StreamBytes.field("before", "uint8", 1), describe(entries), StreamBytes.field("after", "uint8", 1),
        ]
        .joined(separator: ", ")
        if inStruct {
            fields =
                #"{"name": "inner", "type": "struct", "struct": {"vmsd_name": "in", "version": 1, "fields": "#
                + #"[\#(fields)]}, "size": \#(payload.bytes.count)}, \#(StreamBytes.field("last", "uint8", 1))"#
            payload.byte(0x33)
        }
        let bytes = StreamBytes.headed { stream in
            stream.full(3, "timer", payload.bytes)
            stream.full(4, "other", [1])
            stream.eof(devices: [
                StreamBytes.device("timer", fields), StreamBytes.device("other", StreamBytes.field("x", "uint8", 1)),
            ])
        }
        let findings = try MigrationStream.findings(in: bytes.bytes)
        let stream = try MigrationStream(reading: BytesSource(bytes.bytes))
        #expect(stream.sections.map(\.payload.count) == [payload.bytes.count, 1])
        let document = try JSONDocument(parsing: StreamDocument(stream).json().text).root
        let section = try #require(document["sections"]?.elements.first)
        let state = inStruct ? section["state"]?["inner"] : section["state"]
        if state == nil { #expect(section["data"]?.string == hexadecimal(payload.bytes)) }
        if let state {
            #expect(state["before"]?.int == 0x11)
            #expect(state["after"]?.int == 0x22)
        }
        let shown = state.map { state in
            state.members.filter { $0.name.hasPrefix("a") && $0.name != "after" }
                .flatMap { $0.value.kind == .array ? $0.value.elements : [$0.value] }
                .map { $0.kind == .null ? "0" : "\($0["i"]?.int ?? -1)" }.joined(separator: " ")
        }
        return (shown, findings.filter { $0.severity == .error }.map(\.rule.description))
    }

    /// `S3` is an entry of three elements, `0` the marker of a NULL; a marker of 11.1 is `p`.
    private func describe(_ entries: String) -> String {
        entries.split(separator: " ").map { entry in
            let count = entry.dropFirst().isEmpty ? "" : "\"array_len\": \(entry.dropFirst()), "
            switch entry.first {
            case "0": return "{\"name\": \"a\", \(count)\"type\": \"nullptr\", \"size\": 1}"
            case "p": return "{\"name\": \"a\", \(count)\"type\": \"ptr-marker\", \"size\": 1}"
            case "n": return "{\"name\": \"a\", \(count)\"type\": \"struct\", \"struct\": {}, \"size\": 1}"
            default:
                return
                    "{\"name\": \"a\", \(count)\"type\": \"struct\", \"struct\": {\"vmsd_name\": \"s\", \"version\": 1, "
                    + "\"fields\": [{\"name\": \"i\", \"type\": \"uint32\", \"size\": 4}]}, \"size\": 4}"
            }
        }.joined(separator: ", ")
    }

    /// The table of section 4.1: what is described, and what there is.
    static let tables: [(entries: String, elements: String, expected: String)] = [
        // Everything is described.
        ("S3", "SSS", "1 2 3"), ("S", "S", "1"), ("0 S", "0S", "0 2"), ("S3 0", "SS0", "1 2 0"),
        ("S4 0 S", "SS0S", "1 2 0 4"), ("02 S2 0", "00SS0", "0 0 3 4 0"), ("02 S", "00S", "0 0 3"),
        ("S5 02 S2", "S00SS", "1 0 0 4 5"), ("02 02 S", "00S", "0 0 3"), ("03 02 0", "000", "0 0 0"),
        ("p S", "0S", "0 2"), ("S4 p S", "SS0S", "1 2 0 4"), ("S5 p2 S2", "S00SS", "1 0 0 4 5"), ("p3", "000", "0 0 0"),
        ("p p S", "00S", "0 0 3"), ("n3", "000", "0 0 0"),
        // 11.1 leaves out a last run of one element.
        ("S3", "SS0", "1 2 0"), ("p2 S2", "00SS0", "0 0 3 4 0"), ("S5 p2", "SS00S", "1 2 0 0 5"),
        // Up to 9.x nothing is said of NULL in a compressed array.
        ("S4", "SS00", "1 2 0 0"), ("S4", "S00S", "1 0 0 4"), ("S4", "0SSS", "0 2 3 4"),
        ("S6", "S0SSSS", "1 0 3 4 5 6"),
    ]

    @Test(arguments: tables)
    func anArrayIsReadByWhatThereIs(_ entries: String, _ elements: String, _ expected: String) throws {
        let (state, rules) = try array(entries, elements)
        #expect(state == expected)
        #expect(rules == [])
        #expect(try array(entries, elements, inStruct: true).state == expected)
        #expect(try array(entries, elements, inStruct: true).rules == [])
    }

    /// Where the description of an element is nowhere, the bytes are given; where a release leaves it out, that is no error of the
    /// stream.
    @Test(arguments: [("p2", "00S", "VMST017"), ("n2", "0S", "VMST017"), ("02", "00S", "VMST016")])
    func whatIsNotDescribedIsGivenAsBytes(_ entries: String, _ elements: String, _ rule: String) throws {
        let (state, rules) = try array(entries, elements)
        #expect(state == nil)
        #expect(rules.contains(rule))
    }

    @Test func aMarkerOfANumberedFieldBelongsToIt() throws {
        // 10.0: two fields of the VMSD have the name, so elements are ar[1] and markers ar[-1].
        let element =
            #""type": "struct", "struct": {"vmsd_name": "s", "version": 1, "fields": [\#(StreamBytes.field("i", "uint8", 1)), \#(StreamBytes.field("j", "uint8", 1))]}, "size": 2}"#
        let fields =
            #"{"name": "ar[1]", "array_len": 4, \#(element), {"name": "ar[-1]", "type": "nullptr", "size": 1}, {"name": "ar[1]", \#(element)"#
        let bytes = StreamBytes.headed { stream in
            stream.full(3, "timer", [1, 2, 3, 4, 0x30, 5, 6])
            stream.eof(devices: [StreamBytes.device("timer", fields)])
        }
        #expect(try MigrationStream.findings(in: bytes.bytes).map(\.line) == [])
        let stream = try MigrationStream(reading: BytesSource(bytes.bytes))
        let text = try StreamDocument(stream).json().text
        let state = try JSONDocument(parsing: text).root["sections"]?.elements[0]["state"]
        let elements = try #require(state?["ar[1]"]?.elements)
        #expect(elements.map(\.kind) == [.object, .object, .null, .object])
        #expect(elements.last?["j"]?.int == 6)
    }

    @Test func aPointerMarkerStandsBeforeEachElement() throws {
        // The seed's dynamic arrays: two entries for an element, one for a NULL.
        let (state, rules) = try array("p S p p S", "")
        #expect(state == nil && rules.contains("VMST016"))
        let element = StreamBytes.field("a", "uint16", 2)
        let marker = StreamBytes.field("a", "ptr-marker", 1)
        let bytes = StreamBytes.headed { stream in
            stream.full(3, "timer", [0x31, 0, 7, 0x30, 0x31, 0, 9])
            stream.eof(devices: [
                StreamBytes.device("timer", [marker, element, marker, marker, element].joined(separator: ", "))
            ])
        }
        #expect(try MigrationStream.findings(in: bytes.bytes).map(\.line) == [])
    }

    /// Structs that are queues, trees and temporary: the groups in the field's own object.
    @Test func elementsOfAQueueAreTheGroupsOfItsObject() throws {
        let group = #""vmsd_name": "e", "version": 1, "fields": [\#(StreamBytes.field("x", "uint8", 1))]"#
        let fields = [
            #"{"name": "q", "type": "qtailq", \#(group), \#(group), "size": 5}"#,
            #"{"name": "none", "type": "qlist", "size": 1}"#, #"{"name": "t", "type": "tmp", \#(group), "size": 1}"#,
            #"{"name": "v", "type": "vstruct", \#(group), "size": 1}"#,
            #"{"name": "g", "type": "gtree", \#(group), "size": 15}"#,
        ].joined(separator: ", ")
        let payload: [UInt8] = [1, 7, 1, 8, 0, 0, 9, 10, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 5, 6, 0]
        let bytes = StreamBytes.headed { stream in
            stream.full(3, "timer", payload)
            stream.eof(devices: [StreamBytes.device("timer", fields)])
        }
        #expect(try MigrationStream.findings(in: bytes.bytes).map(\.line) == [])
        let text = try StreamDocument(try MigrationStream(reading: BytesSource(bytes.bytes))).json().text
        let state = try JSONDocument(parsing: text).root["sections"]?.elements[0]["state"]
        let shown = String(decoding: state?.json() ?? [], as: UTF8.self)
        #expect(
            shown
                == #"{"q":[{"x":7},{"x":8}],"none":[],"t":{"x":9},"v":{"x":10},"g":[{"key":5,"value":{"x":6}}]}"#
        )
    }
}
