// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// The description that is written beside the bytes, held against what QEMU 7.2, 10.0 and 11.1 wrote.
@Suite struct VMDescTests {
    @Test(arguments: Fixtures.cases("devices"))
    func theVMDescIsQEMUsToTheByte(_ fixture: FixtureCase) throws {
        let origin = try #require(try fixture.json("origin.json"))
        let release = try #require(origin["qemu"]?.string)
        let dialect: Dialect = release.hasPrefix("7.") ? .v7_2 : release.hasPrefix("10.") ? .v10_0 : .v11_1
        let codec = try fixture.codec(dialect: dialect)
        let state = try #require(try fixture.json("state.json"))
        let vmdesc = try #require(try codec.encode(state, describes: true).vmdesc)
        let expected = String(decoding: try fixture.bytes("vmdesc.json"), as: UTF8.self)
        #expect(String(decoding: vmdesc, as: UTF8.self) + "\n" == expected)
    }

    /// `vmdesc.md` section 4.1: elements of an array of pointers to a struct of four bytes; `S` is one, `0` is NULL.
    @Test(arguments: [
        ("SS0", [], Dialect.v10_0, "struct 3,nullptr"), ("SS0", [], .v11_1, "struct 3"),
        ("0S", [], .v10_0, "nullptr,struct"), ("0S", [], .v11_1, "ptr-marker,struct"),
        ("SS0S", [], .v10_0, "struct 4,nullptr,struct"), ("SS0S", [], .v11_1, "struct 4,ptr-marker,struct"),
        ("00SS0", [], .v10_0, "nullptr 2,struct 2,nullptr"), ("00SS0", [], .v11_1, "ptr-marker 2,struct 2"),
        ("00S", [], .v10_0, "nullptr 2,struct"), ("00S", [], .v11_1, "ptr-marker 2"),
        ("S00SS", [], .v10_0, "struct 5,nullptr 2,struct 2"), ("S00SS", [], .v11_1, "struct 5,ptr-marker 2,struct 2"),
        ("00S", ["subsections"], .v10_0, "nullptr 2,nullptr 2,struct"),
        ("00S", ["subsections"], .v11_1, "ptr-marker,ptr-marker,struct"),
        ("000", ["subsections"], .v10_0, "nullptr 3,nullptr 2,nullptr"),
        ("SS0S", ["subsections"], .v10_0, "struct #0,struct #1,nullptr,struct"),
        ("SS0S", ["subsections"], .v11_1, "struct,struct,ptr-marker,struct"),
        ("S0S", ["VMS_ALLOC"], .next, "ptr-marker,struct,ptr-marker,ptr-marker,struct"),
        ("SS", [], .v7_2, "struct 2"), ("S0", [], .v7_2, "struct 2"), ("0S", [], .v7_2, "struct 2"),
        ("SS", ["subsections"], .v7_2, "struct #0,struct #1"), ("S", [], .v7_2, "struct"),
    ])
    func arraysOfPointersAreDescribedAsEachReleaseDoes(
        _ elements: String,
        _ extras: [String],
        _ dialect: Dialect,
        _ expected: String
    ) throws {
        let alloc = extras.contains("VMS_ALLOC") ? #","VMS_ALLOC","VMS_POINTER""# : ""
        let subsections = extras.contains("subsections") ? #","subsections":[]"# : ""
        let vmsd = """
            {"name":"t","fields":[{"name":"a","flags":["VMS_ARRAY","VMS_ARRAY_OF_POINTER","VMS_STRUCT"\(alloc)],
            "num":\(elements.count),"size":4,"vmsd":{"name":"s","fields":[{"name":"i","info":"int32"}]\(subsections)}}]}
            """
        let state = "{\"a\":[" + elements.map { $0 == "S" ? #"{"i":1}"# : "null" }.joined(separator: ",") + "]}"
        let document = VMStateDocument(try JSONDocument(parsing: Array(vmsd.utf8)).root, dialect: dialect)
        let codec = try VMStateCodec(document, dialect: dialect)
        let encoded = try codec.encode(try JSONDocument(parsing: Array(state.utf8)).root, describes: true)
        let vmdesc = try JSONDocument(parsing: try #require(encoded.vmdesc)).root
        let entries = try #require(vmdesc["fields"]).elements.map { field in
            (field["type"]?.string ?? "") + (field["array_len"]?.int.map { " \($0)" } ?? "")
                + (field["index"]?.int.map { " #\($0)" } ?? "")
        }
        #expect(entries.joined(separator: ",") == expected)
    }
}
