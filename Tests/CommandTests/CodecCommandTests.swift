// SPDX-License-Identifier: Apache-2.0

import Engine
import Foundation
import TestSupport
import Testing

@Suite("qevm encode and decode", .timeLimit(.minutes(3)))
struct CodecCommandTests {
    private static let vmsd = #"{"name":"t","version_id":2,"fields":[{"name":"a","info":"uint8"}]}"#
    private let folder: Folder
    private let vmsd: String

    init() throws {
        folder = try Folder()
        vmsd = try folder.write("vmsd.json", Self.vmsd)
    }

    static let fixtures =
        ["e2-array", "e6-dynamic", "e7-subsection", "e9-gtree", "double", "definitions", "unused-not-zero"].map {
            FixtureCase(folder: "codec/\($0)")
        } + ["net-7.2-timer", "pc-7.2-apic", "virt-11.1-gicv2"].map { FixtureCase(folder: "devices/\($0)") }

    @Test(arguments: fixtures)
    func filesBothWays(_ fixture: FixtureCase) throws {
        let vmsd = try folder.write("v.json", fixture.bytes("vmsd.json"))
        let state = try folder.write("s.json", fixture.bytes("state.json"))
        let wire = try fixture.wire()
        let section = try folder.write("section.bin", wire)
        let encoded = try Program.run("encode", "--vmsd", vmsd, "--state", state)
        #expect(encoded.status == 0)
        #expect(encoded.errors.isEmpty)
        #expect(hexadecimal(encoded.output) == hexadecimal(wire))
        let decoded = try Program.run("decode", "--vmsd", vmsd, section)
        #expect(decoded.status == 0)
        #expect(decoded.errors.isEmpty)
        let expected = String(decoding: try fixture.json("state.json")?.json() ?? [], as: UTF8.self)
        #expect(decoded.text.hasPrefix("{\"state\":\(expected),\"version_id\":"))
        #expect(decoded.text.hasSuffix(",\"consumed\":\(wire.count)}\n"))
    }

    @Test func aRequestDocumentFromAFileOrThePipe() throws {
        let encode = "{\"vmsd\":\(Self.vmsd),\"state\":{\"a\":7}}"
        let decode = "{\"vmsd\":\(Self.vmsd),\"stream\":\"07\"}"
        #expect(try Program.run("encode", folder.write("e.json", encode)).output == [7])
        #expect(try Program.run("encode", "-", input: Array(encode.utf8)).output == [7])
        let answer = "{\"state\":{\"a\":7},\"version_id\":2,\"consumed\":1}\n"
        #expect(try Program.run("decode", folder.write("d.json", decode)).text == answer)
        #expect(try Program.run("decode", "-", input: Array(decode.utf8)).text == answer)
    }

    @Test func eachFileMayBeThePipe() throws {
        let state = try folder.write("state.json", #"{"a":7}"#)
        let section = try folder.write("section.bin", [7])
        let description = Array(Self.vmsd.utf8)
        #expect(try Program.run("encode", "--vmsd", "-", "--state", state, input: description).output == [7])
        #expect(try Program.run("encode", "--vmsd", vmsd, "--state", "-", input: Array(#"{"a":9}"#.utf8)).output == [9])
        #expect(try Program.run("decode", "--vmsd", vmsd, "-", input: [8]).text.hasPrefix(#"{"state":{"a":8}"#))
        #expect(try Program.run("decode", "--vmsd", "-", section, input: description).text.contains(#"{"a":7}"#))
    }

    @Test func commandsGoIntoOneAnother() throws {
        let line = "qevm encode --vmsd vmsd.json --state - < state.json | qevm decode --vmsd vmsd.json -"
        try folder.write("state.json", #"{"a":200}"#)
        let outcome = try Program.shell(line, in: folder.path)
        #expect(outcome.status == 0)
        #expect(outcome.text == "{\"state\":{\"a\":200},\"version_id\":2,\"consumed\":1}\n")
    }

    @Test func theAnswerGoesIntoAFile() throws {
        let state = try folder.write("state.json", #"{"a":7}"#)
        for option in ["-o", "--output"] {
            try folder.write("out.bin", "longer than the answer")
            let outcome = try Program.run("encode", "--vmsd", vmsd, "--state", state, option, "\(folder.path)/out.bin")
            #expect(outcome.status == 0)
            #expect(outcome.output.isEmpty)
            #expect(folder.read("out.bin") == [7])
        }
        #expect(try Program.run("encode", "--vmsd", vmsd, "--state", state, "-o", "-").output == [7])
        let outcome = try Program.run("encode", "--vmsd", vmsd, "--state", state, "-o", "\(folder.path)/no/out.bin")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("/no/out.bin: No such file or directory"))
    }

    @Test func nothingIsWrittenOfAnAnswerThatIsNone() throws {
        let state = try folder.write("state.json", #"{"a":300}"#)
        try folder.write("out.bin", "before")
        let outcome = try Program.run("encode", "--vmsd", vmsd, "--state", state, "-o", "\(folder.path)/out.bin")
        #expect(outcome.status == 1)
        #expect(folder.read("out.bin") == Array("before".utf8))
    }

    @Test func bytesAsJSON() throws {
        let state = try folder.write("state.json", #"{"a":7}"#)
        let outcome = try Program.run("encode", "--vmsd", vmsd, "--state", state, "--format", "json")
        #expect(outcome.text.hasPrefix(#"{"stream":"07","size":1,"vmdesc":{"vmsd_name": "t""#))
        #expect(outcome.text.hasSuffix("}\n"))
    }

    @Test func aSectionHasHeaderAndFooter() throws {
        let state = try folder.write("state.json", #"{"a":7}"#)
        let outcome = try Program.run(
            "encode",
            "--vmsd",
            vmsd,
            "--state",
            state,
            "--framing",
            "section",
            "--idstr",
            "d",
            "--instance-id",
            "1",
            "--section-id",
            "3"
        )
        #expect(hexadecimal(outcome.output) == "04000000030164" + "00000001" + "00000002" + "07" + "7e00000003")
    }

    @Test func valuesAreShownAsAsked() throws {
        let vmsd = try folder.write(
            "wide.json",
            #"{"name":"t","fields":[{"name":"q","info":"uint64"},"#
                + #"{"name":"b","info":"buffer","flags":["VMS_BUFFER"],"size":2}]}"#
        )
        let section = try folder.write("section.bin", [UInt8](repeating: 0xff, count: 10))
        let plain = try Program.run("decode", "--vmsd", vmsd, section)
        #expect(plain.text.contains(#"{"q":18446744073709551615,"b":"ffff"}"#))
        let other = try Program.run(
            "decode",
            "--vmsd",
            vmsd,
            section,
            "--int64",
            "string",
            "--bytes",
            "base64",
            "--offsets"
        )
        #expect(other.text.contains(#"{"q":"18446744073709551615","b":{"base64":"//8="}}"#))
        #expect(
            other.text.contains(#""offsets":[{"path":"/q","offset":0,"size":8},{"path":"/b","offset":8,"size":2}]"#)
        )
    }

    @Test func whatADescriptionLeavesOpenIsDefined() throws {
        let vmsd = try folder.write(
            "open.json",
            #"{"name":"t","fields":[{"name":"a","info":"uint8","field_exists":"has_a"},"#
                + #"{"name":"v","info":"uint8","flags":["VMS_ARRAY"],"num":"N"}]}"#
        )
        let section = try folder.write("section.bin", [1, 2, 3])
        let outcome = try Program.run(
            "decode",
            "--vmsd",
            vmsd,
            section,
            "--define",
            "has_a=true",
            "--define",
            "N=1 + 1"
        )
        #expect(outcome.text.contains(#"{"a":1,"v":[2,3]}"#))
        let other = try Program.run("decode", "--vmsd", vmsd, section, "--define", "has_a=N == 2", "--define", "N=3")
        #expect(other.text.contains(#"{"v":[1,2,3]}"#))
        #expect(try Program.run("decode", "--vmsd", vmsd, section, "--define", "N").status == 2)
        let open = try Program.run("decode", "--vmsd", vmsd, section, "--define", "N=2")
        #expect(open.status == 1)
        #expect(open.errors.contains("predicate-unresolved") && open.errors.contains("has_a"))
    }

    @Test func theDestinationVersionDialectAndRest() throws {
        let equal = try folder.write("equal.json", Self.vmsd.replacingOccurrences(of: "uint8", with: "uint8 equal"))
        let initial = try folder.write("initial.json", #"{"a":8}"#)
        let section = try folder.write("section.bin", [7, 1])
        #expect(try Program.run("decode", "--vmsd", vmsd, section).errors.contains("trailing-bytes"))
        #expect(try Program.run("decode", "--vmsd", vmsd, section, "--partial").status == 0)
        let mismatch = try Program.run("decode", "--vmsd", equal, section, "--partial", "--initial", initial)
        #expect(mismatch.status == 1)
        #expect(mismatch.errors.contains("equal-mismatch"))
        let version = try Program.run("decode", "--vmsd", vmsd, section, "--partial", "--version-id", "3")
        #expect(version.errors.contains("version-too-new"))
        let pointers = try folder.write(
            "pointers.json",
            #"{"name":"t","fields":[{"name":"r","info":"uint8","num":1,"size":1,"#
                + #""flags":["VMS_ARRAY","VMS_POINTER","VMS_ARRAY_OF_POINTER","VMS_ALLOC"]}]}"#
        )
        let state = try folder.write("state.json", #"{"r":[5]}"#)
        #expect(try Program.run("encode", "--vmsd", pointers, "--state", state).output == [0x31, 5])
        #expect(try Program.run("encode", "--vmsd", pointers, "--state", state, "--dialect", "10.0").output == [5])
        #expect(try Program.run("encode", "--vmsd", pointers, "--state", state, "--dialect", "9").status == 2)
    }

    @Test func anErrorNamesEveryPlace() throws {
        let section = try folder.write("section.bin", [])
        let outcome = try Program.run("decode", "--vmsd", vmsd, section)
        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty)
        #expect(
            outcome.errors
                == "error: stream-truncated: expected 1 byte, found 0 bytes (offset 0, VMSD /fields/0, state /a)\n"
        )
    }

    @Test func largeInputGoesThroughAPipe() throws {
        let count = 3_000_000
        let vmsd = try folder.write(
            "large.json",
            "{\"name\":\"t\",\"fields\":[{\"name\":\"b\",\"info\":\"buffer\",\"flags\":[\"VMS_BUFFER\"],\"size\":\(count)}]}"
        )
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let decoded = try Program.run("decode", "--vmsd", vmsd, "-", input: bytes)
        #expect(decoded.status == 0)
        #expect(decoded.output.count > 2 * count)
        try folder.write("section.bin", bytes)
        let line =
            "cat section.bin | qevm decode --vmsd large.json - | sed 's/^{\"state\"://;s/,\"version_id.*//'"
            + " | qevm encode --vmsd large.json --state - | cmp - section.bin"
        #expect(try Program.shell(line, in: folder.path).status == 0)
    }
}
