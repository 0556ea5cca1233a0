// SPDX-License-Identifier: Apache-2.0

import Engine
import Foundation
import TestSupport
import Testing

/// The commands on whole migration streams.
@Suite("Commands on streams") struct StreamCommandTests {
    private let path = "\(Fixtures.root)/streams/arm-microbit-11.1.mig"
    private let folder = NSTemporaryDirectory() + "qevm-stream-\(UInt64.random(in: 0...UInt64.max))"

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func bytes() throws -> [UInt8] { try #require(Fixtures.read("streams/arm-microbit-11.1.mig")) }

    private func json(_ outcome: Outcome) throws -> JSONNode {
        try JSONDocument(parsing: outcome.output, duplicates: .noted).root
    }

    @Test func aFileAndStandardInputGiveTheSameDocument() throws {
        let file = try Program.run("decode", path)
        #expect(file.status == 0 && file.errors.isEmpty)
        #expect(try Program.run("decode", "-", input: bytes()).output == file.output)
        let document = try json(file)
        #expect(document["configuration"]?["name"]?.string == "microbit")
        let section = try #require(document["sections"]?.elements[13])
        #expect(section["idstr"]?.string == "nrf51_soc.timer")
        #expect(section["state"]?["timer"]?.int == -1)
        #expect(document["sections"]?.elements.count == 18)
    }

    @Test func aCompressedFileIsReadToo() throws {
        let outcome = try Program.shell("gzip -c \(path) > \(folder)/s.gz && qevm decode \(folder)/s.gz")
        #expect(outcome.status == 0)
        #expect(outcome.output == (try Program.run("decode", path).output))
    }

    @Test func selectedSectionsWithTheirOffsets() throws {
        let document = try json(try Program.run("decode", path, "--sections", "timer,nrf51_soc.rng", "--offsets"))
        #expect(document["sections"]?.elements.map { $0["idstr"]?.string } == ["timer", "nrf51_soc.rng"])
        let leaf = try #require(document["offsets"]?.elements.last)
        #expect(leaf["path"]?.string == "/sections/1/state/filter_enabled")
        #expect(leaf["offset"]?.int == 0x30c2 && leaf["size"]?.int == 4)
    }

    @Test func textHasOffsetTypeAndValueAndBytes() throws {
        let text = try Program.run("decode", path, "--sections", "nrf51_soc.rng", "--format", "text", "--hexdump")
        #expect(text.status == 0)
        let line = try #require(text.text.split(separator: "\n").first { $0.contains("interrupt_enabled") })
        for part in ["000030be", "00 00 00 00", "uint32", "interrupt_enabled: 0"] { #expect(line.contains(part)) }
    }

    @Test func aWholeStreamIsValidAndATruncatedOneIsNot() throws {
        let good = try Program.run("validate", path)
        #expect(good.status == 0 && good.output.isEmpty)
        let bad = try Program.run("validate", "-", input: Array(bytes().prefix(20_000)))
        #expect(bad.status == 1)
        #expect(bad.text.contains("error: ") && bad.text.contains("[VMST"))
        let decoded = try Program.run("decode", "-", input: Array(bytes().prefix(20_000)))
        #expect(decoded.status == 1)
        #expect(try !#require(try json(decoded)["incomplete"]).elements.isEmpty)
        let json = try JSONDocument(parsing: try Program.run("validate", path, "--format", "json").output).root
        #expect(json["valid"]?.bool == true)
    }

    @Test func anEditGivesAStreamWithTheNewValue() throws {
        let target = "\(folder)/edited.mig"
        let outcome = try Program.run("edit", path, "--set", "/sections/nrf51_soc.rng/state/active=7", "-o", target)
        #expect(outcome.status == 0 && outcome.errors.isEmpty)
        let written = try #require(Fixtures.read(target))
        let before = try bytes()
        #expect(before.indices.filter { before[$0] != written[$0] } == [0x30b5])
        #expect(written[0x30b5] == 7)
        let diff = try Program.run("diff", path, target)
        #expect(diff.status == 1)
        #expect(diff.text.hasPrefix("nrf51_soc.rng[0] /active: 0 -> 7\n"))
        #expect(try Program.run("diff", path, path).status == 0)
        // Standard input is copied where it has to be read twice.
        let piped = try Program.run("edit", "-", "--set", "/sections/nrf51_soc.rng/state/active=7", input: before)
        #expect(piped.output == written)
    }

    @Test func anEditKeepsTheSaveImageWhereThatIsAsked() throws {
        let packed = "\(Fixtures.root)/containers/libvirt-raw.save.gz"
        let kept = try Program.run("edit", packed, "--keep-container", "--set", "/header/version=3")
        let bare = try Program.run("edit", packed, "--set", "/header/version=3")
        #expect(kept.status == 0 && bare.status == 0)
        #expect(kept.output.starts(with: Array("LibvirtQemudSave".utf8)))
        #expect(kept.output.count > bare.output.count && kept.output.suffix(bare.output.count) == bare.output[...])
        #expect(try Program.run("validate", "-", input: kept.output).status == 0)
        #expect(try Program.run("edit", path, "--keep-container", "--set", "/header/version=3").status == 2)
    }

    @Test func anEditThatFailsWritesNothing() throws {
        let target = "\(folder)/none.mig"
        for value in ["/sections/nrf51_soc.rng/state/active=-1", "/sections/99/state=1", "/sections/none/state/a=1"] {
            #expect(try Program.run("edit", path, "--set", value, "-o", target).status == 1)
        }
        #expect(try Program.run("edit", path, "--set", "nonsense", "-o", target).status == 2)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }

    @Test func ramIsExtracted() throws {
        let target = "\(folder)/ram.bin"
        let outcome = try Program.run("decode", path, "--extract-ram", "nrf51.sram", "-o", target)
        #expect(outcome.status == 0)
        #expect(Fixtures.read(target) == Array(repeating: 0, count: 16384))
        let missing = try Program.run("decode", path, "--extract-ram", "none", "-o", target)
        #expect(missing.status == 1 && missing.errors.contains("nrf51.sram"))
    }

    @Test func aRawDocumentIsEncodedBack() throws {
        let document = try Program.run("decode", path, "--raw")
        let request = Array("{\"stream\":".utf8) + document.output + Array("}".utf8)
        let encoded = try Program.run("encode", "-", input: request)
        #expect(encoded.status == 0)
        #expect(encoded.output == (try bytes()))
    }

    @Test func aDocumentIsEncodedBackWithItsSource() throws {
        let document = try Program.run("decode", path)
        let request = Array("{\"stream\":".utf8) + document.output + Array("}".utf8)
        let encoded = try Program.run("encode", "-", "--source", path, input: request)
        #expect(encoded.status == 0)
        #expect(encoded.output == (try bytes()))
    }

    @Test func aRequestMayCarryItsStream() throws {
        let request = "{\"stream\":\"\(hexadecimal(try bytes()))\",\"sections\":[\"timer\"]}"
        let outcome = try Program.run("decode", "-", input: Array(request.utf8))
        #expect(outcome.output == (try Program.run("decode", path, "--sections", "timer").output))
        #expect(try Program.run("validate", "-", input: Array(request.utf8)).status == 0)
        let broken = request.replacing("7e", with: "7f")
        #expect(try Program.run("validate", "-", input: Array(broken.utf8)).status == 1)
    }

    @Test(arguments: ["transfer", "exec"]) func descriptorsAreDecodedAndEncoded(_ name: String) throws {
        let bytes = try hexadecimal(String(decoding: #require(Fixtures.read("cpr/\(name).hex")), as: UTF8.self))
        let decoded = try Program.run("decode", "-", "--offsets", input: bytes)
        #expect(decoded.status == 0)
        #expect(try json(decoded)["mode"]?.string == "cpr-\(name)")
        let request = Array("{\"stream\":".utf8) + decoded.output + Array("}".utf8)
        #expect(try Program.run("encode", "-", input: request).output == bytes)
        #expect(try Program.run("decode", "-", "--format", "text", input: bytes).text.contains("pc.ram"))
        #expect(try Program.run("validate", "-", input: bytes).status == 0)
        let cut = try Program.run("validate", "-", input: Array(bytes.dropLast()))
        #expect(cut.status == 1 && cut.text.contains("-:\(bytes.count - 1): error: stream-truncated"))
        #expect(try Program.run("decode", "-", input: Array(bytes.dropLast())).status == 1)
        #expect(try Program.run("decode", "-", "--raw", input: bytes).status == 2)
    }

    @Test func aDumpMayDescribeTheSections() throws {
        let stream = try MigrationStream(reading: BytesSource(bytes()))
        let bare = Array(try bytes()[..<(try #require(stream.vmdesc).lowerBound)])
        let dump = "\(folder)/dump.json"
        let text =
            #"{"vmschkmachine":{"Name":"m"},"t":{"Name":"t","Description":{"name":"timer","version_id":2,"#
            + #""minimum_version_id":1,"Fields":[{"field":"a","version_id":0,"field_exists":false,"size":24}]}}}"#
        try Data(text.utf8).write(to: URL(fileURLWithPath: dump))
        let outcome = try Program.run("decode", "-", "--vmsds", dump, "--sections", "timer", input: bare)
        #expect(outcome.status == 0)
        #expect(try json(outcome)["sections"]?.elements.first?["state"]?["a"]?.string?.count == 48)
    }
}
