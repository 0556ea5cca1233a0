// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// How far a long reading is, on a terminal.
@Suite("Progress of commands on streams", .timeLimit(.minutes(5))) struct ProgressTests {
    private let folder = try? Folder()

    /// A stream of one RAM section in a file, with 2^`power` pages that are zero.
    private func stream(_ power: Int) throws -> String {
        // The header; START of "ram" 2, version 4; one block "b" of 4 KiB; its first page.
        var bytes: [UInt8] = [0x51, 0x45, 0x56, 0x4d, 0, 0, 0, 3, 1, 0, 0, 0, 2, 3, 0x72, 0x61, 0x6d]
        bytes += [0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0x10, 4, 1, 0x62, 0, 0, 0, 0, 0, 0, 0x10, 0]
        bytes += [0, 0, 0, 0, 0, 0, 0, 2, 1, 0x62, 0]
        // The same page again and again.
        var records: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0x22, 0]
        for _ in 0..<power { records += records }
        return try #require(folder).write("s\(power).mig", bytes + records + [0, 0, 0, 0, 0, 0, 0, 0x10, 0])
    }

    /// A shell line that gives a file slowly, in eight pieces over 1.6 s.
    private func slowly(_ file: String) throws -> String {
        let size = try #require(try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int)
        return
            "for i in 0 1 2 3 4 5 6 7; do dd if=\(file) bs=\(size / 8 + 1) skip=$i count=1 2>/dev/null; sleep 0.2; done"
    }

    /// Runs a shell line whose standard error is a terminal, and gives what that showed, and how long it took.
    private func onTerminal(_ line: String) throws -> (shown: String, seconds: Double) {
        let script = try #require(folder).write("line.sh", line + "\n")
        let start = ContinuousClock.now
        let outcome = try Program.shell("script -qec 'sh \(script)' /dev/null </dev/null")
        let time = (ContinuousClock.now - start).components
        return (outcome.text, Double(time.seconds) + Double(time.attoseconds) / 1e18)
    }

    @Test func itMovesWithinASectionAndIsTakenAway() throws {
        let (shown, seconds) = try onTerminal("(\(slowly(stream(18)))) | qevm validate - >/dev/null")
        let lines = shown.components(separatedBy: "\r").filter { $0.contains("B/s") }
        #expect(lines.count >= 3)
        #expect(Double(lines.count) <= seconds * 10 + 1)
        #expect(Set(lines).count == lines.count)
        // Nothing is known of how much there is.
        #expect(!shown.contains("%"))
        let end = try #require(shown.range(of: "\r\u{1b}[K", options: .backwards))
        #expect(!shown[end.upperBound...].contains("B/s"))
    }

    @Test func ofAFileItHasPercentageAndTimeLeft() throws {
        let file = try stream(22)
        for line in [
            "qevm validate \(file) >/dev/null", "qevm decode \(file) >/dev/null",
            "qevm diff \(file) \(file) >/dev/null",
            "qevm decode \(file) --extract-ram b -o \(file).ram",
        ] {
            let (shown, seconds) = try onTerminal(line)
            // A machine that is done before anything is shown proves nothing.
            guard seconds > 1 else { continue }
            #expect(shown.contains(" %  ") && shown.contains(" MB/s  ") && shown.contains(" s left\u{1b}[K"), "\(line)")
            let end = try #require(shown.range(of: "\r\u{1b}[K", options: .backwards))
            #expect(!shown[end.upperBound...].contains("B/s"))
        }
    }

    @Test func withoutATerminalThereIsNone() throws {
        let outcome = try Program.shell("(\(slowly(stream(18)))) | qevm validate - 2>&1 >/dev/null")
        #expect(!outcome.text.contains("\r") && !outcome.text.contains("\u{1b}"))
    }
}
