// SPDX-License-Identifier: Apache-2.0

/// The name of a member where it stands in the text; it must not leave the closure that it was given to.
struct JSONName {
    fileprivate let text: ByteView
    fileprivate let range: Range<Int>
    /// The content of a name with escapes.
    fileprivate let resolved: String?

    /// Whether this is the name.
    static func ~= (pattern: StaticString, name: JSONName) -> Bool {
        if let resolved = name.resolved { return resolved == pattern.description }
        return name.range.count == pattern.utf8CodeUnitCount
            && name.text.matches(name.range, pattern)
    }
}

extension JSONNode {
    /// Goes through the members of an object in their order, without a copy of their names; does nothing for anything else.
    func forEachMember(_ body: (JSONName, JSONNode) -> Void) {
        let tape = document.tape
        guard tape.tag(at: index) == .object else { return }
        document.text.withByteView { text in
            var key = index + 2
            for _ in 0..<tape.count(at: index) {
                let value = tape.next(after: key)
                let reference = tape.reference(at: key)
                let name = JSONName(
                    text: text,
                    range: reference.offset..<reference.offset + reference.length,
                    resolved: tape.tag(at: key) == .string ? nil : JSONText.string(tape, key, text)
                )
                body(name, JSONNode(document: document, index: value))
                key = tape.next(after: value)
            }
        }
    }

    /// Goes through the elements of an array in their order; does nothing for anything else.
    func forEachElement(_ body: (JSONNode) -> Void) {
        let tape = document.tape
        guard tape.tag(at: index) == .array else { return }
        var element = index + 2
        for _ in 0..<tape.count(at: index) {
            body(JSONNode(document: document, index: element))
            element = tape.next(after: element)
        }
    }

    /// Whether this is a string with just this text, written without escapes.
    func isString(_ text: StaticString) -> Bool {
        guard document.tape.tag(at: index) == .string else { return false }
        let reference = document.tape.reference(at: index)
        guard reference.length == text.utf8CodeUnitCount else { return false }
        return document.text.withByteView { $0.matches(reference.offset..<reference.offset + reference.length, text) }
    }

    /// The number of elements or members; 0 for anything else.
    var count: Int {
        switch document.tape.tag(at: index) {
        case .array, .object: document.tape.count(at: index)
        default: 0
        }
    }
}
