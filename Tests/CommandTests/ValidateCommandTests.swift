// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

@Suite("qevm validate", .timeLimit(.minutes(10)))
struct ValidateCommandTests {
    private let folder: Folder
    private let right: String
    private let wrong: String

    init() throws {
        folder = try Folder()
        let text =
            #"{"name":"foo","version_id":1,"minimum_version_id":1,"fields":[{"name":"a","info":"uint8","version_id":1}]}"#
        right = try folder.write("right.json", text.replacing(#","version_id":1}]"#, with: "}]"))
        wrong = try folder.write("wrong.json", text.replacing(#","version_id":1}]"#, with: #","version_id":2}]"#))
    }

    @Test func nothingIsSaidOfWhatIsRight() throws {
        let outcome = try Program.run("validate", right)
        #expect(outcome.status == 0)
        #expect(outcome.text.isEmpty && outcome.errors.isEmpty)
    }

    @Test func aFindingHasTheFormOfACompilers() throws {
        let outcome = try Program.run("validate", wrong)
        #expect(outcome.status == 1)
        #expect(
            outcome.text
                == "\(wrong):/fields/0/version_id: error: field \"a\" begins with version 2, but \"foo\" ends at 1 [VMSD012]\n"
        )
        #expect(outcome.errors == "\(wrong): 1 error\n")
        #expect(try Program.run("validate", "--vmsd", wrong).text == outcome.text)
    }

    @Test func aWarningIsStatus0() throws {
        let warning = try folder.write(
            "warning.json",
            #"{"name":"foo","version_id":1,"minimum_version_id":1,"unmigratable":true,"fields":[{"name":"a","info":"uint8"}]}"#
        )
        let outcome = try Program.run("validate", warning)
        #expect(outcome.status == 0)
        #expect(outcome.text.contains(": warning: "))
    }

    @Test func asJSONAndSARIF() throws {
        let json = try Program.run("validate", "--format", "json", wrong)
        #expect(json.status == 1)
        let report = try JSONDocument(parsing: json.output).root
        #expect(report["valid"]?.bool == false)
        #expect(report["findings"]?.elements.first?["rule"]?.string == "VMSD012")
        let sarif = try Program.run("validate", "--format", "sarif", wrong, "-o", "\(folder.path)/out.sarif")
        #expect(sarif.status == 1)
        let log = try JSONDocument(parsing: folder.read("out.sarif") ?? []).root
        #expect(log["version"]?.string == "2.1.0")
        #expect(log["runs"]?.elements.first?["results"]?.elements.first?["ruleId"]?.string == "VMSD012")
        let valid = try Program.run("validate", "--format", "json", right)
        #expect(valid.status == 0)
        #expect(valid.text.hasPrefix(#"{"valid":true,"#))
        #expect(try Program.run("validate", "--format", "xml", right).status == 2)
    }

    @Test func aStateAndAStreamAreTriedOut() throws {
        let (fits, tooLarge) = (try folder.write("s.json", #"{"a":7}"#), try folder.write("l.json", #"{"a":300}"#))
        let (whole, long) = (try folder.write("w.bin", [7]), try folder.write("l.bin", [7, 7]))
        #expect(try Program.run("validate", "--vmsd", right, "--state", fits, "--stream", whole).status == 0)
        let state = try Program.run("validate", "--vmsd", right, "--state", tooLarge, "--stream", whole)
        #expect(state.status == 1)
        #expect(state.text.contains("[VMSTATE001]"))
        let stream = try Program.run("validate", "--vmsd", right, "--state", fits, "--stream", long)
        #expect(stream.status == 1)
        #expect(stream.text.contains("[VMWIRE002]"))
        // A description that is the file, not an option.
        #expect(try Program.run("validate", right, "--state", tooLarge).status == 1)
        #expect(try Program.run("validate", right, "--stream", whole).status == 0)
    }

    @Test func aRequestDocumentIsTaken() throws {
        let text = String(decoding: folder.read("right.json") ?? [], as: UTF8.self)
        let request = { (stream: String) in Array("{\"vmsd\":\(text),\"stream\":\"\(stream)\"}".utf8) }
        #expect(try Program.run("validate", "-", input: request("07")).status == 0)
        let outcome = try Program.run("validate", "-", input: request(""))
        #expect(outcome.status == 1)
        #expect(outcome.text.hasPrefix("-:/fields/0: error: ") && outcome.text.contains("[VMWIRE001]"))
    }

    @Test func aDumpAndAVmdescAreTaken() throws {
        let vmdesc = try FixtureCase(folder: "devices/net-7.2-timer").bytes("vmdesc.json")
        #expect(try Program.run("validate", "-", input: vmdesc).status == 0)
        let dump =
            #"{"vmschkmachine":{"Name":"m"},"d":{"Name":"d","version_id":1,"Description":{"name":"d","version_id":1}}}"#
        let outcome = try Program.run("validate", "-", input: Array(dump.utf8))
        #expect(outcome.status == 0 || outcome.status == 1)
        #expect(!outcome.text.contains("[VMDOC001]"))
    }
}
