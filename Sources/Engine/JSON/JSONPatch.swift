// SPDX-License-Identifier: Apache-2.0

/// A JSON Patch (RFC 6902): a list of operations on a document.
public struct JSONPatch {
    private enum Operation {
        case add(JSONPointer, JSONTree)
        case remove(JSONPointer)
        case replace(JSONPointer, JSONTree)
        case move(from: JSONPointer, JSONPointer)
        case copy(from: JSONPointer, JSONPointer)
        case test(JSONPointer, JSONNode)
    }

    /// The most operations that a patch may have.
    private static let maximumOperations = 100_000
    private let operations: [Operation]

    /// Reads a patch.
    ///
    /// - Throws: `request-invalid`, naming the operation.
    public init(_ node: JSONNode) throws(VMStateError) {
        guard node.kind == .array else {
            throw RequestReader.error("a JSON Patch, an array of operations", node.kind.rawValue)
        }
        guard node.elements.count <= Self.maximumOperations else {
            throw RequestReader.error("at most \(Self.maximumOperations) operations", "\(node.elements.count)")
        }
        var operations: [Operation] = []
        for (index, element) in node.elements.enumerated() {
            operations.append(try Self.operation(element, index))
        }
        self.operations = operations
    }

    private static func operation(_ node: JSONNode, _ index: Int) throws(VMStateError) -> Operation {
        func member(_ name: String) throws(VMStateError) -> JSONNode {
            guard let value = node[name] else {
                throw RequestReader.error("operation \(index) of the patch with \"\(name)\"", "none")
            }
            return value
        }
        func pointer(_ name: String) throws(VMStateError) -> JSONPointer {
            let value = try member(name)
            guard let pointer = value.string.flatMap({ JSONPointer($0) }) else {
                throw RequestReader.error(
                    "operation \(index) of the patch, \"\(name)\": a JSON Pointer",
                    String(decoding: value.json(), as: UTF8.self)
                )
            }
            return pointer
        }
        let path = try pointer("path")
        switch try member("op").string {
        case "add": return .add(path, .node(try member("value")))
        case "remove": return .remove(path)
        case "replace": return .replace(path, .node(try member("value")))
        case "move": return .move(from: try pointer("from"), path)
        case "copy": return .copy(from: try pointer("from"), path)
        case "test": return .test(path, try member("value"))
        default:
            throw RequestReader.error(
                "operation \(index) of the patch: add, remove, replace, move, copy or test",
                String(decoding: try member("op").json(), as: UTF8.self)
            )
        }
    }

    /// The document after all operations.
    ///
    /// - Throws: `patch-failed` with the operation and the place; nothing is changed then.
    public func apply(to document: JSONNode, limits: Limits = .default) throws(VMStateError) -> JSONDocument {
        var tree = JSONTree.node(document)
        for (index, operation) in operations.enumerated() {
            do throws(VMStateError) {
                try Self.apply(operation, to: &tree)
            } catch {
                throw VMStateError(
                    .patchFailed,
                    expected: "operation \(index): \(error.expected ?? "")",
                    found: error.found,
                    statePath: error.statePath
                )
            }
        }
        var buffer = ByteBuffer(capacity: 1 << 16, limit: limits.outputBytes)
        tree.print(to: &buffer)
        guard !buffer.isOverLimit else {
            throw VMStateError(.limitExceeded, expected: "a document within the limit on output")
        }
        do throws(JSONError) {
            return try JSONDocument(parsing: buffer.array(), maximumDepth: limits.jsonDepth, duplicates: .unchecked)
        } catch {
            throw VMStateError(.patchFailed, expected: "a document after the patch", found: error.reason.rawValue)
        }
    }

    private static func apply(_ operation: Operation, to tree: inout JSONTree) throws(VMStateError) {
        switch operation {
        case .add(let path, let value): try tree.add(value, at: path.tokens[...], path)
        case .remove(let path): _ = try tree.remove(at: path.tokens[...], path)
        case .replace(let path, let value): try tree.replace(value, at: path.tokens[...], path)
        case .move(let from, let path):
            guard path.tokens.count <= from.tokens.count || !path.tokens.starts(with: from.tokens) else {
                throw JSONTree.failure(path, "a place outside of what is moved", path.description)
            }
            let value = try tree.remove(at: from.tokens[...], from)
            try tree.add(value, at: path.tokens[...], path)
        case .copy(let from, let path):
            let value = try tree.visit(from.tokens[...], from) { (place) throws(VMStateError) in place }
            try tree.add(value, at: path.tokens[...], path)
        case .test(let path, let value):
            var buffer = ByteBuffer(limit: Limits.default.outputBytes)
            try tree.visit(path.tokens[...], path) { (place) throws(VMStateError) in place.print(to: &buffer) }
            guard let found = try? JSONDocument(parsing: buffer.array(), duplicates: .unchecked),
                found.root.isEqual(to: value)
            else { throw JSONTree.failure(path, "the value that \"test\" names", "another") }
        }
    }
}

extension JSONTree {
    fileprivate static func failure(_ path: JSONPointer, _ expected: String, _ found: String) -> VMStateError {
        VMStateError(.patchFailed, expected: expected, found: found, statePath: path)
    }

    private static func missing(_ path: JSONPointer) -> VMStateError {
        failure(path, "a value at \"\(path)\"", "none")
    }

    /// An index of an array (RFC 6901 §4): digits without a leading zero.
    private static func index(_ token: String, below count: Int) -> Int? {
        guard token == "0" || !token.hasPrefix("0"), token.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let index = Int(token), index < count
        else { return nil }
        return index
    }

    /// Runs `body` on the value that the tokens lead to; what lies on the way is taken apart once for all operations.
    fileprivate mutating func visit<Result>(
        _ tokens: ArraySlice<String>,
        _ path: JSONPointer,
        _ body: (inout JSONTree) throws(VMStateError) -> Result
    ) throws(VMStateError) -> Result {
        self = expanded
        guard let token = tokens.first else { return try body(&self) }
        switch self {
        case .array(var elements):
            guard let index = Self.index(token, below: elements.count) else { throw Self.missing(path) }
            self = .array([])
            defer { self = .array(elements) }
            return try elements[index].visit(tokens.dropFirst(), path, body)
        case .object(var members):
            guard let index = members.firstIndex(where: { $0.name == token }) else { throw Self.missing(path) }
            self = .object([])
            defer { self = .object(members) }
            return try members[index].value.visit(tokens.dropFirst(), path, body)
        case .node: throw Self.missing(path)
        }
    }

    fileprivate mutating func add(
        _ value: JSONTree,
        at tokens: ArraySlice<String>,
        _ path: JSONPointer
    ) throws(VMStateError) {
        guard let token = tokens.last else {
            self = value
            return
        }
        try visit(tokens.dropLast(), path) { (container) throws(VMStateError) in
            switch container {
            case .array(var elements):
                guard let index = token == "-" ? elements.count : Self.index(token, below: elements.count + 1) else {
                    throw Self.missing(path)
                }
                container = .array([])
                elements.insert(value, at: index)
                container = .array(elements)
            case .object(var members):
                container = .object([])
                if let index = members.firstIndex(where: { $0.name == token }) {
                    members[index].value = value
                } else {
                    members.append((token, value))
                }
                container = .object(members)
            case .node: throw Self.missing(path)
            }
        }
    }

    fileprivate mutating func remove(
        at tokens: ArraySlice<String>,
        _ path: JSONPointer
    ) throws(VMStateError) -> JSONTree {
        guard let token = tokens.last else { throw Self.missing(path) }
        return try visit(tokens.dropLast(), path) { (container) throws(VMStateError) in
            switch container {
            case .array(var elements):
                guard let index = Self.index(token, below: elements.count) else { throw Self.missing(path) }
                container = .array([])
                defer { container = .array(elements) }
                return elements.remove(at: index)
            case .object(var members):
                guard let index = members.firstIndex(where: { $0.name == token }) else { throw Self.missing(path) }
                container = .object([])
                defer { container = .object(members) }
                return members.remove(at: index).value
            case .node: throw Self.missing(path)
            }
        }
    }

    fileprivate mutating func replace(
        _ value: JSONTree,
        at tokens: ArraySlice<String>,
        _ path: JSONPointer
    ) throws(VMStateError) {
        try visit(tokens, path) { (place) throws(VMStateError) in place = value }
    }
}
