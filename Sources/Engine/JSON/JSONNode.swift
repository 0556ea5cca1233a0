// SPDX-License-Identifier: Apache-2.0

/// A place in a `JSONDocument`: convenient, for documents of ordinary size.
///
/// The codec walks the tape itself.
public struct JSONNode: Sendable {
    let document: JSONDocument
    let index: Int

    /// What a node is, by JSON's own words.
    public enum Kind: String, Sendable {
        case null, boolean, number, string, array, object
    }

    /// What this node is.
    public var kind: Kind {
        switch document.tape.tag(at: index) {
        case .null: .null
        case .true, .false: .boolean
        case .int, .int64, .uint64, .double, .number: .number
        case .string, .escapedString, .bytes: .string
        case .array: .array
        case .object: .object
        }
    }

    /// The elements of an array; empty for anything else.
    public var elements: [JSONNode] {
        let tape = document.tape
        guard tape.tag(at: index) == .array else { return [] }
        var at = index + 2
        return (0..<tape.count(at: index)).map { _ in
            defer { at = tape.next(after: at) }
            return JSONNode(document: document, index: at)
        }
    }

    /// The members of an object in their order; empty for anything else.
    public var members: [(name: String, value: JSONNode)] {
        let tape = document.tape
        guard tape.tag(at: index) == .object else { return [] }
        return document.text.withByteView { text in
            var key = index + 2
            return (0..<tape.count(at: index)).map { _ in
                let value = tape.next(after: key)
                defer { key = tape.next(after: value) }
                return (JSONText.string(tape, key, text), JSONNode(document: document, index: value))
            }
        }
    }

    /// The first member of this name.
    public subscript(name: String) -> JSONNode? {
        let tape = document.tape
        guard tape.tag(at: index) == .object else { return nil }
        return document.text.withByteView { text in
            var key = index + 2
            for _ in 0..<tape.count(at: index) {
                let value = tape.next(after: key)
                if JSONText.equal(tape, key, text, to: name) { return JSONNode(document: document, index: value) }
                key = tape.next(after: value)
            }
            return nil
        }
    }

    /// The text of a string.
    public var string: String? {
        switch document.tape.tag(at: index) {
        case .string, .escapedString:
            document.text.withByteView { JSONText.string(document.tape, index, $0) }
        case .bytes: String(decoding: json(), as: UTF8.self).split(separator: "\"").first.map(String.init) ?? ""
        default: nil
        }
    }

    /// The value of a boolean.
    public var bool: Bool? {
        switch document.tape.tag(at: index) {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// An integer from −2^63 to 2^63 − 1, written without fraction or exponent.
    public var int: Int? {
        guard let integer = document.text.withByteView({ JSONInteger(document.tape, index, $0) }) else { return nil }
        return integer.asInt64.map { Int($0) }
    }

    /// This node as JSON text.
    public func json(_ options: JSONPrinter.Options = .init()) -> [UInt8] {
        JSONPrinter(options: options).print(self)
    }
}
