// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// What holds for the findings as a whole.
@Suite struct RuleCheckerTests {
    /// One case shows what 11.1 makes of a flag that it does not know.
    @Test(arguments: Fixtures.cases("devices") + Fixtures.cases("codec"))
    func descriptionsOfQEMUHaveNoErrors(_ fixture: FixtureCase) throws {
        let request = try fixture.json("request.json")
        let dialect = try #require(Dialect(name: request?["dialect"]?.string ?? "next"))
        let vmsd = try fixture.json("vmsd.json")
        let document = VMStateDocument(try #require(vmsd), dialect: dialect)
        let errors = DescriptionChecker(document, dialect: dialect).findings().filter {
            $0.severity == .error && !($0.rule.description == "VMSD022" && fixture.description.hasSuffix("-11.1"))
        }
        #expect(errors.map { "\($0.rule) \($0.path?.description ?? "") \($0.message)" } == [])
    }

    @Test func findingsStandInDocumentOrderErrorsFirst() throws {
        let found = try findings(
            """
            {"definitions": {"z": {"name": "z", "fields": [{"name": "a"}]}, "b": {"name": "", "fields": []}},
             "vmsd": {"name": "dev", "version_id": 1, "fields": [
                {"name": "s", "vmsd": "z"}, {"name": "b", "info": "buffer", "flags": ["VMS_MUST_EXIST"]}, {"name": "t"}]}}
            """
        )
        #expect(
            found == [
                "VMSD026 error /definitions/z/fields/0", "VMSD006 note /definitions/b",
                "VMSD001 error /definitions/b/name",
                "VMSD019 note /vmsd", "VMSD039 warning /vmsd/fields/1", "VMSD038 warning /vmsd/fields/1/flags",
                "VMSD038 warning /vmsd/fields/1/flags", "VMSD026 error /vmsd/fields/2",
            ]
        )
    }

    @Test func whatCannotBeReadIsAFinding() throws {
        let found = try findings(
            #"{"name": "dev", "minimum_verison_id": 1, "fields": [3, {"name": "a", "info": "bool"}]}"#
        )
        #expect(found == ["VMDOC001 error /fields/0", "VMDOC001 error /minimum_verison_id"])
    }

    @Test(arguments: [
        "[]", "3", "{}", #"{"definitions": {}}"#, #"{"vmsd": "x"}"#, #"{"vmsd": 3}"#,
        #"{"definitions": 3, "vmsd": {}}"#,
        #"{"definitions": {"a": 3}, "vmsd": "a"}"#, #"{"vmschkmachine": 3, "x": 4}"#, #"{"devices": [1, {}]}"#,
        #"{"name": "a", "fields": [{"name": "q", "info": "gtree", "vmsd": "x", "key_vmsd": "y"}], "subsections": ["z"]}"#,
    ])
    func documentsWithoutContentAreJudgedToo(_ text: String) throws {
        #expect(try !findings(text).isEmpty)
    }

    @Test func dumpsAreNotBlamedForWhatTheyDoNotSay() throws {
        let found = try findings(
            """
            {"vmschkmachine": {"Name": "pc"}, "x": {"Name": "x", "version_id": 2, "minimum_version_id": 1, "Description": {
              "name": "x", "version_id": 2, "minimum_version_id": 1,
              "Fields": [{"field": "a", "version_id": 2, "field_exists": false, "size": 4},
                {"field": "q", "version_id": 1, "field_exists": false, "size": 8,
                 "Description": {"name": "q", "version_id": 1, "minimum_version_id": 1, "Fields": []}},
                {"field": "b", "version_id": 1, "field_exists": true, "size": 4, "num": 2},
                {"field": "b", "version_id": 0, "field_exists": true, "size": 4}],
              "Subsections": [{"name": "y", "version_id": 300, "minimum_version_id": 0, "Fields": []}]}}}
            """
        )
        #expect(
            found == [
                "VMSD014 warning /x/Description/Fields/2/version_id", "VMSD052 note /x/Description/Fields/3/field",
                "VMSD041 error /x/Description/Subsections/0/name",
                "VMSD015 error /x/Description/Subsections/0/version_id",
            ]
        )
    }

    @Test func vmdescsAreNotBlamedForWhatTheyDoNotSay() throws {
        let found = try findings(
            """
            {"vmsd_name": "dev", "version": 2, "fields": [
              {"name": "a", "type": "uint8", "size": 1}, {"name": "a", "type": "some info", "size": 3},
              {"name": "s", "type": "struct", "size": 1, "struct": {"vmsd_name": "s", "version": 1, "fields": []}},
              {"name": "q", "type": "qtailq", "size": 1}, {"name": "t", "type": "struct", "size": 0}],
             "subsections": [{"vmsd_name": "dev/x", "version": 1, "fields": []}, {"vmsd_name": "dev/xy", "fields": []}]}
            """
        )
        #expect(found == ["VMSD043 error /subsections/1/vmsd_name"])
    }

    @Test(
        .timeLimit(.minutes(10)),
        arguments: [
            // Every description inside the next, all with subsections.
            { (n: Int) in
                let entries = (0..<n).map { i in
                    """
                    "d\(i)": {"name": "d", "fields": [{"name": "s", "vmsd": "d\((i + 1) % n)", "field_exists": "a"}],
                    "subsections": [{"name": "e", "needed": "b", "fields": [{"name": "v", "info": "uint8",
                    "flags": ["VMS_VARRAY_UINT32"], "num_offset": "n"}]}]}
                    """
                }
                return "{\"definitions\": {\(entries.joined(separator: ","))}, \"vmsd\": \"d0\"}"
            },
            // Subsections that are subsections of each other.
            { n in
                let entries = (0..<n).map { i in
                    """
                    "d\(i)": {"name": "\(String(repeating: "a", count: i % 250))", "subsections": ["d\((i + 1) % n)", "d\(i / 2)"],
                    "fields": [{"name": "v", "info": "uint8", "flags": ["VMS_VARRAY_UINT32"], "num_offset": "n"}]}
                    """
                }
                return "{\"definitions\": {\(entries.joined(separator: ","))}, \"vmsd\": \"d0\"}"
            },
            // One description used by all, and many fields of one name.
            { n in
                let fields = (0..<n).map { i in
                    """
                    {"name": "a", "info": "tmp", "vmsd": "t"}, {"name": "b\(i)", "info": "uint32", "version_id": 5,
                    "flags": ["VMS_VARRAY_INT32", "VMS_ALLOC"], "num_offset": "a"}
                    """
                }
                return """
                    {"definitions": {"t": {"name": "t", "fields": [\(fields.joined(separator: ","))]}},
                    "vmsd": {"name": "t", "fields": [\(fields.joined(separator: ","))]}}
                    """
            },
            // Sibling subsections, each the beginning of the next.
            { n in
                let siblings = (0..<n).map {
                    "{\"name\": \"\(String(repeating: "a", count: $0 % 300))\", \"fields\": []}"
                }
                return
                    "{\"name\": \"a\", \"fields\": [{\"name\": \"s\", \"vmsd\": {\"name\": \"a\", \"fields\": []}}], "
                    + "\"subsections\": [\(siblings.joined(separator: ","))]}"
            },
        ] as [@Sendable (Int) -> String]
    )
    func hostileDocumentsTakeBoundedTime(_ text: @Sendable (Int) -> String) throws {
        #expect(try !findings(text(400)).isEmpty)
    }

    @Test func findingsThatAreTooManyAreCountedAndErrorsGoFirst() throws {
        let fields = (0..<30_000).map { _ in #"{"name": "a", "info": "uint8", "version_id": 1}"# }
        let found = try findings(
            #"{"name": "d", "minimum_version_id": 2, "version_id": 1, "fields": [\#(fields.joined(separator: ","))]}"#
        )
        #expect(found.count == 20_001)
        #expect(found.contains("VMSD010 error /minimum_version_id"))
        #expect(found.last == "VMDOC004 note ")
    }

    private func findings(_ text: String) throws -> [String] {
        let document = VMStateDocument(try JSONDocument(parsing: Array(text.utf8)).root)
        return DescriptionChecker(document, dialect: .next).findings().map {
            "\($0.rule) \($0.severity.rawValue) \($0.path?.description ?? "-")"
        }
    }
}
