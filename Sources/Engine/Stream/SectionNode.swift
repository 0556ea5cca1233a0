// SPDX-License-Identifier: Apache-2.0

/// A section as it stands in the document of a stream.
struct SectionNode {
    let node: JSONNode
    let kind: MigrationStream.Section.Kind
    let sectionID: UInt32
    let idstr: String
    let instanceID: UInt32
    let versionID: UInt32
    /// Where it is in the stream it was read from; nil: nowhere yet.
    let offset: Int?
    let hasFooter: Bool
    let state: JSONNode?
    let data: JSONNode?

    /// - Throws: what is wrong, with the place below the section.
    init(_ node: JSONNode) throws(VMStateError) {
        try StreamDocumentShape.check(section: node)
        self.node = node
        let word = node["type"]?.string ?? ""
        guard
            let kind = [.start, .part, .end, .full].first(where: { (kind: MigrationStream.Section.Kind) in
                kind.word == word
            })
        else {
            throw VMStateError(
                .valueTypeMismatch,
                expected: "\"start\", \"part\", \"end\" or \"full\"",
                found: "\"\(word)\"",
                statePath: JSONPointer(["type"])
            )
        }
        self.kind = kind
        sectionID = try Self.word(node, "section_id")
        instanceID = try Self.word(node, "instance_id")
        versionID = try Self.word(node, "version_id")
        idstr = node["idstr"]?.string ?? ""
        guard (1...255).contains(idstr.utf8.count) else {
            throw VMStateError(
                .valueOutOfRange,
                expected: "an idstr of 1 … 255 bytes",
                found: "\(idstr.utf8.count)",
                statePath: JSONPointer(["idstr"])
            )
        }
        offset = node["offset"]?.int
        hasFooter = node["footer"]?.bool ?? true
        state = node["state"]
        data = node["data"]
        if state != nil, data != nil {
            throw VMStateError(
                .stateUnknownMember,
                expected: "\"state\" or \"data\", not both",
                found: "\"data\"",
                statePath: JSONPointer(["data"])
            )
        }
    }

    private static func word(_ node: JSONNode, _ name: String) throws(VMStateError) -> UInt32 {
        guard let value = node[name]?.int, let word = UInt32(exactly: value) else {
            throw VMStateError(
                .valueOutOfRange,
                expected: "0 … \(UInt32.max)",
                found: node[name].map { String(decoding: $0.json(), as: UTF8.self) } ?? "none",
                statePath: JSONPointer([name])
            )
        }
        return word
    }

    /// The header that these members make.
    var header: [UInt8] {
        StreamFraming.header(kind, id: sectionID, idstr: idstr, instance: instanceID, version: versionID)
    }
}
