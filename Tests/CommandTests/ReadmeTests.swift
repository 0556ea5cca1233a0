// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The folder of the project.
let projectFolder = Fixtures.project

/// The examples of README.md, run as they stand there.
@Suite("README.md", .timeLimit(.minutes(10)))
struct ReadmeTests {
    /// A command with what is to come out of it.
    struct Step: Equatable {
        var command: String
        var output: [String]
    }

    /// The blocks fenced with ```console: lines that begin with `$ ` and what follows them.
    ///
    /// The lines of a here document belong to the command.
    static func blocks(_ text: String) -> [[Step]] {
        var blocks: [[Step]] = []
        var isInside = false
        var ending: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            guard isInside else {
                if line == "```console" {
                    isInside = true
                    blocks.append([])
                }
                continue
            }
            let block = blocks.count - 1
            let step = blocks[block].count - 1
            if let end = ending {
                blocks[block][step].command += "\n" + line
                if line == end { ending = nil }
            } else if line == "```" {
                isInside = false
            } else if line.hasPrefix("$ ") {
                let command = String(line.dropFirst(2))
                blocks[block].append(Step(command: command, output: []))
                ending = command.firstMatch(of: /<<-?'?([A-Z]+)'?/).map { String($0.1) }
            } else if step >= 0 {
                blocks[block][step].output.append(line)
            }
        }
        return blocks
    }

    /// Whether lines are what is expected; a line `…` stands for any lines.
    static func match(_ lines: ArraySlice<String>, _ expected: ArraySlice<String>) -> Bool {
        guard let first = expected.first else { return lines.isEmpty }
        guard first != "…" else {
            return (lines.startIndex...lines.endIndex).contains { match(lines[$0...], expected.dropFirst()) }
        }
        return lines.first == first && match(lines.dropFirst(), expected.dropFirst())
    }

    @Test func blocksAreTakenApart() {
        let text = "a\n```console\n$ cat > f <<'END'\n$ x\nEND\n$ b\nc\n…\n```\n```sh\n$ d\n```\n```console\n$ e\n```\n"
        #expect(
            Self.blocks(text) == [
                [
                    Step(command: "cat > f <<'END'\n$ x\nEND", output: []), Step(command: "b", output: ["c", "…"]),
                ], [Step(command: "e", output: [])],
            ]
        )
        #expect(Self.match(["a", "b", "c"], ["a", "…", "c"]))
        #expect(Self.match(["a"], ["a", "…"]))
        #expect(!Self.match(["a", "b"], ["a"]))
        #expect(!Self.match(["a", "b"], ["…", "c"]))
    }

    @Test func whatTheExamplesSayComesOut() throws {
        guard let bytes = Fixtures.read("\(projectFolder)/README.md") else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        let blocks = Self.blocks(text)
        guard text.contains("```console") else { return }
        #expect(blocks.count >= 3)
        #expect(blocks.joined().count { !$0.output.isEmpty } >= 3)
        let service = try RunningService()
        // A later block may use the files of an earlier one.
        let folder = try Folder()
        // Whoever reads it is in the folder of the project.
        let tests = "\(projectFolder)/Tests"
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/Tests", withDestinationPath: tests)
        for step in blocks.joined() {
            let command = step.command.replacingOccurrences(of: "localhost:8080", with: "127.0.0.1:\(service.port)")
            let outcome = try Program.shell(command, in: folder.path)
            var lines = (outcome.text + outcome.errors).split(separator: "\n", omittingEmptySubsequences: false)
                .map(String.init)
            while lines.last?.isEmpty == true { lines.removeLast() }
            let expected = step.output.reversed().drop { $0.isEmpty }.reversed()
            #expect(Self.match(lines[...], Array(expected)[...]), "\(step.command)\n\(outcome.text)\(outcome.errors)")
        }
    }
}
