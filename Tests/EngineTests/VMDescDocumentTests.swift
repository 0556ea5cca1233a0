// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// QEMU's own description of a section, taken in place of a VMSD.
@Suite struct VMDescDocumentTests {
    @Test(arguments: Fixtures.cases("devices"))
    func aSectionIsReadAndWrittenByItsVMDesc(_ fixture: FixtureCase) throws {
        let vmdesc = try JSONDocument(parsing: try fixture.bytes("vmdesc.json"), duplicates: .noted)
        let document = VMStateDocument(vmdesc.root, dialect: .v10_0)
        #expect(document.kind == .vmdesc)
        let codec = try VMStateCodec(document, dialect: .v10_0)
        let wire = try fixture.wire()
        let decoded = try codec.decode(wire)
        #expect(decoded.consumed == wire.count)
        #expect(hexadecimal(try codec.encode(decoded.state.root).bytes) == hexadecimal(wire))
    }

    @Test func valuesAreThoseOfTheVMSD() throws {
        let fixture = FixtureCase(folder: "devices/net-7.2-i8254")
        let vmdesc = try JSONDocument(parsing: try fixture.bytes("vmdesc.json"))
        let decoded = try VMStateCodec(VMStateDocument(vmdesc.root)).decode(try fixture.wire())
        let state = try #require(try fixture.json("state.json"))
        #expect(decoded.state.root["channels"]?.json() == state["channels"]?.json())
    }

    @Test(arguments: [
        ("S00SS", Dialect.v10_0), ("SS0", .v10_0), ("0S", .v10_0), ("00SS0", .v10_0), ("SS0S", .v10_0),
        ("S00SS", .v11_1),
        ("S", .v7_2),
    ])
    func arraysOfPointersAreReadByTheirRuns(_ elements: String, _ dialect: Dialect) throws {
        let vmsd = """
            {"name":"test","fields":[{"name":"a","flags":["VMS_ARRAY","VMS_ARRAY_OF_POINTER","VMS_STRUCT"],
            "num":\(elements.count),"vmsd":{"name":"element","fields":[{"name":"i","info":"int32"}]}}]}
            """
        let state = "{\"a\":[" + elements.map { $0 == "S" ? #"{"i":1}"# : "null" }.joined(separator: ",") + "]}"
        let document = VMStateDocument(try JSONDocument(parsing: Array(vmsd.utf8)).root, dialect: dialect)
        let encoded = try VMStateCodec(document, dialect: dialect)
            .encode(try JSONDocument(parsing: Array(state.utf8)).root, describes: true)
        let vmdesc = try JSONDocument(parsing: try #require(encoded.vmdesc))
        let codec = try VMStateCodec(VMStateDocument(vmdesc.root, dialect: dialect), dialect: dialect)
        let decoded = try codec.decode(encoded.bytes)
        // Nothing in a vmdesc tells an array of one element from the element.
        let shown = elements.count == 1 ? #"{"a":{"i":1}}"# : state
        #expect(String(decoding: decoded.state.root.json(), as: UTF8.self) == shown)
        #expect(try codec.encode(decoded.state.root).bytes == encoded.bytes)
    }

    /// Elements whose layouts differ are described one by one and make one array all the same.
    @Test func elementsThatAreDescribedOneByOneMakeAnArray() throws {
        let vmdesc = try JSONDocument(
            parsing: Array(
                #"""
                {"name": "d", "instance_id": 0, "vmsd_name": "d", "version": 1, "fields": [
                {"name": "a", "index": 0, "type": "struct", "struct": {"vmsd_name": "e", "version": 1, "fields":
                [{"name": "i", "type": "uint8", "size": 1}]}, "size": 1},
                {"name": "a", "index": 1, "type": "struct", "struct": {"vmsd_name": "e", "version": 1, "fields":
                [{"name": "i", "type": "uint8", "size": 1}, {"name": "j", "type": "uint16", "size": 2}]}, "size": 3},
                {"name": "a", "type": "struct", "struct": {"vmsd_name": "e", "version": 1, "fields": []}, "size": 0},
                {"name": "b", "type": "uint8", "size": 1}]}
                """#.utf8
            ),
            duplicates: .noted
        )
        let codec = try VMStateCodec(VMStateDocument(vmdesc.root))
        var options = VMStateCodec.DecodeOptions()
        options.recordsOffsets = true
        let decoded = try codec.decode([1, 2, 0, 3, 4], options)
        #expect(
            String(decoding: decoded.state.root.json(), as: UTF8.self) == #"{"a":[{"i":1},{"i":2,"j":3},{}],"b":4}"#
        )
        #expect(decoded.offsets.map { $0.path.description } == ["/a/0/i", "/a/1/i", "/a/1/j", "/b"])
        #expect(decoded.offsets.map { $0.range } == [0..<1, 1..<2, 2..<4, 4..<5])
        #expect(try codec.encode(decoded.state.root).bytes == [1, 2, 0, 3, 4])
        let truncated = #expect(throws: VMStateError.self) { try codec.decode([1, 2, 0]) }
        #expect(truncated?.statePath?.description == "/a/1/j")
        for (state, place) in [
            (#"{"a":[{"i":1},{"i":2,"j":3}],"b":4}"#, "/a"),
            (#"{"a":[{"i":1},{"i":2,"j":3},{},{}],"b":4}"#, "/a"),
            (#"{"a":[{"i":1},{"i":2},{}],"b":4}"#, "/a/1/j"),
            (#"{"a":{},"b":4}"#, "/a"),
            (#"{"b":4}"#, "/a"),
        ] {
            let error = #expect(throws: VMStateError.self) {
                try codec.encode(JSONDocument(parsing: Array(state.utf8)).root)
            }
            #expect(error?.statePath?.description == place)
        }
    }
}
