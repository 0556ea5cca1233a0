// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// RFC 6902, with the examples of its appendix A.
@Suite struct JSONPatchTests {
    struct Case: Sendable, CustomStringConvertible {
        let description: String
        let document: String
        let patch: String
        let result: String?
    }

    static let cases = [
        Case(
            description: "A.1 add a member",
            document: #"{"foo":"bar"}"#,
            patch: #"[{"op":"add","path":"/baz","value":"qux"}]"#,
            result: #"{"foo":"bar","baz":"qux"}"#
        ),
        Case(
            description: "A.2 add an element",
            document: #"{"foo":["bar","baz"]}"#,
            patch: #"[{"op":"add","path":"/foo/1","value":"qux"}]"#,
            result: #"{"foo":["bar","qux","baz"]}"#
        ),
        Case(
            description: "A.3 remove a member",
            document: #"{"baz":"qux","foo":"bar"}"#,
            patch: #"[{"op":"remove","path":"/baz"}]"#,
            result: #"{"foo":"bar"}"#
        ),
        Case(
            description: "A.4 remove an element",
            document: #"{"foo":["bar","qux","baz"]}"#,
            patch: #"[{"op":"remove","path":"/foo/1"}]"#,
            result: #"{"foo":["bar","baz"]}"#
        ),
        Case(
            description: "A.5 replace a value",
            document: #"{"baz":"qux","foo":"bar"}"#,
            patch: #"[{"op":"replace","path":"/baz","value":"boo"}]"#,
            result: #"{"baz":"boo","foo":"bar"}"#
        ),
        Case(
            description: "A.6 move a value",
            document: #"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
            patch: #"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
            result: #"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#
        ),
        Case(
            description: "A.7 move an element",
            document: #"{"foo":["all","grass","cows","eat"]}"#,
            patch: #"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
            result: #"{"foo":["all","cows","eat","grass"]}"#
        ),
        Case(
            description: "A.8 test a value: success",
            document: #"{"baz":"qux","foo":["a",2,"c"]}"#,
            patch: #"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
            result: #"{"baz":"qux","foo":["a",2,"c"]}"#
        ),
        Case(
            description: "A.9 test a value: error",
            document: #"{"baz":"qux"}"#,
            patch: #"[{"op":"test","path":"/baz","value":"bar"}]"#,
            result: nil
        ),
        Case(
            description: "A.10 add a nested member object",
            document: #"{"foo":"bar"}"#,
            patch: #"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#,
            result: #"{"foo":"bar","child":{"grandchild":{}}}"#
        ),
        Case(
            description: "A.11 ignore unrecognized members",
            document: #"{"foo":"bar"}"#,
            patch: #"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#,
            result: #"{"foo":"bar","baz":"qux"}"#
        ),
        Case(
            description: "A.12 add to a nonexistent target",
            document: #"{"foo":"bar"}"#,
            patch: #"[{"op":"add","path":"/baz/bat","value":"qux"}]"#,
            result: nil
        ),
        Case(
            description: "A.14 escapes",
            document: #"{"/":9,"~1":10}"#,
            patch: #"[{"op":"test","path":"/~01","value":10}]"#,
            result: #"{"/":9,"~1":10}"#
        ),
        Case(
            description: "A.15 strings are no numbers",
            document: #"{"/":9,"~1":10}"#,
            patch: #"[{"op":"test","path":"/~01","value":"10"}]"#,
            result: nil
        ),
        Case(
            description: "A.16 add an array value",
            document: #"{"foo":["bar"]}"#,
            patch: #"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#,
            result: #"{"foo":["bar",["abc","def"]]}"#
        ),
        Case(
            description: "copy, and the copy is another value",
            document: #"{"a":[1,{"b":2}]}"#,
            patch: ##"[{"op":"copy","from":"/a/1","path":"/c"},{"op":"replace","path":"/c/b","value":3}]"##,
            result: #"{"a":[1,{"b":2}],"c":{"b":3}}"#
        ),
        Case(
            description: "the whole document",
            document: #"{"a":1}"#,
            patch: ##"[{"op":"replace","path":"","value":[18446744073709551615]}]"##,
            result: #"[18446744073709551615]"#
        ),
        Case(
            description: "an index with a leading zero",
            document: #"{"a":[1,2]}"#,
            patch: #"[{"op":"replace","path":"/a/01","value":3}]"#,
            result: nil
        ),
        Case(
            description: "a move into what is moved",
            document: #"{"a":{"b":{}}}"#,
            patch: #"[{"op":"move","from":"/a","path":"/a/b/c"}]"#,
            result: nil
        ),
        Case(
            description: "replace what is not there",
            document: #"{"a":1}"#,
            patch: #"[{"op":"replace","path":"/b","value":3}]"#,
            result: nil
        ),
    ]

    @Test(arguments: cases) func appliesOrRefuses(_ example: Case) throws {
        let document = try JSONDocument(parsing: Array(example.document.utf8))
        let patch = try JSONPatch(JSONDocument(parsing: Array(example.patch.utf8)).root)
        guard let result = example.result else {
            let error = #expect(throws: VMStateError.self) { try patch.apply(to: document.root) }
            #expect(error?.code == .patchFailed)
            return
        }
        let text = try patch.apply(to: document.root).root.json()
        #expect(String(decoding: text, as: UTF8.self) == result)
    }

    @Test(arguments: [
        #"{}"#, #"[{"op":"add","path":"/a"}]"#, #"[{"op":"spam","path":"/a"}]"#, #"[{"path":"/a","value":1}]"#,
        #"[{"op":"remove","path":"a"}]"#, #"[{"op":"remove","path":"/a~2"}]"#, #"[{"op":"move","path":"/a"}]"#,
    ])
    func refusesWhatIsNoPatch(_ text: String) throws {
        let document = try JSONDocument(parsing: Array(text.utf8))
        let error = #expect(throws: VMStateError.self) { try JSONPatch(document.root) }
        #expect(error?.code == .requestInvalid)
    }

    private func apply(_ patch: String, to text: String) throws -> [UInt8] {
        try JSONPatch(JSONDocument(parsing: Array(patch.utf8)).root)
            .apply(to: JSONDocument(parsing: Array(text.utf8)).root).root.json()
    }

    private func list(_ operation: String, times: Int) -> String {
        "[" + Array(repeating: operation, count: times).joined(separator: ",") + "]"
    }

    /// Each copy of a value into itself doubles it: behind its end, in front, and below a name.
    @Test(arguments: [
        (#"{"op":"copy","from":"/x","path":"/x/-"}"#, "[]"), (#"{"op":"copy","from":"/x","path":"/x/0"}"#, "[]"),
        (#"{"op":"copy","from":"/x","path":"/x/a"}"#, "{}"), (#"{"op":"copy","from":"","path":"/x"}"#, "0"),
    ])
    func copiesOfCopiesAreRefused(_ operation: String, _ value: String) throws {
        let document = #"{"x":\#(value)}"#
        #expect(try apply(list(operation, times: 3), to: document).count > document.utf8.count)
        for times in [300, 20_000] {
            let error = #expect(throws: VMStateError.self) { try apply(list(operation, times: times), to: document) }
            #expect([.limitExceeded, .patchFailed].contains(error?.code), "\(times): \(String(describing: error))")
        }
    }

    @Test func valuesGetOnlySoDeep() {
        let moves =
            #"{"op":"move","from":"/a","path":"/b/x"},{"op":"move","from":"/b","path":"/a"},"#
            + #"{"op":"add","path":"/b","value":{}}"#
        let error = #expect(throws: VMStateError.self) {
            try apply(list(moves, times: 30_000), to: #"{"a":{},"b":{}}"#)
        }
        #expect(error?.code == .limitExceeded)
    }

    /// What is moved from the start of an array to its end moves all the others.
    @Test func aPatchThatMovesTooMuchIsRefused() throws {
        let array = "[" + Array(repeating: "0", count: 200_000).joined(separator: ",") + "]"
        let move = #"{"op":"move","from":"/0","path":"/-"}"#
        #expect(try apply(list(move, times: 100), to: array) == Array(array.utf8))
        let error = #expect(throws: VMStateError.self) { try apply(list(move, times: 2000), to: array) }
        #expect(error?.code == .limitExceeded)
        let test = #"{"op":"test","path":"","value":0}"#
        #expect(throws: VMStateError.self) { try apply(list(test, times: 1), to: array) }
    }

    /// As many replacements as elements are no reason to refuse.
    @Test func manyChangesOfALongArrayAreApplied() throws {
        let array = "[" + Array(repeating: "0", count: 20_000).joined(separator: ",") + "]"
        let patch =
            "[" + (0..<20_000).map { #"{"op":"replace","path":"/\#($0)","value":1}"# }.joined(separator: ",") + "]"
        #expect(try apply(patch, to: array) == Array(array.replacing("0", with: "1").utf8))
    }

    /// However a string is written, and wherever two differ.
    @Test func testComparesStringsByWhatTheySay() throws {
        let text = "0123456789abcdef012"
        var others = text.indices.map { text.replacingCharacters(at: $0) } + [text + "3", String(text.dropLast()), ""]
        others.append("\u{e9}")
        func passes(_ document: String, _ value: String) throws -> Bool {
            let patch = try JSONPatch(
                JSONDocument(parsing: Array(#"[{"op":"test","path":"/a","value":\#(value)}]"#.utf8)).root
            )
            return (try? patch.apply(to: JSONDocument(parsing: Array(#"{"a":\#(document)}"#.utf8)).root)) != nil
        }
        #expect(try passes("\"\(text)\"", "\"\(text)\""))
        #expect(try passes(#""\u0030123456789abcdef012""#, "\"\(text)\""))
        #expect(try passes("\"\(text)\"", #""\u0030123456789abcdef012""#))
        #expect(try passes("\"\"", "\"\""))
        for other in others { #expect(try !passes("\"\(text)\"", "\"\(other)\""), "\(other)") }
    }
}

extension String {
    /// This text with an "x" in place of one character.
    fileprivate func replacingCharacters(at index: Index) -> String {
        String(self[..<index]) + "x" + String(self[self.index(after: index)...])
    }

    /// A pointer is of scalars: a mark that would be combined with the "/" before it begins a token (RFC 6901 §3).
    @Test func pointersAreOfScalars() {
        let mark = "\u{301}"
        #expect(JSONPointer("/a/\(mark)b")?.tokens == ["a", "\(mark)b"])
        let name = JSONPointer(["x/\(mark)y", "~\(mark)"]).description
        #expect(Array(name.unicodeScalars) == Array("/x~1\(mark)y/~0\(mark)".unicodeScalars))
        #expect(JSONPointer("a") == nil && JSONPointer("/~2") == nil && JSONPointer("/")?.tokens == [""])
    }
}
