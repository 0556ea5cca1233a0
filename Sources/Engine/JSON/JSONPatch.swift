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
    /// By how many bytes a patch may make a document longer, its own values left aside: what it copies.
    private static let maximumCopies = 4 << 20
    private let operations: [Operation]
    /// How long its values are together.
    private let size: Int

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
        size = node.document.text.count
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
    /// - Throws: `patch-failed` with the operation and the place, and `limit-exceeded` for one that takes too much work or copies
    ///   too much; nothing is changed then.
    public func apply(to document: JSONNode, limits: Limits = .default) throws(VMStateError) -> JSONDocument {
        var tree = JSONTree.node(document)
        var work = PatchWork()
        for (index, operation) in operations.enumerated() {
            do throws(VMStateError) {
                try Self.apply(operation, to: &tree, &work)
            } catch {
                guard error.code == .patchFailed else { throw error }
                throw VMStateError(
                    .patchFailed,
                    expected: "operation \(index): \(error.expected ?? "")",
                    found: error.found,
                    statePath: error.statePath
                )
            }
        }
        let length = document.document.text.count + size
        let limit = min(length + Self.maximumCopies, limits.outputBytes)
        let text = try ByteBuffer.array(capacity: min(length, limit), limit: limit) { (buffer) throws(VMStateError) in
            var buffer = buffer
            guard tree.print(to: &buffer) else { throw Self.tooMuch }
            return buffer
        }
        do throws(JSONError) {
            return try JSONDocument(parsing: text, maximumDepth: limits.jsonDepth, duplicates: .unchecked)
        } catch {
            throw VMStateError(.patchFailed, expected: "a document after the patch", found: error.reason.rawValue)
        }
    }

    private static var tooMuch: VMStateError {
        VMStateError(
            .limitExceeded,
            expected: "a patch that makes the document longer by its own values and \(maximumCopies) bytes at most"
        )
    }

    private static func apply(
        _ operation: Operation,
        to tree: inout JSONTree,
        _ work: inout PatchWork
    ) throws(VMStateError) {
        switch operation {
        case .add(let path, let value): try tree.add(value, at: path.tokens[...], path, &work)
        case .remove(let path): _ = try tree.remove(at: path.tokens[...], path, &work)
        case .replace(let path, let value): try tree.replace(value, at: path.tokens[...], path, &work)
        case .move(let from, let path):
            guard path.tokens.count <= from.tokens.count || !path.tokens.starts(with: from.tokens) else {
                throw JSONTree.failure(path, "a place outside of what is moved", path.description)
            }
            let value = try tree.remove(at: from.tokens[...], from, &work)
            try value.spend(&work)
            try tree.add(value, at: path.tokens[...], path, &work)
        case .copy(let from, let path):
            let value = try tree.visit(from.tokens[...], from, &work) { (place, work) throws(VMStateError) in
                // What both places share is copied when one of them changes.
                try place.spend(&work)
                return place
            }
            try tree.add(value, at: path.tokens[...], path, &work)
        case .test(let path, let value):
            var buffer = ByteBuffer(limit: Limits.default.outputBytes)
            try tree.visit(path.tokens[...], path, &work) { (place, work) throws(VMStateError) in
                guard place.print(to: &buffer) else { throw Self.tooMuch }
                try work.spend(buffer.count / 4)
            }
            guard let found = try? JSONDocument(parsing: buffer.array(), duplicates: .unchecked),
                found.root.isEqual(to: value)
            else { throw JSONTree.failure(path, "the value that \"test\" names", "another") }
        }
    }
}

/// The work that a patch may take: each element or member that it looks at, moves or takes apart counts.
private struct PatchWork {
    /// A second or two.
    static let most = 1 << 28
    private var left = Self.most

    mutating func spend(_ units: Int) throws(VMStateError) {
        left -= units
        guard left >= 0 else {
            throw VMStateError(
                .limitExceeded,
                expected: "a patch that looks at or moves at most \(Self.most) elements and members together"
            )
        }
    }
}

extension JSONTree {
    /// Counts what is at hand in it.
    fileprivate func spend(_ work: inout PatchWork, depth: Int = 0) throws(VMStateError) {
        guard depth < 256 else {
            throw VMStateError(.limitExceeded, expected: "a patch that puts values at most 256 levels deep")
        }
        switch self {
        case .node: return
        case .array(let elements):
            try work.spend(16 * elements.count)
            for element in elements { try element.spend(&work, depth: depth + 1) }
        case .object(let members):
            try work.spend(16 * members.count)
            for member in members { try member.value.spend(&work, depth: depth + 1) }
        }
    }

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

    private static func place(
        of name: String,
        in members: [(name: String, value: JSONTree)],
        _ work: inout PatchWork
    ) throws(VMStateError) -> Int? {
        let index = members.firstIndex { $0.name == name }
        try work.spend(4 * (index ?? members.count))
        return index
    }

    /// Runs `body` on the value that the tokens lead to; what lies on the way is taken apart once for all operations.
    fileprivate mutating func visit<Result>(
        _ tokens: ArraySlice<String>,
        _ path: JSONPointer,
        _ work: inout PatchWork,
        _ body: (inout JSONTree, inout PatchWork) throws(VMStateError) -> Result
    ) throws(VMStateError) -> Result {
        if case .node(let node) = self {
            // An element that stands alone takes several times the room.
            try work.spend(8 * node.count)
            self = expanded
        }
        guard let token = tokens.first else { return try body(&self, &work) }
        switch self {
        case .array(var elements):
            guard let index = Self.index(token, below: elements.count) else { throw Self.missing(path) }
            self = .array([])
            defer { self = .array(elements) }
            return try elements[index].visit(tokens.dropFirst(), path, &work, body)
        case .object(var members):
            guard let index = try Self.place(of: token, in: members, &work) else { throw Self.missing(path) }
            self = .object([])
            defer { self = .object(members) }
            return try members[index].value.visit(tokens.dropFirst(), path, &work, body)
        case .node: throw Self.missing(path)
        }
    }

    fileprivate mutating func add(
        _ value: JSONTree,
        at tokens: ArraySlice<String>,
        _ path: JSONPointer,
        _ work: inout PatchWork
    ) throws(VMStateError) {
        guard let token = tokens.last else {
            self = value
            return
        }
        try visit(tokens.dropLast(), path, &work) { (container, work) throws(VMStateError) in
            switch container {
            case .array(var elements):
                guard let index = token == "-" ? elements.count : Self.index(token, below: elements.count + 1) else {
                    throw Self.missing(path)
                }
                try work.spend(elements.count - index)
                container = .array([])
                elements.insert(value, at: index)
                container = .array(elements)
            case .object(var members):
                let index = try Self.place(of: token, in: members, &work)
                container = .object([])
                if let index {
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
        _ path: JSONPointer,
        _ work: inout PatchWork
    ) throws(VMStateError) -> JSONTree {
        guard let token = tokens.last else { throw Self.missing(path) }
        return try visit(tokens.dropLast(), path, &work) { (container, work) throws(VMStateError) in
            switch container {
            case .array(var elements):
                guard let index = Self.index(token, below: elements.count) else { throw Self.missing(path) }
                try work.spend(elements.count - index)
                container = .array([])
                defer { container = .array(elements) }
                return elements.remove(at: index)
            case .object(var members):
                guard let index = try Self.place(of: token, in: members, &work) else { throw Self.missing(path) }
                try work.spend(members.count - index)
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
        _ path: JSONPointer,
        _ work: inout PatchWork
    ) throws(VMStateError) {
        try visit(tokens, path, &work) { (place, _) throws(VMStateError) in place = value }
    }
}
