// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Where `-o` writes, and what is left there.
@Suite("Outputs of qevm", .timeLimit(.minutes(10)))
struct OutputTests {
    private let folder: Folder
    private let path = "\(Fixtures.root)/streams/arm-microbit-11.1.mig"
    private let edit: String

    init() throws {
        folder = try Folder()
        edit = "qevm edit \(path) --set /sections/nrf51_soc.rng/state/active=7"
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    private func status(_ name: String) throws -> stat {
        var status = stat()
        try #require(unsafe lstat("\(folder.path)/\(name)", &status) == 0)
        return status
    }

    @Test func noOtherFileIsTouched() throws {
        try folder.write("victim", "kept")
        try folder.write("other.part", "kept")
        try folder.write("out", "old")
        _ = unsafe chmod("\(folder.path)/out", 0o600)
        let line = "ln -s victim out.part && ln -s out link && \(edit) -o link && \(edit) -o other"
        #expect(try Program.shell(line, in: folder.path).status == 0)
        #expect(folder.read("victim") == Array("kept".utf8) && folder.read("other.part") == Array("kept".utf8))
        #expect(folder.read("out") == folder.read("other") && folder.read("out")?.prefix(4) == Array("QEVM".utf8)[...])
        #expect(try names() == ["link", "other", "other.part", "out", "out.part", "victim"])
        #expect(try status("link").st_mode & S_IFMT == S_IFLNK)
        #expect(try status("out").st_mode & 0o777 == 0o600)
    }

    @Test func runsBesideEachOtherDoNotMeet() throws {
        // The pipe ends with the last of them.
        let line = "for i in 1 2 3 4; do (\(edit) -o out || echo failed) & done 2>&1 | cat"
        let outcome = try Program.shell(line, in: folder.path)
        #expect(outcome.text.isEmpty && outcome.errors.isEmpty)
        #expect(try names() == ["out"])
    }

    @Test func whatIsNoRegularFileIsWrittenAsItIs() throws {
        let expected = try Program.shell(edit).output
        #expect(expected.count > 1000)
        for line in [
            "\(edit) -o -", "\(edit) -o /dev/stdout", "\(edit) -o /dev/stdout | cat", "\(edit) -o /dev/fd/1 | cat",
            "mkfifo pipe; \(edit) -o pipe & cat pipe", "\(edit) -o /dev/stdout > file; cat file",
        ] {
            let outcome = try Program.shell(line, in: folder.path)
            #expect(outcome.output == expected, "\(line): \(outcome.errors)")
        }
        let appended = try Program.shell("echo before > log; \(edit) -o /dev/stdout >> log; cat log", in: folder.path)
        #expect(appended.output == Array("before\n".utf8) + expected)
        #expect(try names() == ["file", "log", "pipe"])
    }

    @Test(arguments: ["-o out", "> out"]) func holesStayHoles(_ output: String) throws {
        let size = 16 << 20
        let line =
            "cp \(path) big && truncate -s \(size) big && printf x >> big && dd if=/dev/zero bs=1M count=8 >> big"
        let ending = "qevm edit big --set /sections/nrf51_soc.rng/state/active=7 \(output)"
        let outcome = try Program.shell("\(line) 2> /dev/null && \(ending)", in: folder.path)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let (before, after) = (try status("big"), try status("out"))
        #expect(after.st_size == before.st_size && before.st_size == size + 1 + 8 << 20)
        #expect(after.st_blocks * 512 < 1 << 20)
        // They differ in the byte that was set.
        let difference = try Program.shell("cmp -l big out | wc -l", in: folder.path)
        #expect(difference.text.contains { $0 == "1" } && difference.text.count < 12)
    }

    @Test func aBlockOfRAMGoesIntoAnyOutput() throws {
        let source = "\(Fixtures.root)/streams/qemu-7.2-xbzrle.mig.gz"
        let names = try Program.shell("qevm decode \(source) --extract-ram none -o -")
        #expect(names.status == 1 && names.output.isEmpty)
        let decode = "qevm decode \(source) --extract-ram pc.ram"
        #expect(try Program.shell("\(decode) -o ram", in: folder.path).status == 0)
        let expected = try #require(folder.read("ram"))
        #expect(expected.count >= 1 << 20 && expected.contains { $0 != 0 })
        for line in [
            "\(decode) -o - | cat", "\(decode) -o /dev/stdout | cat", "\(decode) -o - > file; cat file",
            "mkfifo pipe; \(decode) -o pipe & cat pipe",
        ] {
            let outcome = try Program.shell(line, in: folder.path)
            #expect(outcome.output == expected, "\(line): \(outcome.errors)")
        }
        #expect(try self.names() == ["file", "pipe", "ram"])
        #expect(try status("file").st_blocks * 512 < expected.count)
    }

    @Test func aBlockThatIsNotThereLeavesTheFile() throws {
        try folder.write("ram", "before")
        let outcome = try Program.shell("qevm decode \(path) --extract-ram none -o ram", in: folder.path)
        #expect(outcome.status == 1 && outcome.errors.contains("no block \"none\""))
        #expect(folder.read("ram") == Array("before".utf8))
        #expect(try names() == ["ram"])
    }

    @Test func anOutputThatIsFullIs2() throws {
        for line in ["\(edit) -o /dev/full", "qevm decode \(path) --format text -o /dev/full"] {
            let outcome = try Program.shell(line)
            #expect(outcome.status == 2)
            #expect(outcome.errors == "/dev/full: No space left on device\n")
        }
    }
}
