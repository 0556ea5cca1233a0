// SPDX-License-Identifier: Apache-2.0

import Engine
import Foundation
import TestSupport
import Testing

/// Options of the commands on whole streams, and what becomes of those that have no meaning.
@Suite("Options on streams", .timeLimit(.minutes(10)))
struct StreamOptionTests {
    private let folder: Folder
    private let path = "\(Fixtures.root)/streams/arm-microbit-11.1.mig"
    private let containers = "\(Fixtures.root)/containers"

    init() throws { folder = try Folder() }

    private func shell(_ line: String) throws -> Outcome { try Program.shell(line, in: folder.path) }

    /// A file alone is not parsed; behind "--" it is.
    @Test(arguments: ["decode", "validate"])
    func aFileWithoutOptionsIsWhatTheParserMakesOfIt(_ verb: String) throws {
        let vmsd = #"{"name":"t","fields":[{"name":"a","info":"uint8"}]}"#
        try folder.write("vmsd.json", vmsd)
        try folder.write("request.json", #"{"vmsd":\#(vmsd),"stream":"07"}"#)
        try folder.write("text", "no stream")
        let line = "head -c 5000 \(path) > cut.mig; (printf 'QCPR\\0\\0\\0\\1'; head -c 20 /dev/zero) > cpr"
        #expect(try shell(line).status == 0)
        var statuses: Set<Int32?> = []
        for file in [path, "cut.mig", "vmsd.json", "request.json", "text", "cpr", "missing", "help", "''", "."] {
            let (alone, parsed) = (try shell("qevm \(verb) \(file)"), try shell("qevm \(verb) -- \(file)"))
            #expect(alone.status == parsed.status, "\(file)")
            #expect(alone.output == parsed.output, "\(file)")
            #expect(alone.errors == parsed.errors, "\(file)")
            statuses.insert(alone.status)
        }
        #expect(statuses == [0, 1, 2])
    }

    // MARK: Encode

    @Test func aWholeStreamIsEncodedAsADocument() throws {
        let bytes = try #require(Fixtures.read("streams/arm-microbit-11.1.mig"))
        for (decode, encode) in [("", " --source \(path)"), (" --raw", "")] {
            let line = "qevm decode \(path)\(decode) > d.json && qevm encode d.json\(encode) --format json"
            let answer = try JSONDocument(parsing: try shell(line).output, duplicates: .noted).root
            #expect(answer["stream"]?.string == hexadecimal(bytes))
            #expect(answer["size"]?.int == bytes.count)
            #expect(answer["vmdesc"]?["devices"] != nil)
        }
    }

    @Test func descriptionsOfAWholeStreamsDocumentAreUsed() throws {
        // The same stream without its vmdesc, which the descriptions replace.
        let decoded = try shell("qevm decode \(path) --vmdesc")
        let vmdesc = try #require(try JSONDocument(parsing: decoded.output, duplicates: .noted).root["vmdesc"])
        try folder.write("v.json", vmdesc.json())
        let stream = try MigrationStream(reading: BytesSource(#require(Fixtures.read("streams/arm-microbit-11.1.mig"))))
        let bytes = try #require(Fixtures.read("streams/arm-microbit-11.1.mig"))
        let bare = Array(bytes[..<(try #require(stream.vmdesc).lowerBound)])
        try folder.write("bare.mig", bare)
        #expect(try shell("qevm decode bare.mig --raw --vmsds v.json > d.json").status == 0)
        #expect(try shell("qevm encode d.json").status == 1)
        #expect(try shell("qevm encode d.json --vmsds v.json").output == bare)
        #expect(try shell("qevm encode d.json --vmsds v.json --source bare.mig").output == bare)
        // A request says it itself.
        let twice = "(printf '{\"vmsds\":{},\"stream\":'; cat d.json; printf '}') | qevm encode - --vmsds v.json"
        #expect(try shell(twice).status == 2)
    }

    @Test(arguments: ["--source s", "--vmsds s", "--at 1", "--snapshot s"])
    func optionsOfStreamsAreRefusedOtherwise(_ option: String) throws {
        try folder.write("r.json", #"{"vmsd":{"name":"t","fields":[{"name":"a","info":"uint8"}]},"state":{"a":1}}"#)
        let outcome = try shell("qevm encode r.json \(option)")
        #expect(outcome.status == 2 && outcome.output.isEmpty)
        #expect(outcome.errors.contains("a whole stream"))
    }

    @Test(arguments: ["--at 1", "--snapshot s"]) func thePlaceOfAStreamNeedsTheStream(_ option: String) throws {
        #expect(try shell("qevm decode \(path) --raw > d.json").status == 0)
        let outcome = try shell("qevm encode d.json \(option) -o out")
        #expect(outcome.status == 2 && outcome.errors.contains("--source"))
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/out"))
    }

    @Test(arguments: [
        "decode --vmsd v.json s.bin --sections cpu", "decode --vmsd v.json s.bin --vmdesc",
        "decode --vmsd v.json s.bin --raw",
        "decode --vmsd v.json s.bin --extract-ram x -o out", "decode --vmsd v.json s.bin --vmsds v.json",
        "decode --vmsd v.json s.bin --at 3", "decode --vmsd v.json s.bin --snapshot s", "validate --vmsd v.json --at 3",
        "validate --vmsd v.json --snapshot s", "validate --vmsd v.json --vmsds v.json",
        "validate v.json --vmsds gone.json",
    ]) func whatIsForStreamsIsRefusedWithoutOne(_ arguments: String) throws {
        try folder.write("v.json", #"{"name":"t","fields":[{"name":"a","info":"uint8"}]}"#)
        try folder.write("s.bin", [7] as [UInt8])
        let outcome = try shell("qevm \(arguments)")
        #expect(outcome.status == 2 && outcome.output.isEmpty)
        #expect(outcome.errors.contains("whole migration stream"))
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/out"))
    }

    // MARK: Diff

    @Test func aSnapshotIsComparedWithAFileOrAnotherSnapshot() throws {
        let unpack =
            "gunzip -c \(containers)/clusters-64k.qcow2.gz > d.qcow2; gunzip -c \(containers)/paused.mig.gz > b.mig"
        #expect(try shell(unpack).status == 0)
        for line in [
            "diff d.qcow2 b.mig --snapshot snap1", "diff b.mig d.qcow2 --snapshot snap1",
            "diff b.mig d.qcow2 --other-snapshot second",
            "diff d.qcow2 d.qcow2 --snapshot snap1 --other-snapshot second",
            "diff d.qcow2 d.qcow2 --snapshot snap1",
        ] {
            let outcome = try shell("qevm \(line)")
            #expect(outcome.status == 0, "\(line): \(outcome.errors)")
        }
        let (no, gone) = (try shell("qevm diff b.mig b.mig --snapshot s"), "--snapshot snap1 --other-snapshot gone")
        #expect(no.status == 2 && no.errors.contains("qcow2"))
        let missing = try shell("qevm diff d.qcow2 d.qcow2 \(gone)")
        #expect(missing.status == 2 && missing.errors.contains("gone"))
        #expect(try shell("qevm diff d.qcow2 b.mig \(gone)").status == 2)
        #expect(try shell("(printf 1234567; cat b.mig) > at; qevm diff b.mig at --other-at 7").status == 0)
        #expect(try shell("qevm diff at b.mig --at 7 --other-at 0").status == 0)
        #expect(try shell("qevm diff at at --at 7").status == 0)
    }

    // MARK: Sections

    @Test(arguments: ["json", "text"]) func aSectionThatIsNotThereIsNamed(_ form: String) throws {
        let outcome = try shell("qevm decode \(path) --sections timer,nosuch --format \(form)")
        #expect(outcome.status == 0 && outcome.text.contains("timer"))
        #expect(outcome.errors == "\(path): no section \"nosuch\"\n")
    }

    @Test(arguments: ["", "--contents"]) func aComparisonOfASectionThatIsNotThereIs2(_ option: String) throws {
        let outcome = try shell("qevm diff \(path) \(path) \(option) --sections nosuch,timer,neither")
        #expect(outcome.status == 2)
        #expect(outcome.errors == "\(path), \(path): no section \"nosuch\"\n\(path), \(path): no section \"neither\"\n")
        #expect(try shell("qevm diff \(path) \(path) \(option) --sections timer,ram").status == 0)
    }

    @Test func emptyNamesAreRefused() throws {
        for line in ["diff a b --ignore ''", "diff a b --sections ''", "decode a --sections ''"] {
            let outcome = try shell("qevm \(line)")
            #expect(outcome.status == 2 && outcome.errors.contains(" needs "), "\(outcome.errors)")
        }
    }

    // MARK: Damage

    @Test func aDamagedContainerIs2AndNamed() throws {
        let cut = try shell("gzip -c \(path) | head -c -20 > s.gz; qevm validate s.gz")
        #expect(cut.status == 2 && cut.output.isEmpty)
        #expect(cut.errors.hasPrefix("s.gz: error: input-unreadable: "), "\(cut.errors)")
        for line in ["decode s.gz", "decode s.gz --format text", "decode s.gz --extract-ram nrf51.sram -o ram"] {
            let outcome = try shell("qevm \(line)")
            #expect(outcome.status == 2 && outcome.errors.hasPrefix("s.gz: error: "), "\(line): \(outcome.errors)")
        }
        let diff = try shell("qevm diff s.gz \(path)")
        #expect(diff.status == 2 && diff.errors.contains("s.gz"))
        // A bare stream that ends too early is a finding.
        #expect(try shell("head -c 3000 \(path) > s.mig; qevm validate s.mig").status == 1)
    }
}
