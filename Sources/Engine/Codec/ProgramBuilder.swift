// SPDX-License-Identifier: Apache-2.0

/// Makes a program of a document.
struct ProgramBuilder {
    let descriptions: [VMStateDescription]
    let dialect: Dialect
    let given: [String: Predicate]
    var plans: [Program.Plan]
    private var steps: [Program.Step] = []
    private var predicates: [Predicate] = []
    private var layouts: [InfoLayout] = []
    private let isVMDesc: Bool
    var paths: [Program.Path] = []
    /// The same paths as they were written.
    var memberPaths: [MemberPath] = []
    var pathIDs: [String: Int] = [:]
    private var names: [UInt8] = []
    private var nameIndex: [String: Program.Name] = [:]
    /// For each description, the paths that its fields and predicates, its subsections and its tmp children refer to.
    var references: [Set<Int>]
    /// The references of one description by the first step of their paths.
    var byFirstStep: [MemberPath.Step?: [Int]] = [:]
    var candidatesOf: VMStateDescription.ID = -1
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
        isIrregular = Self.irregular(descriptions, dialect)
        plans = Array(repeating: Program.Plan(), count: descriptions.count)
        references = Array(repeating: [], count: descriptions.count)
    }

    /// - Throws: `vmsd-invalid`, `count-unknown` for a constant that is not given.
    mutating func build(root: VMStateDescription.ID) throws(VMStateError) -> Program {
        let reachable = reachable(from: root)
        try DescriptionCycles(descriptions, dialect: dialect).check(reachable)
        for id in reachable { collectReferences(id) }
        try spreadReferences(reachable)
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
            paths: paths,
            pathIDs: pathIDs,
            names: names
        )
    }

    // MARK: What is there

    private func children(_ id: VMStateDescription.ID) -> [VMStateDescription.ID] {
        descriptions[id].subsections
            + (descriptions[id].fields ?? []).flatMap { [$0.vmsd, $0.keyVMSD].compactMap { $0 } }
    }

    private func reachable(from root: VMStateDescription.ID) -> [VMStateDescription.ID] {
        var seen: Set<VMStateDescription.ID> = [root]
        var order = [root]
        var next = 0
        while next < order.count {
            for child in children(order[next]) where seen.insert(child).inserted { order.append(child) }
            next += 1
        }
        return order
    }

    /// Children that look names up in the enclosing object too.
    func sharers(_ id: VMStateDescription.ID) -> [VMStateDescription.ID] {
        descriptions[id].subsections
            + (descriptions[id].fields ?? []).compactMap { $0.info?.encoding == .tmp ? $0.vmsd : nil }
    }

    // MARK: Plans

    mutating func name(_ text: String) -> Program.Name {
        if let name = nameIndex[text] { return name }
        let plain = Array(text.utf8)
        let escaped = JSONText.escape(text)
        let start = names.count
        names += plain
        if escaped != plain { names += escaped }
        let name = Program.Name(
            offset: escaped == plain ? start : start + plain.count,
            length: escaped.count,
            tag: escaped == plain ? .string : .escapedString,
            plain: start..<start + plain.count
        )
        nameIndex[text] = name
        return name
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
        let members = StateMembers.of(fields)
        plans[id].fieldNames = StateMembers.uniqueNames(fields)
        let first = steps.count
        for (index, field) in fields.enumerated() {
            do {
                steps.append(try step(field, index, tokens: members[index], in: id))
            } catch {
                throw error.within(field.path)
            }
            guard plans[id].members.insert(members[index]) else {
                throw VMStateError(
                    .vmsdInvalid,
                    expected: "a member that is either a value or an object",
                    found: members[index].joined(separator: "."),
                    path: field.path
                )
            }
        }
        plans[id].name = name(description.name).plain
        plans[id].versionID = description.versionID
        plans[id].minimumVersionID = description.minimumVersionID
        plans[id].steps = first..<steps.count
        plans[id].hasRuns = fields.contains { $0.run == .next }
        if plans[id].hasRuns {
            // Only a vmdesc has them, and its members are its fields.
        } else if members.contains(where: { $0.count > 1 }) || Set(members).count < members.count {
            plans[id].arrangement = Arrangement(tokens: members.map { tokens in tokens.map { name($0) } })
        }
        var names: Set<String> = []
        for subsection in description.subsections {
            let child = descriptions[subsection]
            guard plans[id].members.children[child.name] == nil || names.contains(child.name) else {
                throw VMStateError(
                    .vmsdInvalid,
                    expected: "a subsection's name that is no member of a field",
                    found: "\"\(child.name)\"",
                    path: description.path.appending("subsections", String(plans[id].subsections.count))
                )
            }
            names.insert(child.name)
            plans[id].members.insert([child.name])
            plans[id].subsections.append(
                Program.Subsection(
                    id: subsection,
                    key: name(child.name),
                    needed: child.needed.map { store($0) } ?? -1
                )
            )
        }
        for reference in references[id] {
            plans[id].members.insert([memberPaths[reference].text])
            // Step by step, up to an index: what lies inside an element that is only read is the caller's.
            let names = memberPaths[reference].steps.prefix { if case .name = $0 { true } else { false } }
            plans[id].members.insert(names.compactMap { if case .name(let name) = $0 { name } else { nil } })
        }
    }

    private mutating func store(_ predicate: Predicate) -> Int {
        predicates.append(predicate)
        return predicates.count - 1
    }

    private mutating func step(
        _ field: VMStateField,
        _ index: Int,
        tokens: [String],
        in id: VMStateDescription.ID
    ) throws(VMStateError) -> Program.Step {
        var ids: [MemberPath: Int] = [:]
        for path in [field.numOffset, field.sizeOffset] { if let path { ids[path] = intern(path) } }
        let constants = given
        let shape = try FieldShape(
            field,
            dialect: dialect,
            number: { (number) throws(VMStateError) in try Self.resolve(number, constants) },
            intern: { ids[$0] ?? 0 }
        )
        try check(field, shape)
        let slot = watch(tokens, in: id)
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
            isPlain: shape.isSingle && field.fieldExists == nil && slot < 0 && check == .none && kind != .other
                && tokens.count == 1 && !field.flags.contains(.mustExist),
            versionID: field.versionID,
            mustExist: field.flags.contains(.mustExist),
            isPointer: field.flags.contains(.pointer),
            check: check,
            shape: shape,
            predicate: field.fieldExists.map { store($0) } ?? -1,
            child: field.vmsd ?? -1,
            keyChild: field.keyVMSD ?? -1,
            saveVersion: isVStruct ? field.structVersionID : childVersion,
            loadVersion: isVStruct ? field.structVersionID : isStruct ? childVersion : field.versionID,
            key: name(tokens.last ?? field.name),
            slot: slot,
            field: index,
            isCompressible: isCompressible(field),
            isAssertion: isAssertion,
            run: field.run,
            layout: kind == .other ? layout(of: field, in: id) : -1,
            describedSize: shape.isSingle ? Self.describedSize(field) : -1
        )
    }

    private static func describedSize(_ field: VMStateField) -> Int {
        switch field.info?.encoding {
        case .qtailq, .qlist, .gtree, .byteArray, .name:
            if case .number(let size)? = field.size { return size }
            return -1
        default: return -1
        }
    }

    private mutating func layout(of field: VMStateField, in id: VMStateDescription.ID) -> Int {
        guard let info = field.info, case .opaque = info.encoding,
            let layout = InfoLayout.of(info.name, in: descriptions[id].name)
        else { return -1 }
        layouts.append(layout)
        return layouts.count - 1
    }

    private func kind(_ field: VMStateField) -> Program.Step.Kind {
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
