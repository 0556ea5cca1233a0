// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

@testable import Server

@Suite("Validate", .timeLimit(.minutes(10)))
struct ValidateTests {
    private let wrong =
        #"{"vmsd":{"name":"foo","version_id":1,"minimum_version_id":1,"#
        + #""fields":[{"name":"b","info":"uint32","version_id":2}]}}"#

    @Test func aFindingHasRuleSeverityMessageAndPlace() throws {
        let answer = try Shared.post("/v1/validate", wrong)
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "application/json")
        #expect(
            answer.text
                == #"{"valid":false,"summary":{"errors":1,"warnings":0,"notes":0},"findings":[{"rule":"VMSD012","#
                + #""severity":"error","message":"field \"b\" begins with version 2, but \"foo\" ends at 1","#
                + #""path":"/fields/0/version_id","state_path":null,"offset":null,"location":null}],"#
                + #""check":{"state":"fail","context":"vmstate","description":"1 error","target_url":null}}"#
        )
    }

    @Test func nothingIsFoundInWhatIsRight() throws {
        let answer = try Shared.post("/v1/validate", "{\"vmsd\":\(Documents.byteVMSD)}")
        #expect(
            answer.text
                == #"{"valid":true,"summary":{"errors":0,"warnings":0,"notes":0},"findings":[],"#
                + #""check":{"state":"success","context":"vmstate","description":"no findings","target_url":null}}"#
        )
    }

    @Test func aWarningIsNoError() throws {
        // A list of fields in a description that is never written.
        let request = Documents.byteVMSD.replacing("\"fields\"", with: "\"unmigratable\":true,\"fields\"")
        let answer = try Shared.post("/v1/validate", "{\"vmsd\":\(request)}")
        #expect(answer.json?["valid"]?.bool == true)
        #expect(answer.json?["summary"]?["warnings"]?.int == 1)
        #expect(answer.json?["check"]?["state"]?.string == "warning")
        #expect(answer.json?["check"]?["description"]?.string == "1 warning")
    }

    @Test func aStateIsTriedOut() throws {
        let right = try Shared.post("/v1/validate", Documents.encode)
        #expect(right.json?["valid"]?.bool == true)
        let answer = try Shared.post("/v1/validate", Documents.encode.replacing(":7}", with: ":300}"))
        let finding = try #require(answer.json?["findings"]?.elements.first)
        #expect(answer.json?["findings"]?.elements.count == 1)
        #expect(finding["rule"]?.string == "VMSTATE001")
        #expect(finding["path"]?.string == "/fields/0")
        #expect(finding["state_path"]?.string == "/a")
    }

    @Test func aStreamIsTriedOutToItsLastByte() throws {
        #expect(try Shared.post("/v1/validate", Documents.decode).json?["valid"]?.bool == true)
        for (stream, rule, offset) in [("", "VMWIRE001", 0), ("0707", "VMWIRE002", 1)] {
            let request = "{\"vmsd\":\(Documents.byteVMSD),\"stream\":\"\(stream)\"}"
            let finding = try Shared.post("/v1/validate", request).json?["findings"]?.elements.first
            #expect(finding?["rule"]?.string == rule)
            #expect(finding?["offset"]?.int == offset)
        }
        let partial = "{\"vmsd\":\(Documents.byteVMSD),\"stream\":\"0707\",\"partial\":true}"
        #expect(try Shared.post("/v1/validate", partial).json?["valid"]?.bool == true)
    }

    @Test func theDestinationCounts() throws {
        let vmsd = Documents.byteVMSD.replacing("uint8", with: "uint8 equal")
        let request = { (value: Int) in "{\"vmsd\":\(vmsd),\"stream\":\"07\",\"initial\":{\"a\":\(value)}}" }
        #expect(try Shared.post("/v1/validate", request(7)).json?["valid"]?.bool == true)
        let answer = try Shared.post("/v1/validate", request(8))
        #expect(answer.json?["findings"]?.elements.first?["rule"]?.string == "VMWIRE007")
    }

    @Test func sarifHasEveryFindingWithItsRule() throws {
        let answer = try Shared.post("/v1/validate", wrong, [("Accept", "application/sarif+json")])
        #expect(answer["Content-Type"] == "application/sarif+json")
        #expect(answer.json?["version"]?.string == "2.1.0")
        let run = try #require(answer.json?["runs"]?.elements.first)
        let rules = run["tool"]?["driver"]?["rules"]?.elements ?? []
        let result = try #require(run["results"]?.elements.first)
        #expect(run["results"]?.elements.count == 1)
        #expect(result["ruleId"]?.string == "VMSD012")
        #expect(result["level"]?.string == "error")
        #expect(rules[result["ruleIndex"]?.int ?? -1]["id"]?.string == "VMSD012")
        let place = result["locations"]?.elements.first?["logicalLocations"]?.elements.first
        #expect(place?["fullyQualifiedName"]?.string == "/fields/0/version_id")
    }

    @Test func textIsOneLineForEachFinding() throws {
        let answer = try Shared.post("/v1/validate", wrong, [("Accept", "text/plain")])
        #expect(answer["Content-Type"] == "text/plain; charset=utf-8")
        #expect(
            answer.text
                == "/fields/0/version_id: error: field \"b\" begins with version 2, but \"foo\" ends at 1 [VMSD012]\n"
        )
        let none = try Shared.post("/v1/validate", Documents.encode, [("Accept", "text/*")])
        #expect(none.status == 200 && none.body.isEmpty)
    }

    @Test(arguments: ["[]", "{\"vmsd\":5}", "{\"vmsd\":[]}", "{\"vmsd\":{}}", "{\"vmsd\":null}"])
    func whatIsNoDescriptionIsAFindingOrARefusal(_ request: String) throws {
        let answer = try Shared.post("/v1/validate", request)
        if answer.status == 200 {
            #expect(answer.json?["valid"]?.bool == false)
        } else {
            #expect(answer.status == 422 && answer.code == "request-invalid")
        }
    }

    @Test(arguments: FixtureTests.cases)
    func everyFixtureIsValid(_ fixture: FixtureCase) throws {
        let stream = Array("\"\(hexadecimal(try fixture.wire()))\"".utf8)
        let request = try fixture.document(
            [("vmsd", fixture.bytes("vmsd.json")), ("state", fixture.bytes("state.json")), ("stream", stream)]
        )
        let answer = try Shared.ask("POST", "/v1/validate", [("Content-Type", "application/json")], body: request)
        #expect(answer.status == 200)
        let findings = answer.json?["findings"]?.elements ?? []
        let errors = findings.filter { $0["severity"]?.string == "error" }
        #expect(errors.allSatisfy { $0["rule"]?.string?.hasPrefix("VMSD") == true }, "\(answer.text)")
        #expect(answer.json?["summary"]?["errors"]?.int == errors.count)
    }
}
