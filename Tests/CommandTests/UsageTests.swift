// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Exit statuses and messages: 0 valid, 1 findings, 2 bad usage or unreadable input.
@Suite("Usage of qevm", .timeLimit(.minutes(10)))
struct UsageTests {
    private let folder: Folder
    private let vmsd: String
    private let state: String

    init() throws {
        folder = try Folder()
        vmsd = try folder.write("vmsd.json", #"{"name":"t","fields":[{"name":"a","info":"uint8"}]}"#)
        state = try folder.write("state.json", #"{"a":7}"#)
    }

    @Test(arguments: [["--help"], ["-h"], ["encode", "--help"], ["decode", "--help"], ["serve", "--help"], ["help"]])
    func helpIsNoError(_ arguments: [String]) throws {
        let outcome = try Program.shell("qevm " + arguments.joined(separator: " "))
        #expect(outcome.status == 0)
        #expect(outcome.text.contains("USAGE: qevm"))
        #expect(outcome.errors.isEmpty)
    }

    @Test func theVersionIsTheProducts() throws {
        let outcome = try Program.run("--version")
        #expect(outcome.status == 0)
        #expect(outcome.text == "\(Product.version)\n")
    }

    @Test(
        arguments: [
            "--unknown", "encode --unknown", "nothing", "decode", "encode", "encode --vmsd vmsd.json",
            "encode --state state.json", "encode r.json --vmsd vmsd.json --state state.json", "validate",
            "validate vmsd.json --vmsd vmsd.json", "decode --format text vmsd.json", "decode --int64 hex vmsd.json",
            "encode --version-id x --vmsd vmsd.json --state state.json", "serve --port http", "serve extra",
        ]
    )
    func badUsageIs2(_ line: String) throws {
        let outcome = try Program.shell("qevm \(line)", in: folder.path)
        #expect(outcome.status == 2)
        #expect(outcome.text.isEmpty)
        #expect(outcome.errors.contains("Usage: qevm") || outcome.errors.contains("rror: "), "\(outcome.errors)")
    }

    /// What a request document says itself cannot be said beside it: it would be lost.
    @Test(
        arguments: [
            "encode r.json --vmsd vmsd.json", "encode r.json --state state.json", "encode r.json --dialect 7.2",
            "encode r.json --version-id 1", "encode r.json --define a=1", "encode r.json --framing section",
            "encode r.json --idstr x", "encode r.json --instance-id 1", "encode r.json --section-id 1",
            "decode r.json --dialect 7.2", "decode r.json --version-id 1", "decode r.json --define a=1",
            "decode r.json --initial state.json", "decode r.json --partial", "validate r.json --state state.json",
            "validate r.json --dialect 7.2", "validate r.json --version-id 1", "validate r.json --define a=1",
        ]
    )
    func optionsThatARequestDocumentWouldOverlookAre2(_ line: String) throws {
        let request = #"{"vmsd":{"name":"t","fields":[{"name":"a","info":"uint8"}]},"#
        let rest = line.hasPrefix("encode") ? #""state":{"a":7}}"# : #""stream":"07"}"#
        try folder.write("r.json", request + rest)
        #expect(try Program.shell("qevm \(line.prefix { $0 != "-" })", in: folder.path).status == 0)
        let outcome = try Program.shell("qevm \(line)", in: folder.path)
        #expect(outcome.status == 2)
        #expect(outcome.text.isEmpty)
    }

    @Test func aMissingFileIs2AndNamed() throws {
        for line in ["encode no.json", "decode no.json", "validate no.json", "decode --vmsd no.json state.json"] {
            let outcome = try Program.shell("qevm \(line)", in: folder.path)
            #expect(outcome.status == 2)
            #expect(outcome.errors == "no.json: No such file or directory\n")
        }
        #expect(try Program.shell("qevm decode .", in: folder.path).errors == ".: Is a directory\n")
    }

    @Test func badJSONIs2WithFileLineAndColumn() throws {
        try folder.write("bad.json", "{\n  \"vmsd\": {},\n  \"state\": }\n")
        for line in [
            "encode bad.json", "decode bad.json", "validate bad.json", "encode --vmsd vmsd.json --state bad.json",
        ] {
            let outcome = try Program.shell("qevm \(line)", in: folder.path)
            #expect(outcome.status == 2)
            #expect(outcome.errors.hasPrefix("bad.json:3:12: error: "), "\(outcome.errors)")
            #expect(outcome.text.isEmpty)
        }
        let outcome = try Program.run("validate", "-", input: Array("[".utf8))
        #expect(outcome.status == 2)
        #expect(outcome.errors.hasPrefix("-:1:2: error: "))
    }

    @Test func aRequestThatIsNoneIs2AndAWrongStateIs1() throws {
        let misspelt = try Program.run("encode", "-", input: Array(#"{"vsmd":{},"state":{}}"#.utf8))
        #expect(misspelt.status == 2)
        #expect(misspelt.errors.contains("request-invalid") && misspelt.errors.contains("\"vsmd\""))
        let missing = try Program.run("encode", "--vmsd", vmsd, "--state", "-", input: Array("{}".utf8))
        #expect(missing.status == 1)
        #expect(missing.errors.contains("state-missing-field"))
    }

    @Test func whatIsNeitherJSONNorAStreamIs2() throws {
        let outcome = try Program.run("decode", "-", input: Array("GARBAGE!".utf8))
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("input-unreadable"))
    }

    @Test func aReaderThatIsGoneIsNoCrash() throws {
        let large = "{\"name\":\"t\",\"fields\":[{\"name\":\"b\",\"info\":\"buffer\",\"size\":1000000}]}"
        try folder.write("large.json", large)
        let line = "head -c 1000000 /dev/zero | qevm decode --vmsd large.json - | true"
        // `pipefail` is not in every sh, so the status goes through a file.
        let outcome = try Program.shell(
            "(head -c 1000000 /dev/zero | (qevm decode --vmsd large.json -; echo $? > status)) | true; cat status",
            in: folder.path
        )
        #expect(try Program.shell(line, in: folder.path).status == 0)
        // 141: the signal that such a writer gets; 2: the same as an error. Anything else would be a crash.
        #expect(["141\n", "2\n"].contains(outcome.text), "\(outcome.text)")
    }

    @Test func anOutputThatTakesNothingIs2() throws {
        let closed = try Program.shell("qevm encode --vmsd vmsd.json --state state.json >&-", in: folder.path)
        #expect(closed.status == 2)
        #expect(closed.errors == "standard output: Bad file descriptor\n")
        let full = try Program.shell("qevm encode --vmsd vmsd.json --state state.json > /dev/full", in: folder.path)
        #expect(full.status == 2)
        #expect(full.errors == "standard output: No space left on device\n")
        let file = try Program.shell("qevm encode --vmsd vmsd.json --state state.json -o /dev/full", in: folder.path)
        #expect(file.status == 2)
        let input = try Program.shell("qevm encode - <&-", in: folder.path)
        #expect(input.status == 2)
    }
}
