// SPDX-License-Identifier: Apache-2.0

/// Makes a program of a document.
struct ProgramBuilder {
    private let descriptions: [VMStateDescription]
    private let dialect: Dialect
    private let given: [String: Predicate]
    private var plans: [Program.Plan]
    private var steps: [Program.Step] = []
    private var predicates: [Predicate] = []
    private var paths: [Program.Path] = []
    /// The same paths as they were written.
    private var memberPaths: [MemberPath] = []
    private var pathIDs: [String: Int] = [:]
    private var names: [UInt8] = []
    private var nameIndex: [String: Program.Name] = [:]
    /// For each description, the paths that its fields and predicates, its subsections and its tmp children refer to.
    private var references: [Set<Int>]
    /// The references of one description by the first step of their paths.
    private var byFirstStep: [MemberPath.Step?: [Int]] = [:]
    private var candidatesOf: VMStateDescription.ID = -1
    private let limits: Limits
    /// What each predicate reads, by its text: many fields share one.
    private var readMembers: [String: Set<Int>] = [:]
    /// Whether the elements of a struct may have different layouts.
    private var isIrregular: [Bool]

    init(_ document: VMStateDocument, dialect: Dialect, given: [String: Predicate], limits: Limits) {
        descriptions = document.descriptions
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
    private func sharers(_ id: VMStateDescription.ID) -> [VMStateDescription.ID] {
        descriptions[id].subsections
            + (descriptions[id].fields ?? []).compactMap { $0.info?.encoding == .tmp ? $0.vmsd : nil }
    }

    // MARK: References

    private mutating func intern(_ path: MemberPath) -> Int {
        if let id = pathIDs[path.text] { return id }
        let steps = path.steps.map { step -> Program.Path.Step in
            switch step {
            case .name(let text): .name(name(text))
            case .index(let index): .index(index)
            }
        }
        paths.append(Program.Path(text: path.text, literal: name(path.text), steps: steps))
        memberPaths.append(path)
        pathIDs[path.text] = paths.count - 1
        return paths.count - 1
    }

    /// The members that a predicate reads, through predicates that it names.
    private mutating func members(of predicate: Predicate) -> Set<Int> {
        if let known = readMembers[predicate.text] { return known }
        var found: Set<Int> = []
        var open = predicate.names
        var seen: Set<String> = []
        while let path = open.popLast() {
            guard seen.insert(path.text).inserted else { continue }
            if let other = given[path.text] {
                open += other.names
            } else {
                found.insert(intern(path))
            }
        }
        readMembers[predicate.text] = found
        return found
    }

    private mutating func collectReferences(_ id: VMStateDescription.ID) {
        for field in descriptions[id].fields ?? [] {
            if let path = field.numOffset { references[id].insert(intern(path)) }
            if let path = field.sizeOffset { references[id].insert(intern(path)) }
            if let predicate = field.fieldExists { references[id].formUnion(members(of: predicate)) }
        }
        for subsection in descriptions[id].subsections {
            if let needed = descriptions[subsection].needed { references[id].formUnion(members(of: needed)) }
        }
    }

    /// What a subsection or a tmp child refers to may be a member of the object around it.
    private mutating func spreadReferences(_ ids: [VMStateDescription.ID]) throws(VMStateError) {
        var total = ids.reduce(0) { $0 + references[$1].count }
        var changed = true
        while changed {
            changed = false
            for id in ids.reversed() {
                let before = references[id].count
                for child in sharers(id) where child != id { references[id].formUnion(references[child]) }
                if references[id].count != before { changed = true }
                total += references[id].count - before
                guard total <= limits.references else {
                    throw VMStateError(
                        .limitExceeded,
                        expected: "at most \(limits.references) references to members",
                        path: descriptions[id].path
                    )
                }
            }
        }
    }

    private mutating func spreadFrames(_ ids: [VMStateDescription.ID]) {
        for id in ids { plans[id].needsFrame = !references[id].isEmpty }
    }

    // MARK: Plans

    private mutating func name(_ text: String) -> Program.Name {
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
        if members.contains(where: { $0.count > 1 }) || Set(members).count < members.count {
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
            // The first name only: what lies inside a member that only counts is the caller's.
            if case .name(let first)? = memberPaths[reference].steps.first, plans[id].members.children[first] == nil {
                plans[id].members.insert([first])
            }
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
            isAssertion: isAssertion
        )
    }

    /// Whether every element of an array has the same layout as far as the description tells.
    ///
    /// Source: QEMU migration/vmstate.c, vmsd_can_compress().
    private func isCompressible(_ field: VMStateField) -> Bool {
        guard Self.isRegular(field, dialect) else { return false }
        guard field.flags.contains(.struct), let child = field.vmsd else { return true }
        return !isIrregular[child]
    }

    private static func isRegular(_ field: VMStateField, _ dialect: Dialect) -> Bool {
        field.fieldExists == nil && !FieldShape.isDynamic(field.flags, dialect)
    }

    /// For each description whether it has, itself or in a struct inside it, subsections or a field that is not in every element.
    private static func irregular(_ descriptions: [VMStateDescription], _ dialect: Dialect) -> [Bool] {
        var irregular = descriptions.map { description in
            description.hasSubsectionList || (description.fields ?? []).contains { !isRegular($0, dialect) }
        }
        var parents: [VMStateDescription.ID: [VMStateDescription.ID]] = [:]
        for (id, description) in descriptions.enumerated() {
            for field in description.fields ?? [] where field.flags.contains(.struct) {
                if let child = field.vmsd { parents[child, default: []].append(id) }
            }
        }
        var open = irregular.indices.filter { irregular[$0] }
        while let id = open.popLast() {
            for parent in parents[id] ?? [] where !irregular[parent] {
                irregular[parent] = true
                open.append(parent)
            }
        }
        return irregular
    }

    /// A number of the document, with the constants of the request.
    static func resolve(_ number: SymbolicNumber, _ constants: [String: Predicate]) throws(VMStateError) -> Int {
        switch number {
        case .number(let value): return value
        case .symbol(let expression):
            var evaluator = PredicateEvaluator(given: constants, version: 0)
            do {
                let value = try evaluator.value(of: expression) { _ in nil }
                guard let number = Int32(exactly: value.signed) else {
                    throw VMStateError(.valueOutOfRange, expected: "0 … \(Int32.max)", found: String(value.signed))
                }
                return Int(number)
            } catch let error as PredicateEvaluator.Failure {
                switch error {
                case .unresolved(let name):
                    throw VMStateError(.countUnknown, expected: "a constant \(name) in the request", found: "none")
                case .undefined(let reason):
                    throw VMStateError(.vmsdInvalid, expected: "a number", found: reason)
                }
            } catch let error as VMStateError {
                throw error
            } catch {
                throw VMStateError(.vmsdInvalid, expected: "a number", found: expression.text)
            }
        }
    }

    /// The references of a description that may lead to `member` or into it: those of its text, and those whose path begins as
    /// its path does.
    private mutating func candidates(_ member: MemberPath, in id: VMStateDescription.ID) -> [Int] {
        if candidatesOf != id {
            candidatesOf = id
            byFirstStep = [:]
            for reference in references[id].sorted() {
                byFirstStep[memberPaths[reference].steps.first, default: []].append(reference)
            }
        }
        var found = byFirstStep[member.steps.first] ?? []
        if let id = pathIDs[member.text], references[candidatesOf].contains(id), !found.contains(id) {
            found.append(id)
        }
        return found
    }

    /// Gives a slot to a field whose member something refers to.
    private mutating func watch(_ tokens: [String], in id: VMStateDescription.ID) -> Int {
        let own = MemberPath(tokens.joined(separator: "."))
        var slot = -1
        for reference in candidates(own, in: id) {
            let path = memberPaths[reference]
            let rest: [Program.Path.Step]
            if path.text == own.text {
                rest = []
            } else if path.steps.starts(with: own.steps) {
                rest = Array(paths[reference].steps.dropFirst(own.steps.count))
            } else {
                continue
            }
            if slot < 0 {
                slot = plans[id].slotCount
                plans[id].slotCount += 1
            }
            plans[id].watches[reference, default: []].append(Program.Watch(slot: slot, rest: rest))
        }
        return slot
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

    /// What the codec cannot do without.
    ///
    /// The rules say more.
    private func check(_ field: VMStateField, _ shape: FieldShape) throws(VMStateError) {
        func missing(_ what: String, _ rule: String) -> VMStateError {
            VMStateError(.vmsdInvalid, expected: what, found: "none", rule: Rule.ID(rule))
        }
        if !field.flags.isDisjoint(with: .anyStruct) {
            guard field.vmsd != nil else { throw missing("vmsd with \(field.flags.text)", "VMSD025") }
            return
        }
        guard let info = field.info else {
            guard shape.count == .fixed(0) else {
                throw missing("info or vmsd", "VMSD026")
            }
            return
        }
        if info.encoding.hasChild, field.vmsd == nil { throw missing("vmsd with info \(info.name)", "VMSD040") }
        switch info.encoding {
        case .opaque(.sized) where shape.size == .inherent:
            throw missing("size with info \"\(info.name)\"", info.isKnown ? "VMSD039" : "VMSD028")
        case .buffer where shape.size == .inherent, .unusedBuffer where shape.size == .inherent:
            throw missing("size with info \"\(info.name)\"", "VMSD039")
        case .bitmap where shape.size == .inherent:
            throw missing("size_offset and VMS_VBUFFER with info \"bitmap\"", "VMSD037")
        case .buffer, .unusedBuffer, .bitmap:
            // Save and load disagree on the length of such an element.
            if shape.isDynamic {
                throw VMStateError(
                    .vmsdInvalid,
                    expected: "an info of fixed length in a dynamic array of pointers",
                    found: info.name,
                    rule: Rule.ID("VMSD036")
                )
            }
        default: break
        }
    }
}

/// The members of a state object that hold the values of a field list.
enum StateMembers {
    /// For each field, the names from the outermost member inwards: `offset`, or the name, with `[k]` where several fields
    /// have it.
    static func of(_ fields: [VMStateField]) -> [[String]] {
        let names = uniqueNames(fields)
        return fields.enumerated().map { index, field in
            guard let offset = field.offset else { return [names[index]] }
            let parts = offset.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            return parts.contains("") ? [offset] : parts
        }
    }

    /// The names as QEMU's vmdesc writes them: `name[0]`, `name[1]` … in field order where one name comes more than once.
    static func uniqueNames(_ fields: [VMStateField]) -> [String] {
        var total: [String: Int] = [:]
        for field in fields { total[field.name, default: 0] += 1 }
        var seen: [String: Int] = [:]
        return fields.map { field in
            guard total[field.name] != 1 else { return field.name }
            defer { seen[field.name, default: 0] += 1 }
            return "\(field.name)[\(seen[field.name, default: 0])]"
        }
    }
}
