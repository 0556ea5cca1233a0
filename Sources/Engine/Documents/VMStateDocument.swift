// SPDX-License-Identifier: Apache-2.0

/// A document that holds descriptions: a VMSD with its children, a `-dump-vmstate`, or a vmdesc.
public struct VMStateDocument: Sendable {
    /// What kind of document it is; recognised from its shape.
    public enum Kind: String, Sendable {
        /// A `VMStateDescription` as JSON, bare or with `definitions`.
        case vmsd
        /// What QEMU prints for `-dump-vmstate`: names, versions and sizes, but no infos and flags.
        case dump
        /// The description at the end of a migration stream, or one device of it.
        case vmdesc
    }

    /// What kind of document it is.
    public let kind: Kind
    /// Every description of the document; children refer to each other by position.
    public let descriptions: [VMStateDescription]
    /// The descriptions that the document is about: one, or every device of a dump or a vmdesc.
    public let roots: [VMStateDescription.ID]
    /// What is wrong with the document as such, by rule VMSD… or VMDOC….
    let problems: [VMStateError]
    /// How many more there are.
    let omittedProblems: Int
    /// Whether an entry without a name ends each field list properly; places where it does not are in `problems`.
    public var root: VMStateDescription.ID? { roots.count == 1 ? roots[0] : nil }

    /// Reads a document.
    ///
    /// Nothing is thrown: what cannot be read is left out and noted, so that `validate` can report all of it at once.
    /// `checked()` turns the first problem into an error for the codec.
    public init(_ node: JSONNode, dialect: Dialect = .next) {
        var reader = VMStateDocumentReader(dialect: dialect)
        if let parts = VMDescReader.devices(of: node) {
            kind = .vmdesc
            roots = parts.map { reader.readVMDesc($0.node, at: $0.path) }
        } else if node["vmschkmachine"] != nil {
            kind = .dump
            roots = reader.readDump(node)
        } else {
            kind = .vmsd
            roots = [reader.readDocument(node)]
        }
        descriptions = reader.descriptions
        problems = reader.problems
        omittedProblems = reader.omittedProblems
    }

    /// One device of a vmdesc, with a VMSD or of the old style.
    ///
    /// - Parameter node: the device; places count from it.
    init(device node: JSONNode) {
        var reader = VMStateDocumentReader(dialect: .next)
        kind = .vmdesc
        roots = [reader.readVMDesc(node, at: JSONPointer())]
        descriptions = reader.descriptions
        problems = reader.problems
        omittedProblems = reader.omittedProblems
    }

    /// This document, once it is known that the codec can follow it.
    ///
    /// - Throws: `vmsd-invalid` with the place of the first thing that is wrong.
    func checked() throws(VMStateError) -> VMStateDocument {
        if let problem = problems.first { throw problem }
        return self
    }
}
