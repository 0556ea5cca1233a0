// SPDX-License-Identifier: Apache-2.0

/// Which fields load a member that a counter or a size refers to.
///
/// A member belongs to the object that is described, or to one around it: a subsection and the child of a tmp have the same
/// object as the description that they are in.
struct MemberSources {
    /// Where a member comes from.
    enum Source {
        /// Loaded before, by this field.
        case before(VMStateField)
        /// Loaded by this field only when it is too late.
        case after(VMStateField)
        /// Not in the stream.
        case none
        /// Not known: the search would take too long.
        case unknown
    }

    private let facts: DocumentFacts
    /// For each description, the first field of each member.
    private var members: [VMStateDescription.ID: [String: Int]] = [:]

    /// How many descriptions around one are looked at, and how many steps of a path.
    private static let maximumEnclosers = 64
    /// How many descriptions one search looks into: paths can be cut into names in many ways.
    private static let maximumVisits = 4096
    private var visits = 0

    init(_ facts: DocumentFacts) {
        self.facts = facts
    }

    /// The field that loads `path` for the field at `index`.
    mutating func source(of path: MemberPath, for index: Int, in id: VMStateDescription.ID) -> Source {
        visits = 0
        var late: VMStateField?
        var open = [DocumentFacts.Encloser(id: id, limit: index)]
        var next = 0
        while next < open.count {
            let scope = open[next]
            next += 1
            if let (position, field) = find(path.steps[...], path.text, in: scope.id, depth: 0) {
                if position < scope.limit { return .before(field) }
                late = late ?? field
            }
            for encloser in facts.enclosers[scope.id] where !open.contains(where: { $0.id == encloser.id }) {
                guard open.count < Self.maximumEnclosers else { return .unknown }
                open.append(encloser)
            }
        }
        if visits > Self.maximumVisits { return .unknown }
        return late.map { .after($0) } ?? .none
    }

    /// The field of a description, or of a struct in it, that holds a member; with the position of the outermost field.
    private mutating func find(
        _ steps: ArraySlice<MemberPath.Step>,
        _ text: String?,
        in id: VMStateDescription.ID,
        depth: Int
    ) -> (Int, VMStateField)? {
        visits += 1
        guard visits <= Self.maximumVisits else { return nil }
        if members[id] == nil { members[id] = index(id) }
        let fields = facts.descriptions[id].fields ?? []
        // QEMU's names may contain dots and brackets themselves.
        if let text, let position = members[id]?[text] { return (position, fields[position]) }
        guard depth < 16, steps.count <= 16 else { return nil }
        var prefix = ""
        for (offset, step) in steps.enumerated() {
            switch step {
            case .name(let name): prefix += prefix.isEmpty ? name : "." + name
            case .index(let index): prefix += "[\(index)]"
            }
            guard let position = members[id]?[prefix] else { continue }
            var rest = steps.dropFirst(offset + 1)
            if rest.isEmpty { return (position, fields[position]) }
            if case .index? = rest.first { rest = rest.dropFirst() }
            if rest.isEmpty { return (position, fields[position]) }
            guard let child = fields[position].vmsd, !fields[position].flags.isDisjoint(with: .anyStruct) else {
                // A part of something that is loaded as a whole.
                return (position, fields[position])
            }
            if let (_, field) = find(rest, nil, in: child, depth: depth + 1) { return (position, field) }
        }
        return nil
    }

    /// A member under the name that the state has, and under the one that several fields share.
    private func index(_ id: VMStateDescription.ID) -> [String: Int] {
        let fields = facts.descriptions[id].fields ?? []
        var index: [String: Int] = [:]
        let members = StateMembers(fields)
        for position in fields.indices {
            for name in [
                members.path(position).joined(separator: "."), fields[position].offset ?? fields[position].name,
            ]
            where index[name] == nil {
                index[name] = position
            }
        }
        return index
    }
}
