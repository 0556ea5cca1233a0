// SPDX-License-Identifier: Apache-2.0

import Engine
import Testing

@testable import Server

/// What a caller reads when something is wrong.
@Suite("Problem documents", .timeLimit(.minutes(10)))
struct ProblemTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let path: String
        let request: String
        let code: String
        var vmsd: String?
        var state: String?
        var offset: Int?
        var expected: String?
        var found: String?
        var rule: String?
        var testDescription: String { "\(code) \(request.prefix(160))" }
    }

    private static func decode(
        _ fields: String,
        _ stream: String,
        _ more: String = "",
        _ code: String,
        vmsd: String? = nil,
        state: String? = nil,
        offset: Int? = nil,
        expected: String? = nil,
        found: String? = nil,
        rule: String? = nil
    ) -> Case {
        Case(
            path: "/v1/decode",
            request: Documents.decode(fields, stream, more),
            code: code,
            vmsd: vmsd,
            state: state,
            offset: offset,
            expected: expected,
            found: found,
            rule: rule
        )
    }

    private static func encode(
        _ fields: String,
        _ document: String,
        _ more: String = "",
        _ code: String,
        vmsd: String? = nil,
        state: String? = nil,
        expected: String? = nil,
        found: String? = nil,
        rule: String? = nil
    ) -> Case {
        Case(
            path: "/v1/encode",
            request: Documents.encode(fields, document, more),
            code: code,
            vmsd: vmsd,
            state: state,
            expected: expected,
            found: found,
            rule: rule
        )
    }

    private static let byte = #"[{"name":"a","info":"uint8"}]"#
    private static let word = #"[{"name":"p","info":"uint8"},{"name":"a","info":"uint32"}]"#
    private static let markers =
        #"[{"name":"r","info":"uint8","flags":["VMS_ARRAY","VMS_POINTER","VMS_ARRAY_OF_POINTER","VMS_ALLOC"],"num":2}]"#
    private static let nested =
        #"[{"name":"s","vmsd":{"name":"u","fields":[{"name":"x","info":"int16"}]},"flags":["VMS_STRUCT"]}]"#
    private static let counted =
        #"[{"name":"n","info":"uint32"},"#
        + #"{"name":"v","info":"uint8","flags":["VMS_VARRAY_UINT32"],"num_offset":"n"}]"#

    static let cases: [Case] = [
        decode(
            word,
            "010000",
            "",
            "stream-truncated",
            vmsd: "/fields/1",
            state: "/a",
            offset: 1,
            expected: "4 bytes",
            found: "2 bytes",
            rule: "VMWIRE001"
        ),
        decode(byte, "0708", "", "trailing-bytes", vmsd: "", offset: 1, found: "1 more byte", rule: "VMWIRE002"),
        decode(byte, "070000", "", "trailing-bytes", vmsd: "", offset: 1, found: "2 more bytes"),
        decode(markers, "310132", "", "marker-invalid", vmsd: "/fields/0", state: "/r/1", offset: 2, rule: "VMWIRE003"),
        decode(byte, "07", #","version_id":4"#, "version-too-new", found: "4", rule: "VMWIRE004"),
        decode(byte, "07", #","version_id":1"#, "version-too-old", found: "1", rule: "VMWIRE005"),
        // A name that does not begin with the description's is no subsection of it.
        decode(byte, "070503787878000000010a", "", "trailing-bytes", offset: 1),
        decode(byte, "070503742f7800000001", "", "subsection-unknown", offset: 1, rule: "VMWIRE006"),
        decode(
            #"[{"name":"a","info":"uint8 equal"}]"#,
            "07",
            #","initial":{"a":8}"#,
            "equal-mismatch",
            vmsd: "/fields/0",
            state: "/a",
            offset: 0,
            expected: "8",
            found: "7",
            rule: "VMWIRE007"
        ),
        decode(
            #"[{"name":"a","info":"uint8","flags":["VMS_MUST_EXIST"],"field_exists":"false"}]"#,
            "",
            "",
            "must-exist",
            vmsd: "/fields/0",
            rule: "VMWIRE008"
        ),
        decode(
            #"[{"name":"v","info":"uint8","flags":["VMS_VARRAY_UINT32"],"num_offset":"n"}]"#,
            "01",
            "",
            "count-unknown",
            vmsd: "/fields/0",
            rule: "VMDOC002"
        ),
        decode(counted, "8000000000", "", "value-out-of-range", vmsd: "/fields/1", found: "2147483648"),
        decode(counted, "7fffffff00", "", "stream-truncated", vmsd: "/fields/1", state: "/v/1", offset: 5),
        decode(#"[{"name":"a","info":"uint8","field_exists":"f(1)"}]"#, "01", "", "vmsd-invalid"),
        decode(
            #"[{"name":"a","info":"uint8","field_exists":"foo && bar"}]"#,
            "01",
            "",
            "predicate-unresolved",
            rule: "VMDOC003"
        ),
        decode(
            #"[{"name":"a","info":"uint8","nmu":1}]"#,
            "01",
            "",
            "vmsd-invalid",
            vmsd: "/fields/0/nmu",
            found: "\"nmu\"",
            rule: "VMDOC001"
        ),
        decode(
            #"[{"name":"a","info":"uint8","flags":["VMS_X"]}]"#,
            "01",
            "",
            "vmsd-invalid",
            vmsd: "/fields/0/flags/0"
        ),
        encode(
            byte,
            #"{"a":300}"#,
            "",
            "value-out-of-range",
            vmsd: "/fields/0",
            state: "/a",
            expected: "an integer 0 … 255",
            found: "300",
            rule: "VMSTATE001"
        ),
        encode(byte, #"{"a":-1}"#, "", "value-out-of-range", vmsd: "/fields/0", state: "/a", found: "-1"),
        encode(byte, #"{"a":[]}"#, "", "value-type-mismatch", vmsd: "/fields/0", state: "/a", rule: "VMSTATE002"),
        encode(byte, "{}", "", "state-missing-field", vmsd: "/fields/0", state: "/a", rule: "VMSTATE003"),
        encode(byte, #"{"a":1,"b":2}"#, "", "state-unknown-member", state: "/b", rule: "VMSTATE004"),
        encode(nested, #"{"s":{"x":32768}}"#, "", "value-out-of-range", vmsd: "/fields/0/vmsd/fields/0", state: "/s/x"),
        encode(counted, #"{"n":3,"v":[1,2]}"#, "", "count-mismatch", state: "/v", rule: "VMSTATE005"),
        encode(byte, #"{"a":1}"#, #","version_id":4"#, "version-too-new"),
        Case(path: "/v1/encode", request: "[]", code: "request-invalid", found: "array", rule: "VMDOC005"),
        Case(path: "/v1/encode", request: "{}", code: "request-invalid", expected: "a member \"vmsd\""),
        Case(path: "/v1/decode", request: #"{"vmsd":{"name":"t","fields":[]}}"#, code: "request-invalid"),
        Case(
            path: "/v1/decode",
            request: #"{"vmsd":{"name":"t","fields":[]},"stream":"","steam":""}"#,
            code: "request-invalid",
            found: "\"steam\""
        ),
        decode(byte, "07", #","version_id":"1""#, "request-invalid", found: "\"1\""),
        decode(byte, "07", #","version_id":1.5"#, "request-invalid", found: "1.5"),
        decode(byte, "07", #","version_id":-1"#, "request-invalid", found: "-1"),
        decode(byte, "07", #","dialect":"9.2""#, "request-invalid", found: "\"9.2\""),
        decode(byte, "07", #","dialect":7.2"#, "request-invalid", found: "number"),
        decode(byte, "07", #","partial":1"#, "request-invalid", found: "number"),
        decode(byte, "07", #","predicates":[]"#, "request-invalid", found: "array"),
        decode(byte, "07", #","predicates":{"x":"1 +"}"#, "request-invalid"),
        decode(byte, "07", #","constants":{"x":1.5}"#, "request-invalid", found: "1.5"),
        decode(byte, "07", #","state":{}"#, "request-invalid", found: "\"state\""),
        decode(byte, "0", "", "request-invalid"),
        decode(byte, "0g", "", "request-invalid"),
        encode(byte, #"{"a":1}"#, #","framing":"stream""#, "request-invalid", found: "\"stream\""),
        encode(byte, #"{"a":1}"#, #","framing":"section","idstr":"""#, "request-invalid", found: "0 bytes"),
        encode(byte, #"{"a":1}"#, #","framing":"section","section_id":4294967296"#, "request-invalid"),
        encode(byte, #"{"a":1}"#, #","initial":{}"#, "request-invalid", found: "\"initial\""),
        Case(path: "/v1/validate", request: #"{"state":{}}"#, code: "request-invalid"),
        Case(path: "/v1/validate", request: #"{"vmsd":{"name":"t"},"stream":5}"#, code: "request-invalid"),
    ]

    @Test(arguments: cases)
    func theCodeAndEveryPlace(_ test: Case) throws {
        let answer = try Shared.post(test.path, test.request)
        #expect(answer.status == 422)
        #expect(answer["Content-Type"] == "application/problem+json")
        let problem = try #require(answer.json)
        #expect(problem["type"]?.string == "urn:qevm:problem:\(test.code)")
        #expect(problem["title"]?.string == "Unprocessable Content")
        #expect(problem["status"]?.int == 422)
        #expect(problem["code"]?.string == test.code)
        #expect(problem["detail"]?.string?.hasPrefix(test.code) == true)
        if let vmsd = test.vmsd { #expect(problem["path"]?.string == vmsd) }
        if let state = test.state { #expect(problem["state_path"]?.string == state) }
        if let offset = test.offset { #expect(problem["offset"]?.int == offset) }
        if let expected = test.expected { #expect(problem["expected"]?.string == expected) }
        if let found = test.found { #expect(problem["found"]?.string == found) }
        if let rule = test.rule { #expect(problem["rule"]?.string == rule) }
    }

    @Test func everyUnresolvedNameIsListed() throws {
        let fields =
            #"[{"name":"a","info":"uint8","field_exists":"foo"},{"name":"b","info":"uint8","field_exists":"bar"}]"#
        let detail = try Shared.post("/v1/decode", Documents.decode(fields, "01")).json?["detail"]?.string ?? ""
        #expect(detail.contains("foo") && detail.contains("bar"))
    }

    @Test(
        arguments: [
            ("", 0, 1, 1), ("{\"a\":1,}", 7, 1, 8), ("{\n  \"vmsd\": tru\n}", 15, 2, 14),
            ("{\"vmsd\":{},\n\"state\":{}, \"vmsd\":1}", 24, 2, 13), ("{} {}", 3, 1, 4), ("\u{feff}{}", 0, 1, 1),
            (String(repeating: "[", count: 300), 256, 1, 257),
        ]
    )
    func textThatIsNotJSONIs400WithItsPlace(_ text: String, _ offset: Int, _ line: Int, _ column: Int) throws {
        for path in ["/v1/encode", "/v1/decode", "/v1/validate"] {
            let answer = try Shared.post(path, text)
            #expect(answer.status == 400)
            #expect(answer["Content-Type"] == "application/problem+json")
            #expect(answer.code == "json-invalid")
            #expect(answer.json?["type"]?.string == "urn:qevm:problem:json-invalid")
            #expect(answer.json?["offset"]?.int == offset)
            #expect(answer.json?["line"]?.int == line)
            #expect(answer.json?["column"]?.int == column)
        }
    }

    @Test func textThatIsNotUTF8Is400() throws {
        let body = Array("{\"".utf8) + [0xff] + Array("\":1}".utf8)
        let answer = try Shared.ask("POST", "/v1/encode", [("Content-Type", "application/json")], body: body)
        #expect(answer.status == 400)
        #expect(answer.json?["offset"]?.int == 2)
    }

    @Test func aMemberMayComeTwiceInAVmdescOnly() throws {
        let field = #"{"name":"a","type":"uint8","size":1}"#
        let vmdesc = "{\"vmsd_name\":\"t\",\"version\":1,\"version\":1,\"fields\":[\(field)]}"
        #expect(try Shared.post("/v1/decode", "{\"vmsd\":\(vmdesc),\"stream\":\"07\"}").status == 200)
        let twice = #"{"name":"t","name":"t","fields":[]}"#
        #expect(try Shared.post("/v1/decode", "{\"vmsd\":\(twice),\"stream\":\"\"}").code == "json-invalid")
    }
}
