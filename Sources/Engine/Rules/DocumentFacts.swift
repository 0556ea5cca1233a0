// SPDX-License-Identifier: Apache-2.0

/// What the checks need to know about a document beyond each single description; computed once, in time linear in the document.
struct DocumentFacts: Sendable {
    /// What refers to a description.
    struct Uses: OptionSet, Sendable {
        let rawValue: UInt8

        /// A section of its own.
        static let root = Self(rawValue: 1)
        static let subsection = Self(rawValue: 2)
        /// The elements of a `VMS_STRUCT` or `VMS_VSTRUCT` field.
        static let structure = Self(rawValue: 4)
        /// The elements of a tmp, queue or tree.
        static let collection = Self(rawValue: 8)

        /// As a part of another description, where nothing but its fields and subsections counts.
        static let embedded: Uses = [.structure, .collection]
    }

    /// A description that lends its members to another: fields before `limit` are loaded before it.
    struct Encloser: Sendable {
        let id: VMStateDescription.ID
        let limit: Int
    }

    let document: VMStateDocument
    let dialect: Dialect
    let given: [String: Predicate]
    /// For each description, how it is used; none for a definition that nothing refers to.
    let uses: [Uses]
    /// For each description, the oldest version that it is saved or loaded as.
    let oldestVersions: [Int]
    /// For a subsection or the child of a tmp, the descriptions around it.
    let enclosers: [[Encloser]]
    /// Places that were kept for a description that could not be read.
    private let unread: Set<VMStateDescription.ID>

    init(_ document: VMStateDocument, dialect: Dialect, given: [String: Predicate]) {
        self.document = document
        self.dialect = dialect
        self.given = given
        let descriptions = document.descriptions
        var uses = [Uses](repeating: [], count: descriptions.count)
        var enclosers = [[Encloser]](repeating: [], count: descriptions.count)
        var oldest = descriptions.map(\.versionID)
        for id in document.roots { uses[id].insert(.root) }
        func enclose(_ child: VMStateDescription.ID, _ encloser: Encloser) {
            // One entry for each description around it: the last place in it counts.
            if enclosers[child].last?.id == encloser.id { enclosers[child].removeLast() }
            enclosers[child].append(encloser)
        }
        for (id, description) in descriptions.enumerated() {
            for (index, field) in (description.fields ?? []).enumerated() {
                for child in [field.vmsd, field.keyVMSD] {
                    guard let child else { continue }
                    uses[child].insert(field.flags.isDisjoint(with: .anyStruct) ? .collection : .structure)
                }
                guard let child = field.vmsd else { continue }
                if field.element == .tmp { enclose(child, Encloser(id: id, limit: index)) }
                if field.isVStruct { oldest[child] = min(oldest[child], field.structVersionID) }
            }
            for child in description.subsections {
                uses[child].insert(.subsection)
                enclose(child, Encloser(id: id, limit: .max))
            }
        }
        for (id, description) in descriptions.enumerated()
        where uses[id].isDisjoint(with: .embedded) || !uses[id].isDisjoint(with: [.root, .subsection]) {
            oldest[id] = min(oldest[id], description.minimumVersionID)
        }
        self.uses = uses
        self.enclosers = enclosers
        oldestVersions = oldest
        unread = Self.unread(document)
    }

    var descriptions: [VMStateDescription] { document.descriptions }

    /// Whether the description is only a place that was kept for one that could not be read; a problem says so already.
    func isUnread(_ id: VMStateDescription.ID) -> Bool {
        unread.contains(id)
    }

    /// The places that were kept for nothing: they have no path and no content.
    ///
    /// The document's own description has no path either, but then no problem is noted at the places that a root is read
    /// from.
    private static func unread(_ document: VMStateDocument) -> Set<VMStateDescription.ID> {
        let places = [JSONPointer(), JSONPointer(["vmsd"])]
        let isRootUnread = document.problems.contains { problem in places.contains { $0 == problem.path } }
        return Set(
            document.descriptions.indices.filter { id in
                let description = document.descriptions[id]
                guard description.path.tokens.isEmpty, description.name.isEmpty, description.fields == nil else {
                    return false
                }
                return isRootUnread || !document.roots.contains(id)
            }
        )
    }

    // MARK: Numbers and predicates

    /// A number of the document; nil for a constant that is not given.
    func number(_ number: SymbolicNumber?) -> Int? {
        switch number {
        case nil: nil
        case .number(let value): value
        case .symbol: number.flatMap { number in try? ProgramBuilder.resolve(number, given) }
        }
    }

    /// The value of a predicate that does not depend on the object.
    func constant(_ predicate: Predicate) -> Bool? {
        switch predicate.root {
        case .literal(let value): value.isTrue
        case .member(let path):
            if case .literal(let value)? = given[path.text]?.root { value.isTrue } else { nil }
        default: nil
        }
    }

    /// How many elements a field has and how big they are; nil where its members do not say.
    ///
    /// Constants that are not given count as 1.
    func shape(_ field: VMStateField) -> FieldShape? {
        try? FieldShape(
            field,
            dialect: dialect,
            number: { (number) throws(VMStateError) in self.number(number) ?? 1 },
            intern: { $0 == field.numOffset ? 0 : 1 }
        )
    }
}

/// A description as a check sees it.
struct DescriptionSubject {
    let facts: DocumentFacts
    let id: VMStateDescription.ID

    var description: VMStateDescription { facts.descriptions[id] }
    var uses: DocumentFacts.Uses { facts.uses[id] }

    /// The place of one of its members.
    func place(_ member: String) -> JSONPointer {
        description.path.appending(member)
    }

    /// The place of its name.
    var namePlace: JSONPointer {
        facts.place(ofName: id)
    }

    /// Its subsections with their indices, those left out that could not be read.
    var subsections: [(index: Int, description: VMStateDescription, id: VMStateDescription.ID)] {
        description.subsections.enumerated().compactMap { index, id in
            facts.isUnread(id) ? nil : (index, facts.descriptions[id], id)
        }
    }
}

/// A field as a check sees it.
struct FieldSubject {
    let facts: DocumentFacts
    let description: VMStateDescription
    let id: VMStateDescription.ID
    let index: Int
    let field: VMStateField
    let shape: FieldShape?

    var flags: VMStateFlags { field.flags }
    var dialect: Dialect { facts.dialect }
    var isDynamic: Bool { FieldShape.isDynamic(field.flags, facts.dialect) }

    /// The child, unless it could not be read.
    var child: VMStateDescription? { field.vmsd.flatMap { facts.isUnread($0) ? nil : facts.descriptions[$0] } }

    /// The place of one of its members.
    func place(_ member: String) -> JSONPointer {
        field.path.appending(member)
    }
}

extension DocumentFacts {
    /// The place of a description's name, as the kind of document spells the member.
    func place(ofName id: VMStateDescription.ID) -> JSONPointer {
        descriptions[id].path.appending(document.kind == .vmdesc ? "vmsd_name" : "name")
    }
}

extension VMStateField {
    /// How one element is written by an info; nil where a child is embedded as a struct, or there is no info.
    var element: VMStateInfo.Encoding? {
        flags.isDisjoint(with: .anyStruct) ? info?.encoding : nil
    }

    /// Whether elements are a tmp, queue or tree.
    var isCollection: Bool {
        element?.hasChild == true
    }

    /// Whether elements are structs of the version `struct_version_id`; `VMS_STRUCT` goes first.
    var isVStruct: Bool {
        flags.contains(.vstruct) && !flags.contains(.struct)
    }
}
