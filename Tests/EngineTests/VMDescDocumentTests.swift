// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// QEMU's own description of a section, taken in place of a VMSD.
@Suite struct VMDescDocumentTests {
    @Test(arguments: Fixtures.cases("devices"))
    func aSectionIsReadAndWrittenByItsVMDesc(_ fixture: FixtureCase) throws {
        let vmdesc = try JSONDocument(parsing: try fixture.bytes("vmdesc.json"), allowsDuplicates: true)
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
        #expect(try codec.encode(decoded.state.root).bytes == encoded.bytes)
    }
}
