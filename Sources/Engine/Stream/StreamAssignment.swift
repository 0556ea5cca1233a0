// SPDX-License-Identifier: Apache-2.0

/// `place=value`: a new value for a place of a stream's document.
struct StreamAssignment {
    private let path: JSONPointer
    private let value: String

    /// - Throws: `request-invalid` when it is none.
    init(_ text: String) throws(VMStateError) {
        guard let equals = text.firstIndex(of: "="), let path = JSONPointer(String(text[..<equals])),
            !path.tokens.isEmpty
        else { throw RequestReader.error("PLACE=VALUE with a JSON Pointer as place", "\"\(text)\"") }
        self.path = path
        value = String(text[text.index(after: equals)...])
    }

    /// The operation of a JSON Patch that it amounts to.
    func operation(in document: JSONNode) throws(VMStateError) -> [UInt8] {
        let place = try resolved(in: document)
        var node = document
        for token in place.tokens {
            let next =
                node.kind == .array
                ? Int(token).flatMap { node.elements.indices.contains($0) ? node.elements[$0] : nil } : node[token]
            guard let next else {
                throw VMStateError(
                    .patchFailed,
                    expected: "a value at \"\(place)\"",
                    found: "none",
                    statePath: place
                )
            }
            node = next
        }
        var writer = JSONObjectWriter(limit: .max)
        writer.member("op", "replace")
        writer.member("path", place.description)
        // A string of digits, such as a buffer in hex, is no number where a string stands.
        if let json = try? JSONDocument(parsing: Array(value.utf8)).root, node.kind != .string || json.kind != .number {
            writer.member("value", json: json.json())
        } else {
            writer.member("value", value)
        }
        return try writer.finish()
    }

    /// A section may be named by its idstr.
    private func resolved(in document: JSONNode) throws(VMStateError) -> JSONPointer {
        guard path.tokens.count > 1, path.tokens[0] == "sections", Int(path.tokens[1]) == nil else { return path }
        var name = path.tokens[1]
        // Of several with one name, the one of a number in the order of the stream.
        var number: Int?
        if name.last == "]", let open = name.lastIndex(of: "["),
            !(document["sections"]?.elements ?? []).contains(where: { $0["idstr"]?.string == name })
        {
            number = Int(name[name.index(after: open)...].dropLast())
            if number != nil { name = String(name[..<open]) }
        }
        var found = (document["sections"]?.elements ?? []).enumerated().filter {
            $1["idstr"]?.string == name && $1["state"] != nil
        }
        if let number { found = found.indices.contains(number) ? [found[number]] : [] }
        guard found.count == 1, let section = found.first else {
            let isUndescribed =
                found.isEmpty && (document["sections"]?.elements ?? []).contains { $0["idstr"]?.string == name }
            throw VMStateError(
                .patchFailed,
                expected: "one section \"\(name)\" with a state"
                    + (isUndescribed ? "; what nothing describes, neither a vmdesc nor \"vmsds\", has none" : ""),
                found: found.isEmpty ? "none" : "sections " + found.map { String($0.offset) }.joined(separator: ", "),
                statePath: JSONPointer(["sections"])
            )
        }
        return JSONPointer(["sections", String(section.offset)] + path.tokens.dropFirst(2))
    }

    /// The patch that assignments amount to.
    ///
    /// - Throws: `request-invalid` and `patch-failed`.
    static func patch(_ assignments: [String], of document: JSONNode) throws(VMStateError) -> JSONPatch {
        var text: [UInt8] = [UInt8(ascii: "[")]
        for (index, assignment) in assignments.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text += try StreamAssignment(assignment).operation(in: document)
        }
        text.append(UInt8(ascii: "]"))
        guard let patch = try? JSONDocument(parsing: text).root else {
            throw VMStateError(.requestInvalid, expected: "a patch")
        }
        return try JSONPatch(patch)
    }
}
