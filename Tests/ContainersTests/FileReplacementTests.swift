// SPDX-License-Identifier: Apache-2.0

import Engine
import Foundation
import Testing

@testable import Containers

@Suite struct FileReplacementTests {
    private let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "qevm-replacement-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }

    private func mode(_ name: String) -> mode_t {
        var status = stat()
        return unsafe lstat("\(folder)/\(name)", &status) == 0 ? status.st_mode : 0
    }

    private func write(_ text: String, to path: String) throws {
        let replacement = try #require(try FileReplacement(of: path))
        try replacement.file.write(Array(text.utf8), at: 0)
        try replacement.commit()
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    /// Some file systems have no files without names.
    @Test(arguments: [true, false]) func theFileIsThereWhenAllOfItIs(_ isNamed: Bool) throws {
        try Data("old".utf8).write(to: URL(fileURLWithPath: "\(folder)/out"))
        _ = unsafe chmod("\(folder)/out", 0o640)
        do {
            let replacement = try #require(try FileReplacement(of: "\(folder)/out", isNamed: isNamed))
            try replacement.file.write([1], at: 0)
            #expect(try text("out") == "old")
            if isNamed { #expect(try names().count == 2) }
        }
        #expect(try names() == ["out"])
        let replacement = try #require(try FileReplacement(of: "\(folder)/out", isNamed: isNamed))
        try replacement.file.write(Array("new".utf8), at: 0)
        try replacement.commit()
        #expect(try text("out") == "new")
        #expect(mode("out") & 0o7777 == 0o640)
        #expect(try names() == ["out"])
    }

    /// What ends without cleaning up leaves nothing, here as on every file system of Linux's own.
    @Test func whatIsNotCompleteHasNoName() throws {
        let replacement = try #require(try FileReplacement(of: "\(folder)/out"))
        #expect(try names().isEmpty)
        try replacement.commit()
        #expect(try names() == ["out"])
    }

    @Test func aNewFileHasTheModeOfTheUmask() throws {
        try write("a", to: "\(folder)/new")
        let descriptor = unsafe open("\(folder)/opened", O_CREAT | O_WRONLY, 0o666)
        close(descriptor)
        #expect(mode("new") == mode("opened"))
    }

    @Test func aLinkStaysAndItsTargetIsReplaced() throws {
        try FileManager.default.createDirectory(atPath: "\(folder)/sub", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/second", withDestinationPath: "sub/target")
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/first", withDestinationPath: "\(folder)/second")
        // The first time there is no target yet.
        for content in ["one", "two"] {
            try write(content, to: "\(folder)/first")
            #expect(try text("sub/target") == content)
        }
        #expect(mode("first") & S_IFMT == S_IFLNK && mode("second") & S_IFMT == S_IFLNK)
        #expect(mode("sub/target") & S_IFMT == S_IFREG)
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/loop", withDestinationPath: "loop")
        #expect(failure { _ = try FileReplacement(of: "\(folder)/loop") }?.code == .outputUnwritable)
    }

    @Test func twoRunsToOneFileDoNotMeet() throws {
        let path = "\(folder)/out"
        let (one, two) = (try #require(try FileReplacement(of: path)), try #require(try FileReplacement(of: path)))
        try one.file.write(Array("one".utf8), at: 0)
        try two.file.write(Array("two".utf8), at: 0)
        try one.commit()
        #expect(try text("out") == "one")
        try two.commit()
        #expect(try text("out") == "two")
        #expect(try names() == ["out"])
    }

    @Test func whatIsNoRegularFileIsNotReplaced() throws {
        #expect(try FileReplacement(of: "/dev/null") == nil)
        #expect(try FileReplacement(of: folder) == nil)
        _ = unsafe mkfifo("\(folder)/pipe", 0o600)
        #expect(try FileReplacement(of: "\(folder)/pipe") == nil)
        let descriptor = unsafe open("\(folder)/opened", O_CREAT | O_WRONLY, 0o666)
        defer { close(descriptor) }
        #expect(try FileReplacement(of: "/dev/fd/\(descriptor)") == nil)
        let missing = failure { _ = try FileReplacement(of: "/nonexistent/out") }
        #expect(missing == .unwritable("/nonexistent/out: No such file or directory"))
    }
}

@Suite struct ZeroBlocksTests {
    @Test func wholeBlocksAreToldApart() {
        let block = ZeroBlocks.size
        var bytes = [UInt8](repeating: 0, count: 5 * block)
        bytes[block] = 1
        bytes[4 * block - 1] = 1
        func parts(_ offset: Int) -> [String] {
            ZeroBlocks.split(bytes, at: offset).map { "\($0.isZero ? "zero" : "data") \($0.range)" }
        }
        #expect(
            parts(0) == [
                "zero 0..<\(block)", "data \(block)..<\(2 * block)", "zero \(2 * block)..<\(3 * block)",
                "data \(3 * block)..<\(4 * block)", "zero \(4 * block)..<\(5 * block)",
            ]
        )
        // Blocks are those of the file.
        #expect(
            parts(block - 1) == [
                "data 0..<\(block + 1)", "zero \(block + 1)..<\(3 * block + 1)", "data \(3 * block + 1)..<\(5 * block)",
            ]
        )
        #expect(ZeroBlocks.split([], at: 7).isEmpty)
    }
}
