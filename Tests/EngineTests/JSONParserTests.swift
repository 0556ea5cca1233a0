// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// One line of `Fixtures/json/cases.txt`.
struct JSONCase: Sendable, CustomStringConvertible {
    let expectation: String
    let description: String
    let text: [UInt8]
    let offset: Int?

    init?(_ line: Substring) {
        let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard columns.count >= 3 else { return nil }
        expectation = columns[0]
        description = columns[1]
        if expectation == "deep" {
            let parts = columns[2].split(separator: " ")
            text = Array(repeating: UInt8(parts[1].utf8.first ?? 0), count: Int(parts[0]) ?? 0)
        } else {
            text = Self.unescape(Array(columns[2].utf8))
        }
        offset = columns.count > 3 ? Int(columns[3]) : nil
    }

    /// `\xHH` stands for a byte.
    private static func unescape(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var at = 0
        while at < text.count {
            if text[at] == UInt8(ascii: "\\"), at + 3 < text.count {
                result.append(UInt8(String(decoding: text[at + 2...at + 3], as: UTF8.self), radix: 16) ?? 0)
                at += 4
            } else {
                result.append(text[at])
                at += 1
            }
        }
        return result
    }

    static let all = String(decoding: Fixtures.read("json/cases.txt") ?? [], as: UTF8.self).split(separator: "\n")
        .compactMap(JSONCase.init)
}

@Suite struct JSONParserTests {
    @Test func thereAreEnoughCases() {
        #expect(JSONCase.all.count >= 250)
        #expect(JSONCase.all.count { $0.expectation == "refuse" } >= 150)
    }

    @Test(arguments: JSONCase.all)
    func isAcceptedOrRefusedAsRFC8259Says(_ example: JSONCase) throws {
        do {
            let document = try JSONDocument(parsing: example.text)
            #expect(["accept", "either"].contains(example.expectation))
            let again = try JSONDocument(parsing: document.root.json())
            #expect(again.root.json() == document.root.json())
        } catch {
            #expect(["refuse", "either", "deep"].contains(example.expectation), "\(error)")
            if let offset = example.offset { #expect(error.offset == offset, "\(error)") }
            let before = example.text.prefix(error.offset)
            #expect(error.line == before.count { $0 == 0x0a } + 1)
            #expect(error.column == before.count - (before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0) + 1)
        }
    }

    @Test func aDuplicateMemberIsNamedWithItsPlace() {
        #expect {
            try JSONDocument(parsing: Array("{\n  \"a\": 1,\n  \"b\": {\"a\": 1},\n  \"\\u0061\": 2}".utf8))
        } throws: { error in
            guard let error = error as? JSONError else { return false }
            return error.reason == .duplicateMember && error.found == "\"a\"" && error.line == 4 && error.column == 3
        }
    }

    @Test(arguments: [16, 17, 18, 40])
    func aDuplicateIsFoundInObjectsOfAnySize(_ count: Int) {
        let members = (0..<count).map { "\"m\($0)\":\($0)" }
        for repeated in [0, count / 2, count - 1] {
            let text = "{" + (members + ["\"m\(repeated)\":0"]).joined(separator: ",") + "}"
            #expect(throws: JSONError.self) { try JSONDocument(parsing: Array(text.utf8)) }
        }
        #expect(throws: Never.self) {
            try JSONDocument(parsing: Array(("{" + members.joined(separator: ",") + "}").utf8))
        }
    }

    @Test func objectsOfOneShapeAreStillCheckedForDuplicates() {
        for text in [
            "[{\"a\":1,\"b\":2},{\"a\":1,\"b\":2,\"a\":3}]", "[{\"a\":1,\"b\":2},{\"a\":1,\"a\":3}]",
            "[{\"a\":1,\"b\":2},{\"b\":1,\"b\":3}]", "[{\"a\":1,\"b\":{\"a\":2}},{\"a\":1,\"b\":{\"a\":2},\"b\":3}]",
        ] {
            #expect(throws: JSONError.self, "\(text)") { try JSONDocument(parsing: Array(text.utf8)) }
        }
    }

    @Test func duplicatesAreKeptForDocumentsThatHaveThem() throws {
        let text = Array("{\"a\":1,\"a\":2}".utf8)
        let document = try JSONDocument(parsing: text, duplicates: .noted)
        #expect(document.root.json() == text)
        #expect(document.firstDuplicate?.offset == 7)
        let unchecked = try JSONDocument(parsing: text, duplicates: .unchecked)
        #expect(unchecked.root.json() == text)
        #expect(unchecked.firstDuplicate == nil)
    }

    @Test func depthIsLimited() throws {
        let nested = Array(repeating: UInt8(ascii: "["), count: 5) + Array(repeating: UInt8(ascii: "]"), count: 5)
        _ = try JSONDocument(parsing: nested, maximumDepth: 5)
        #expect {
            try JSONDocument(parsing: nested, maximumDepth: 4)
        } throws: { error in
            guard let error = error as? JSONError else { return false }
            return error.reason == .tooDeep && error.offset == 4
        }
    }

    @Test func stringsOfMoreThan16MiBKeepTheirLength() throws {
        let text = Array("[\"".utf8) + [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 24) + Array("\",1]".utf8)
        let document = try JSONDocument(parsing: text)
        #expect(document.root.elements.count == 2)
        #expect(document.root.json() == text)
    }

    @Test func escapesAreResolved() throws {
        let document = try JSONDocument(parsing: Array(#"["\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é"]"#.utf8))
        #expect(document.root.elements[0].string == "\"\\/\u{8}\u{c}\n\r\té😀é")
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
    ])
    func integersAreExact(_ text: String, _ value: Int) throws {
        #expect(try JSONDocument(parsing: Array(text.utf8)).root.int == value)
    }

    @Test(arguments: ["9223372036854775808", "1.0", "1e2", "-9223372036854775809", "true", "\"x\"", "\"\""])
    func whatIsNoIntegerIsNotMadeOne(_ text: String) throws {
        #expect(try JSONDocument(parsing: Array(text.utf8)).root.int == nil)
    }
}
