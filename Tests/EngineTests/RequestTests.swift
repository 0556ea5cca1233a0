// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// The request documents that the service and the program share.
@Suite struct RequestTests {
    private let byte =
        #""vmsd":{"name":"test","version_id":1,"minimum_version_id":1,"fields":[{"name":"v","info":"uint8"}]}"#

    private func node(_ text: String) throws -> JSONNode {
        try JSONDocument(request: Array(text.utf8)).root
    }

    private func decoded(_ text: String, _ options: AnswerOptions = AnswerOptions()) throws -> String {
        String(decoding: try DecodeRequest(node(text)).document(options), as: UTF8.self)
    }

    private func code(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch let error as VMStateError {
            return error.code.description
        } catch {
            return "\(error)"
        }
    }

    @Test func aSectionHasHeaderAndFooter() throws {
        // vmstate-codec.md, example E13.
        let request = try node(
            #"{\#(byte),"state":{"v":9},"framing":"section","idstr":"0000:00:03.0/test","section_id":5,"instance_id":0}"#
        )
        #expect(
            hexadecimal(try EncodeRequest(request).bytes())
                == "040000000511303030303a30303a30332e302f74657374000000000000000109" + "7e00000005"
        )
    }

    @Test func aSectionIsNamedAfterItsDescriptionUnlessToldOtherwise() throws {
        let request = try node(#"{\#(byte),"state":{"v":9},"framing":"section"}"#)
        #expect(
            hexadecimal(try EncodeRequest(request).bytes()) == "0400000000" + "0474657374" + "0000000000000001" + "09"
                + "7e00000000"
        )
    }

    @Test func theJSONAnswerHasBytesSizeAndDescription() throws {
        let answer = try EncodeRequest(node(#"{\#(byte),"state":{"v":9}}"#)).document()
        #expect(
            String(decoding: answer, as: UTF8.self)
                == #"{"stream":"09","size":1,"vmdesc":{"vmsd_name": "test", "version": 1, "fields": [{"name": "v", "type": "uint8", "size": 1}]}}"#
        )
    }

    @Test(arguments: ["\"09\"", #"{"base64":"CQ=="}"#])
    func theStreamIsHexOrBase64(_ stream: String) throws {
        #expect(try decoded("{\(byte),\"stream\":\(stream)}") == #"{"state":{"v":9},"version_id":1,"consumed":1}"#)
    }

    @Test func oneEOFBehindTheFieldsIsReported() throws {
        #expect(
            try decoded("{\(byte),\"stream\":\"0900\"}") == #"{"state":{"v":9},"version_id":1,"consumed":1,"eof":true}"#
        )
    }

    @Test(arguments: ["0901", "090000"])
    func otherBytesBehindTheFieldsAreAnErrorUnlessAllowed(_ stream: String) throws {
        #expect(code { _ = try decoded("{\(byte),\"stream\":\"\(stream)\"}") } == "trailing-bytes")
        #expect(
            try decoded("{\(byte),\"stream\":\"\(stream)\",\"partial\":true}")
                == #"{"state":{"v":9},"version_id":1,"consumed":1}"#
        )
    }

    @Test func wideIntegersAreStringsWhereAskedFor() throws {
        var options = AnswerOptions()
        options.printing.int64AsString = true
        options.printing.bytesAsBase64 = true
        let text = #"""
            {"vmsd":{"name":"t","fields":[{"name":"a","info":"uint64"},{"name":"b","info":"int64"},{"name":"c","info":"timer"},
            {"name":"d","info":"uint32"},{"name":"e","info":"buffer","size":2}]},
            "stream":"ffffffffffffffff8000000000000000ffffffffffffffff00000001abcd"}
            """#
        #expect(
            try decoded(text, options)
                == #"{"state":{"a":"18446744073709551615","b":"-9223372036854775808","c":"-1","d":1,"e":{"base64":"q80="}},"version_id":0,"consumed":30}"#
        )
    }

    @Test func offsetsAreGivenForEachLeaf() throws {
        let text = #"""
            {"vmsd":{"name":"t","fields":[{"name":"n","info":"uint8"},{"name":"a","info":"uint16","flags":["VMS_VARRAY_UINT8"],
            "num_offset":"n"},{"name":"s","vmsd":{"name":"struct","fields":[{"name":"x/y","info":"bool"}]}}]},
            "stream":"020001000201","offsets":true}
            """#
        #expect(
            try decoded(text).hasSuffix(
                #""offsets":[{"path":"/n","offset":0,"size":1},{"path":"/a/0","offset":1,"size":2},{"path":"/a/1","offset":3,"size":2},{"path":"/s/x~1y","offset":5,"size":1}]}"#
            )
        )
    }

    @Test(arguments: [
        #""dialect":"8.2""#, #""version_id":"1""#, #""version_id":-1"#, #""predicates":[]"#,
        #""predicates":{"a":"1 +"}"#,
        #""constants":{"N":1.5}"#, #""stateless":true"#, #""partial":1"#,
    ])
    func whatIsNoRequestIsRefused(_ member: String) throws {
        #expect(code { _ = try decoded("{\(byte),\"stream\":\"09\",\(member)}") } == "request-invalid")
    }

    @Test func aStateOfAnotherVersionIsWrittenAsThatVersion() throws {
        let vmsd =
            #""vmsd":{"name":"t","version_id":2,"fields":[{"name":"a","info":"uint8"},{"name":"b","info":"uint8","version_id":2}]}"#
        #expect(try EncodeRequest(node(#"{\#(vmsd),"state":{"a":1,"b":2},"version_id":1}"#)).bytes() == [1])
        #expect(try EncodeRequest(node(#"{\#(vmsd),"state":{"a":1,"b":2}}"#)).bytes() == [1, 2])
        #expect(
            code { _ = try EncodeRequest(node(#"{\#(vmsd),"state":{"a":1},"version_id":3}"#)).bytes() }
                == "version-too-new"
        )
    }

    @Test func validateSaysWhetherAStateAndAStreamGoWithTheDescription() throws {
        for (member, rule) in [
            (#""state":{"v":9}"#, nil), (#""state":{"v":256}"#, "VMSTATE001"), (#""state":{}"#, "VMSTATE003"),
            (#""stream":"09""#, nil), (#""stream":"""#, "VMWIRE001"), (#""stream":"0102""#, "VMWIRE002"),
        ] {
            let report = try ValidateRequest(node("{\(byte),\(member)}")).report()
            #expect(report.isValid == (rule == nil))
            #expect(report.findings.first { $0.severity == .error }?.rule.description == rule)
        }
    }

    @Test func aReportIsReadyForPatchwork() throws {
        let report = try ValidateRequest(node("{\(byte),\"state\":{}}")).report()
        let json = try JSONDocument(parsing: try report.json()).root
        #expect(json["valid"]?.bool == false)
        #expect(json["check"]?["state"]?.string == "fail")
        #expect(json["check"]?["context"]?.string == "vmstate")
        #expect(json["summary"]?["errors"]?.int == 1)
        #expect(json["findings"]?.elements.first?["state_path"]?.string == "/v")
    }

    @Test func duplicatesAreTakenInAVMDescOnly() throws {
        let vmdesc =
            #"{"vmsd_name":"t","version":1,"fields":[{"name":"q","type":"qtailq","vmsd_name":"e","version":1,"fields":[{"name":"v","type":"uint8","size":1}],"vmsd_name":"e","version":1,"fields":[{"name":"v","type":"uint8","size":1}],"size":5}]}"#
        #expect(
            try decoded(#"{"vmsd":\#(vmdesc),"stream":"0107010800"}"#)
                == #"{"state":{"q":[{"v":7},{"v":8}]},"version_id":1,"consumed":5}"#
        )
        #expect(throws: JSONError.self) { try node(#"{\#(byte),"state":{"v":1,"v":2}}"#) }
        // Beside a vmdesc too.
        for rest in [#""state":{"q":[],"q":[]}"#, #""state":{"q":[]},"state":{"q":[]}"#] {
            #expect(throws: JSONError.self) { try node(#"{"vmsd":\#(vmdesc),\#(rest)}"#) }
        }
    }
}
