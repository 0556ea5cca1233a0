// SPDX-License-Identifier: Apache-2.0

/// How an answer shows values, and what it says beside them: the query of a URL, or options of the program.
public struct AnswerOptions: Sendable, Hashable {
    /// How values are printed.
    public var printing = JSONPrinter.Options()
    /// Whether the place of each leaf is given.
    public var recordsOffsets = false
    /// Whether elements of opaque infos are taken apart where their layout is known; nil: those of whole streams are.
    public var takesApart: Bool?

    /// Numbers, hex, no offsets.
    public init() {}
}

/// What encode, decode and validate have in common: a description and what is known beside it.
struct CodecRequest {
    let reader: RequestReader
    let document: VMStateDocument
    let dialect: Dialect
    let given: [String: Predicate]
    let versionID: Int?

    static let members = ["vmsd", "predicates", "constants", "dialect", "version_id"]

    init(_ node: JSONNode, _ members: [String]) throws(VMStateError) {
        reader = try RequestReader(node, known: Self.members + members)
        dialect = try reader.dialect()
        given = try reader.given()
        versionID = try reader.integer("version_id", 0...Int(Int32.max))
        let vmsd = try reader.required("vmsd")
        document = VMStateDocument(vmsd, dialect: dialect)
    }

    func codec(_ limits: Limits) throws(VMStateError) -> VMStateCodec {
        try VMStateCodec(document, dialect: dialect, given: given, limits: limits)
    }
}
