// SPDX-License-Identifier: Apache-2.0

/// Makes a program of a document.
struct ProgramBuilder {
    let descriptions: [VMStateDescription]
    /// The subsections, children and keys of each description.
    private let children: [[VMStateDescription.ID]]
    let dialect: Dialect
    let given: [String: Predicate]
    var plans: [Program.Plan]
    private var steps: [Program.Step] = []
    private var predicates: [Predicate] = []
    private var layouts: [InfoLayout] = []
    private let isVMDesc: Bool
    /// The values of constants that fields have named.
    private var resolved: [String: Int] = [:]
    var paths: [Program.Path] = []
    /// The same paths as they were written.
    var memberPaths: [MemberPath] = []
    var pathIDs: [String: Int] = [:]
    private var names: [UInt8] = []
    /// For each description, the paths that its fields and predicates, its subsections and its tmp children refer to.
    var references: [Set<Int>]
    /// The references of one description in the order of their paths.
    var sortedReferences: [Int] = []
    var sortedReferencesOf: VMStateDescription.ID = -1
    /// How many fields are referred to, each counted for each path.
    var watchCount = 0
    let limits: Limits
    /// What each predicate reads, by its text: many fields share one.
    var readMembers: [String: Set<Int>] = [:]
    /// Whether the elements of a struct may have different layouts.
    var isIrregular: [Bool]

    init(_ document: VMStateDocument, dialect: Dialect, given: [String: Predicate], limits: Limits) {
        descriptions = document.descriptions
        isVMDesc = document.kind == .vmdesc
        self.dialect = dialect
        self.given = given
        self.limits = limits
        children = descriptions.map { Self.children($0) }
        isIrregular = Self.irregular(descriptions, dialect)
        plans = Array(repeating: Program.Plan(), count: descriptions.count)
        references = Array(repeating: [], count: descriptions.count)
    }

    /// - Throws: `vmsd-invalid`, `count-unknown` for a constant that is not given.
    mutating func build(root: VMStateDescription.ID) throws(VMStateError) -> Program {
        let reachable = reachable(from: root)
        // A vmdesc is a tree without counters and predicates.
        if !isVMDesc {
            try DescriptionCycles(descriptions).check(reachable)
            for id in reachable { collectReferences(id) }
            try spreadReferences(reachable)
        }
        steps.reserveCapacity(reachable.reduce(0) { $0 + (descriptions[$1].fields?.count ?? 0) })
        for id in reachable { try plan(id) }
        spreadFrames(reachable)
        return Program(
            descriptions: descriptions,
            root: root,
            dialect: dialect,
            given: given,
            plans: plans,
            steps: steps,
            predicates: predicates,
            layouts: layouts,
            isVMDesc: isVMDesc,
            constants: constants,
            paths: paths,
            pathIDs: pathIDs,
            names: names
        )
    }

    // MARK: What is there

    private static func children(_ description: VMStateDescription) -> [VMStateDescription.ID] {
        var children = description.subsections
        guard let fields = description.fields else { return children }
        for index in fields.indices {
            if let child = fields[index].vmsd { children.append(child) }
            if let key = fields[index].keyVMSD { children.append(key) }
        }
        return children
    }

    private func reachable(from root: VMStateDescription.ID) -> [VMStateDescription.ID] {
        var seen = [Bool](repeating: false, count: descriptions.count)
        seen[root] = true
        var order = [root]
        var next = 0
        while next < order.count {
            for child in children[order[next]] where !seen[child] {
                seen[child] = true
                order.append(child)
            }
            next += 1
        }
        return order
    }

    /// Children that look names up in the enclosing object too.
    func sharers(_ id: VMStateDescription.ID) -> [VMStateDescription.ID] {
        descriptions[id].subsections
            + (descriptions[id].fields ?? []).compactMap { $0.info?.encoding == .tmp ? $0.vmsd : nil }
    }

    /// The values of the constants that stand for members.
    private var constants: [FieldShape.MemberID: Int] {
        guard !given.isEmpty else { return [:] }
        var constants: [FieldShape.MemberID: Int] = [:]
        for (id, path) in memberPaths.enumerated() {
            guard let constant = given[path.text] else { continue }
            constants[id] = try? Self.resolve(.symbol(constant), given)
        }
        return constants
    }

    // MARK: Plans

    /// Keeps a text.
    mutating func name(_ text: String) -> Program.Name {
        let start = names.count
        names.append(contentsOf: text.utf8)
        let plain = start..<names.count
        guard !JSONText.isPlain(text) else {
            return Program.Name(offset: start, length: plain.count, tag: .string, plain: plain)
        }
        names += JSONText.escape(text)
        return Program.Name(
            offset: plain.upperBound,
            length: names.count - plain.upperBound,
            tag: .escapedString,
            plain: plain
        )
    }

    private mutating func plan(_ id: VMStateDescription.ID) throws(VMStateError) {
        let description = descriptions[id]
        guard let fields = description.fields else {
            throw VMStateError(
                .vmsdInvalid,
                expected: "a list of fields",
                found: "none",
                path: description.path,
                rule: Rule.ID("VMSD004")
            )
        }
        let members = StateMembers(fields)
        plans[id].fieldNames = members.names
        let isFlat = members.areFlat
        let first = steps.count
        var tree = MemberTree()
        let borrowed = fields.span
        for index in borrowed.indices {
            do {
                steps.append(try step(borrowed[index], index, of: members, in: id))
            } catch {
                throw error.within(borrowed[index].path)
            }
            // Members of one name each are no objects.
            guard isFlat || tree.insert(members.path(index)) else {
                throw VMStateError(
                    .vmsdInvalid,
                    expected: "a member that is either a value or an object",
                    found: members.path(index).joined(separator: "."),
                    path: fields[index].path
                )
            }
        }
        plans[id].name = name(description.name).plain
        plans[id].versionID = description.versionID
        plans[id].minimumVersionID = description.minimumVersionID
        plans[id].steps = first..<steps.count
        plans[id].hasRuns = borrowed.indices.contains { borrowed[$0].run == .next }
        if plans[id].hasRuns {
            // Only a vmdesc has them, and its members are its fields.
        } else if !isFlat || !members.areDistinct {
            plans[id].arrangement = arrangement(of: members, fields.indices)
        }
        let taken = description.subsections.isEmpty ? [] : Set(fields.indices.compactMap { members.path($0).first })
        for subsection in description.subsections {
            let child = descriptions[subsection]
            guard !taken.contains(child.name) else {
                throw VMStateError(
                    .vmsdInvalid,
                    expected: "a subsection's name that is no member of a field",
                    found: "\"\(child.name)\"",
                    path: description.path.appending("subsections").appending(plans[id].subsections.count)
                )
            }
            plans[id].subsections.append(
                Program.Subsection(
                    id: subsection,
                    key: name(child.name),
                    needed: child.needed.map { store($0) } ?? -1
                )
            )
        }
        plans[id].references = Array(references[id])
    }

    /// One name for each text, so that objects are known by it.
    private mutating func arrangement(of members: StateMembers, _ fields: Range<Int>) -> Arrangement {
        var known: [String: Program.Name] = [:]
        let tokens = fields.map { field in
            members.path(field).map { text in
                let name = known[text] ?? name(text)
                known[text] = name
                return name
            }
        }
        return Arrangement(tokens: tokens)
    }

    private mutating func store(_ predicate: Predicate) -> Int {
        predicates.append(predicate)
        return predicates.count - 1
    }

    private mutating func step(
        _ field: borrowing VMStateField,
        _ index: Int,
        of members: StateMembers,
        in id: VMStateDescription.ID
    ) throws(VMStateError) -> Program.Step {
        var ids: [MemberPath: Int] = [:]
        if let path = field.numOffset { ids[path] = intern(path) }
        if let path = field.sizeOffset { ids[path] = intern(path) }
        let constants = given
        var known = resolved
        defer { resolved = known }
        let shape = try FieldShape(
            field,
            dialect: dialect,
            isVMDesc: isVMDesc,
            number: { (number) throws(VMStateError) in
                guard case .symbol(let expression) = number else { return try Self.resolve(number, constants) }
                if let value = known[expression.text] { return value }
                let value = try Self.resolve(number, constants)
                known[expression.text] = value
                return value
            },
            intern: { ids[$0] ?? 0 }
        )
        try check(field, shape)
        // As with every vmdesc, which has no counters and predicates.
        let key = name(members.last(index))
        var slot = -1
        if !references[id].isEmpty {
            let isNumbered = field.offset == nil && members.names[index] != field.name
            slot = try watch(members.path(index), sharing: isNumbered ? (field.name, key) : nil, in: id)
        }
        let kind = kind(field)
        let isAssertion = shape.count == .fixed(0) && (field.flags.contains(.mustExist) || field.info == nil)
        let childVersion = field.vmsd.map { descriptions[$0].versionID } ?? 0
        let isStruct = field.flags.contains(.struct)
        let isVStruct = field.flags.contains(.vstruct) && !isStruct
        var check = VMStateInfo.Check.none
        if case .integer(_, _, let infoCheck)? = field.info?.encoding { check = infoCheck }
        return Program.Step(
            kind: kind,
            encoding: kind == .structure ? nil : field.info?.encoding,
            isPlain: shape.isSingle && !shape.isPointerArray && field.fieldExists == nil && slot < 0 && check == .none
                && kind != .other
                && members.isFlat(index) && !field.flags.contains(.mustExist),
            versionID: field.versionID,
            mustExist: field.flags.contains(.mustExist),
            isPointer: field.flags.contains(.pointer),
            isAllocated: field.flags.contains(.pointer) && field.flags.contains(.alloc) && !shape.isPointerArray,
            check: check,
            shape: shape,
            predicate: field.fieldExists.map { store($0) } ?? -1,
            child: field.vmsd ?? -1,
            keyChild: field.keyVMSD ?? -1,
            saveVersion: isVStruct ? field.structVersionID : childVersion,
            loadVersion: isVStruct ? field.structVersionID : isStruct ? childVersion : field.versionID,
            key: key,
            slot: slot,
            field: index,
            isCompressible: isCompressible(field),
            isAssertion: isAssertion,
            run: field.run,
            layout: kind == .other ? layout(of: field, in: id) : -1,
            describedSize: shape.isSingle ? Self.describedSize(field) : -1
        )
    }

    private static func describedSize(_ field: borrowing VMStateField) -> Int {
        if field.flags.contains(.struct) || field.flags.contains(.vstruct) {
            if case .number(let size)? = field.size, size > 0 { return size }
            return -1
        }
        switch field.info?.encoding {
        case .qtailq, .qlist, .gtree, .byteArray, .name:
            if case .number(let size)? = field.size { return size }
            return -1
        default: return -1
        }
    }

    private mutating func layout(of field: borrowing VMStateField, in id: VMStateDescription.ID) -> Int {
        guard let info = field.info, case .opaque = info.encoding,
            let layout = InfoLayout.of(info.name, in: descriptions[id].name)
        else { return -1 }
        layouts.append(layout)
        return layouts.count - 1
    }

    private func kind(_ field: borrowing VMStateField) -> Program.Step.Kind {
        if !field.flags.isDisjoint(with: .anyStruct) { return .structure }
        switch field.info?.encoding {
        case .bool: return .bool
        case .double: return .double
        case .integer(1, let isSigned, _): return isSigned ? .int8 : .uint8
        case .integer(2, let isSigned, _): return isSigned ? .int16 : .uint16
        case .integer(4, let isSigned, _): return isSigned ? .int32 : .uint32
        case .integer(_, let isSigned, _): return isSigned ? .int64 : .uint64
        default: return .other
        }
    }
}
