// SPDX-License-Identifier: Apache-2.0

/// Reads the members of a request; what the program and the service take is the same document.
struct RequestReader {
    /// Every member that some request has.
    private static let all = Set(
        CodecRequest.members + StreamRequest.members + [
            "state", "stream", "initial", "partial", "framing", "idstr", "instance_id", "section_id",
        ]
    )

    private let node: JSONNode
    private var members: [String: JSONNode] = [:]

    /// - Throws: `request-invalid` when the document is no object or has a member that is not one of `known`.
    init(_ node: JSONNode, known: [String]) throws(VMStateError) {
        guard node.kind == .object else { throw Self.error("a JSON object", node.kind.rawValue) }
        self.node = node
        for (name, value) in node.members {
            // A caller may write all members that there are; those that are null are not there.
            if value.kind == .null, Self.all.contains(name), !known.contains(name) { continue }
            guard known.contains(name) || name.hasPrefix("x-") else {
                throw Self.error("one of the members \(known.joined(separator: ", "))", "\"\(name)\"")
            }
            members[name] = value
        }
    }

    static func error(_ expected: String, _ found: String) -> VMStateError {
        VMStateError(.requestInvalid, expected: expected, found: found)
    }

    /// A member that is there and not null.
    subscript(name: String) -> JSONNode? {
        members[name].flatMap { $0.kind == .null ? nil : $0 }
    }

    func required(_ name: String) throws(VMStateError) -> JSONNode {
        guard let value = members[name] else { throw Self.error("a member \"\(name)\"", "none") }
        return value
    }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws(VMStateError) -> Int? {
        guard let value = self[name] else { return nil }
        guard value.kind == .number, let number = value.int, range.contains(number) else {
            throw Self.error(
                "\"\(name)\": an integer \(range.lowerBound) … \(range.upperBound)",
                String(decoding: value.json(), as: UTF8.self)
            )
        }
        return number
    }

    func string(_ name: String) throws(VMStateError) -> String? {
        guard let value = self[name] else { return nil }
        guard value.kind == .string, let text = value.string else {
            throw Self.error("\"\(name)\": a string", value.kind.rawValue)
        }
        return text
    }

    func bool(_ name: String) throws(VMStateError) -> Bool? {
        guard let value = self[name] else { return nil }
        guard let bool = value.bool else { throw Self.error("\"\(name)\": true or false", value.kind.rawValue) }
        return bool
    }

    func dialect() throws(VMStateError) -> Dialect {
        guard let name = try string("dialect") else { return .next }
        guard let dialect = Dialect(name: name) else {
            throw Self.error(
                "\"dialect\": one of " + Dialect.all.map { "\"\($0.name)\"" }.joined(separator: ", "),
                "\"\(name)\""
            )
        }
        return dialect
    }

    /// `predicates` and `constants`: what names stand for.
    func given() throws(VMStateError) -> [String: Predicate] {
        var given: [String: Predicate] = [:]
        for member in ["predicates", "constants"] {
            guard let object = self[member] else { continue }
            guard object.kind == .object else { throw Self.error("\"\(member)\": an object", object.kind.rawValue) }
            for (name, value) in object.members {
                if let bool = value.bool {
                    given[name] = Predicate(constant: bool ? 1 : 0)
                } else if value.kind == .number, let number = value.int {
                    given[name] = Predicate(constant: Int64(number))
                } else if let text = value.string {
                    do throws(Predicate.SyntaxError) {
                        given[name] = try Predicate(text)
                    } catch {
                        throw Self.error(
                            "\"\(member)\", \"\(name)\": \(error.expected) at offset \(error.offset)",
                            "\"\(text)\""
                        )
                    }
                } else {
                    throw Self.error(
                        "\"\(member)\", \"\(name)\": true, false, an integer or an expression",
                        String(decoding: value.json(), as: UTF8.self)
                    )
                }
            }
        }
        return given
    }

    /// The bytes of `stream`: hex or `{"base64": …}`.
    func stream(limits: Limits) throws(VMStateError) -> [UInt8] {
        let value = try required("stream")
        do throws(VMStateError) {
            return try value.decodedBytes(limits: limits)
        } catch {
            throw Self.error("\"stream\": \(error.expected ?? "bytes")", error.found ?? "none")
        }
    }
}

extension JSONNode {
    /// Whether a request has this member, which it has not where it is null.
    public func hasMember(_ name: String) -> Bool {
        self[name].map { $0.kind != .null } ?? false
    }

    /// The bytes that a hex string or `{"base64": …}` stands for.
    func decodedBytes(limits: Limits) throws(VMStateError) -> [UInt8] {
        try document.text.withByteView { (text) throws(VMStateError) in
            try document.bytes.withByteView { (bytes) throws(VMStateError) in
                var buffer = ByteBuffer(capacity: text.count / 2, limit: limits.outputBytes)
                try buffer.append(buffer: index, of: document.tape, text: text, bytes: bytes, size: nil)
                guard !buffer.isOverLimit else {
                    throw VMStateError(.limitExceeded, expected: "at most \(limits.outputBytes) bytes")
                }
                return buffer.array()
            }
        }
    }
}
