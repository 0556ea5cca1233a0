// SPDX-License-Identifier: Apache-2.0

/// What the members of a stream's document are, whoever wrote it.
enum StreamDocumentShape {
    private typealias Kinds = [(name: String, kinds: [JSONNode.Kind])]

    private static let document: Kinds = [
        ("header", [.object]), ("configuration", [.object]), ("page_size", [.number, .null]), ("sections", [.array]),
        ("commands", [.array]), ("ends", [.array]), ("ram", [.object]), ("vmdesc", [.boolean, .object]),
        ("size", [.number]),
        ("trailing", [.number]), ("incomplete", [.array]), ("offsets", [.array]), ("selection", [.array]),
    ]
    private static let section: Kinds = [
        ("index", [.number]), ("type", [.string]), ("section_id", [.number]), ("idstr", [.string]),
        ("instance_id", [.number]),
        ("version_id", [.number]), ("vmsd_name", [.string]), ("offset", [.number]), ("size", [.number]),
        ("packaged", [.boolean]), ("footer", [.boolean]), ("pages", [.object]), ("content", [.object]),
    ]

    /// - Throws: `value-type-mismatch`, `state-unknown-member` and `state-missing-field` with the place in the document.
    static func check(_ node: JSONNode) throws(VMStateError) {
        guard node.kind == .object else {
            throw VMStateError(.valueTypeMismatch, expected: "the document of a stream", found: node.kind.rawValue)
        }
        try check(node, document)
        guard node["sections"] != nil else {
            throw VMStateError(.stateMissingField, expected: "\"sections\"", statePath: JSONPointer(["sections"]))
        }
        guard let header = node["header"] else { return }
        guard header["magic"]?.string == "QEVM", header["version"]?.integer == JSONInteger(Int64(3)), header.count == 2
        else {
            throw VMStateError(
                .valueTypeMismatch,
                expected: "\"magic\": \"QEVM\" and \"version\": 3",
                found: "another",
                statePath: JSONPointer(["header"])
            )
        }
    }

    /// - Throws: the same, with the place below the section.
    static func check(section node: JSONNode) throws(VMStateError) {
        guard node.kind == .object else {
            throw VMStateError(
                .valueTypeMismatch,
                expected: "a section, an object",
                found: node.kind.rawValue,
                statePath: JSONPointer()
            )
        }
        // What a section holds may be of any kind.
        try check(node, section + [("state", []), ("data", [])])
    }

    private static func check(_ node: JSONNode, _ known: Kinds) throws(VMStateError) {
        for (name, value) in node.members {
            guard let member = known.first(where: { $0.name == name }) else {
                throw VMStateError(.stateUnknownMember, found: "\"\(name)\"", statePath: JSONPointer([name]))
            }
            guard member.kinds.isEmpty || member.kinds.contains(value.kind) else {
                throw VMStateError(
                    .valueTypeMismatch,
                    expected: member.kinds.map(\.rawValue).joined(separator: " or "),
                    found: value.kind.rawValue,
                    statePath: JSONPointer([name])
                )
            }
        }
    }
}
