// SPDX-License-Identifier: Apache-2.0

/// Writes a state as the bytes of a description.
///
/// Source: QEMU migration/vmstate.c, vmstate_save_state_v().
struct VMStateEncoder: ~Copyable {
    let program: Program
    let state: MemberLookup
    /// What byte nodes of the state refer to.
    let bytes: ByteView
    let limits: Limits
    var output: ByteBuffer
    var frames: [Frame] = []
    var depth = 0
    /// Fields and parts of predicates so far.
    var steps = 0
    /// Writes the vmdesc beside the bytes; nil when nobody asked for it.
    var vmdesc: VMDescWriter?
    /// Members of large objects by name, for states whose members are not in the order of the fields; as long as the object is
    /// being saved.
    private var indexes: [Int: [[UInt8]: Int]] = [:]
    /// Their objects, in the order in which they were met.
    private var indexed: [Int] = []
    /// What belongs to the objects of a plan, once something was found that may not.
    private var memberTrees: [Int: MemberTree] = [:]

    /// An object being saved.
    struct Frame {
        let plan: Int
        let object: Int
        /// The frame in which names are looked up that are not found here; -1: none.
        let enclosing: Int
    }

    init(_ program: Program, state: MemberLookup, bytes: ByteView, describes: Bool, limits: Limits) {
        self.program = program
        self.state = state
        self.bytes = bytes
        self.limits = limits
        output = ByteBuffer(capacity: state.text.count / 2 + 64, limit: limits.outputBytes)
        vmdesc = describes ? VMDescWriter() : nil
    }

    // MARK: Objects

    /// Saves one object: its fields, then its subsections.
    mutating func save(_ plan: Int, version: Int, object: Int, enclosing: Int) throws(VMStateError) {
        guard state.tape.tag(at: object) == .object else { throw typeMismatch("an object", object) }
        depth += 1
        defer { depth -= 1 }
        guard depth <= limits.descriptionDepth, !output.isOverLimit, vmdesc?.isOverLimit != true else {
            throw VMStateError(
                .limitExceeded,
                expected: depth > limits.descriptionDepth
                    ? "at most \(limits.descriptionDepth) descriptions inside each other"
                    : "at most \(limits.outputBytes) bytes",
                path: program.descriptions[plan].path
            )
        }
        try spend(program.plans[plan].steps.count &+ 1)
        var frame = -1
        if program.plans[plan].needsFrame {
            frame = frames.count
            frames.append(Frame(plan: plan, object: object, enclosing: enclosing))
        }
        vmdesc?.begin(program.descriptions[plan].name, version: version)
        let outerIndexes = indexed.count
        var misses = 0
        var used = 0
        if let arrangement = program.plans[plan].arrangement {
            used = -1
            for (ordinal, index) in program.plans[plan].steps.enumerated() {
                try field(
                    index,
                    plan: plan,
                    version: version,
                    frame: frame,
                    node: find(arrangement.tokens[ordinal], object, &misses)
                )
            }
        } else {
            used = try saveFields(plan, version: version, frame: frame, object: object)
        }
        vmdesc?.endFields()
        used += try saveSubsections(plan, frame: frame, version: version, object: object)
        vmdesc?.end()
        if used != state.tape.count(at: object) { try checkMembers(object, members(of: plan), plan) }
        if frame >= 0 { frames.removeLast() }
        while indexed.count > outerIndexes { indexes[indexed.removeLast()] = nil }
    }

    /// Counts fields, or parts of predicates that may look for members.
    private mutating func spend(_ additional: Int) throws(VMStateError) {
        steps &+= additional
        guard steps <= limits.steps else {
            throw VMStateError(.limitExceeded, expected: "at most \(limits.steps) steps")
        }
    }

    /// Saves the fields of an object whose members are its fields; returns how many members there were for them.
    private mutating func saveFields(
        _ plan: Int,
        version: Int,
        frame: Int,
        object: Int
    ) throws(VMStateError) -> Int {
        if program.plans[plan].hasRuns {
            return try saveRuns(plan, version: version, frame: frame, object: object)
        }
        var used = 0
        var misses = 0
        // Members mostly come in the order of the fields.
        var key = object &+ 2
        let end = state.tape.next(after: object)
        for index in program.plans[plan].steps {
            var node = -1
            if key < end, state.isKey(key, program.steps[index].key) {
                node = state.tape.next(after: key)
                key = state.tape.next(after: node)
            } else {
                node = find(program.steps[index].key, in: object, &misses)
            }
            if node >= 0 { used &+= 1 }
            if program.steps[index].isPlain, node >= 0, vmdesc == nil, program.steps[index].versionID <= version {
                do throws(VMStateError) {
                    if program.steps[index].kind == .structure {
                        try save(
                            program.steps[index].child,
                            version: program.steps[index].saveVersion,
                            object: node,
                            enclosing: -1
                        )
                    } else {
                        try scalar(program.steps[index].kind, node)
                    }
                } catch {
                    throw located(error, index, plan)
                }
            } else {
                try field(index, plan: plan, version: version, frame: frame, node: node)
            }
        }
        return used
    }

    // MARK: Members

    /// The value of a member that is not where it is expected; -1: none.
    ///
    /// `misses` counts how often that was so: the first few are looked for one by one.
    mutating func find(_ name: Program.Name, in object: Int, _ misses: inout Int) -> Int {
        guard state.tape.tag(at: object) == .object else { return -1 }
        misses &+= 1
        guard state.tape.count(at: object) > 32, misses > 4 else { return state.member(name, of: object) ?? -1 }
        if indexes[object] == nil {
            var index: [[UInt8]: Int] = [:]
            var key = object + 2
            for _ in 0..<state.tape.count(at: object) {
                let value = state.tape.next(after: key)
                index[JSONText.unescaped(state.tape, key, state.text)] = value
                key = state.tape.next(after: value)
            }
            indexes[object] = index
            indexed.append(object)
        }
        return indexes[object]?[state.names.array(name.plain)] ?? -1
    }

    private mutating func find(_ tokens: [Program.Name], _ object: Int, _ misses: inout Int) -> Int {
        var node = object
        for token in tokens where node >= 0 { node = find(token, in: node, &misses) }
        return node
    }

    private mutating func members(of plan: Int) -> MemberTree {
        if let tree = memberTrees[plan] { return tree }
        let tree = program.members(of: plan)
        memberTrees[plan] = tree
        return tree
    }

    /// Every member must belong to a field, a subsection, a counter or a predicate.
    private func checkMembers(_ object: Int, _ tree: MemberTree, _ plan: Int) throws(VMStateError) {
        var key = object + 2
        for _ in 0..<state.tape.count(at: object) {
            let value = state.tape.next(after: key)
            let name = JSONText.string(state.tape, key, state.text)
            guard let child = tree.children[name] else {
                throw VMStateError(
                    .stateUnknownMember,
                    expected: "a member of \"\(program.descriptions[plan].name)\": "
                        + tree.children.keys.sorted().prefix(40).joined(separator: ", "),
                    found: "\"\(name)\"",
                    path: program.descriptions[plan].path,
                    statePath: JSONPointer([name])
                )
            }
            if !child.isLeaf, state.tape.tag(at: value) == .object {
                do throws(VMStateError) {
                    try checkMembers(value, child, plan)
                } catch {
                    throw error.under(name)
                }
            }
            key = state.tape.next(after: value)
        }
    }

    /// Adds the field's places to an error from inside it.
    @inline(never)
    func located(_ error: VMStateError, _ index: Int, _ plan: Int) -> VMStateError {
        let step = program.steps[index]
        var error = error
        let tokens = program.plans[plan].arrangement.map { $0.tokens[index - program.plans[plan].steps.lowerBound] }
        for name in (tokens ?? [step.key]).reversed() {
            error = error.under(String(decoding: program.names[name.plain], as: UTF8.self))
        }
        return error.within(program.path(step, of: plan))
    }

    // MARK: Subsections

    /// Saves the subsections that are needed, in the order of the list; returns how many members the state has for them.
    private mutating func saveSubsections(
        _ plan: Int,
        frame: Int,
        version: Int,
        object: Int
    ) throws(VMStateError) -> Int {
        var used = 0
        var misses = 0
        for subsection in program.plans[plan].subsections {
            let node = find(subsection.key, in: object, &misses)
            if node >= 0 { used += 1 }
            let description = program.descriptions[subsection.id]
            do throws(VMStateError) {
                guard try isNeeded(subsection, version: version, frame: frame, isGiven: node >= 0) else { continue }
                guard node >= 0 else {
                    throw VMStateError(.stateMissingField, expected: "the subsection \"\(description.name)\"")
                }
                guard subsection.key.plain.count <= 255, (1...255).contains(subsection.key.plain.count) else {
                    throw VMStateError(
                        .vmsdInvalid,
                        expected: "a name of 1 … 255 bytes",
                        found: "\(subsection.key.plain.count) bytes",
                        rule: Rule.ID("VMSD002")
                    )
                }
                vmdesc?.beginSubsection()
                output.append(VMStateDecoder.subsectionMark)
                output.append(UInt8(subsection.key.plain.count))
                output.append(state.names, from: subsection.key.plain.lowerBound, count: subsection.key.plain.count)
                output.append(bigEndian: UInt32(truncatingIfNeeded: description.versionID))
                try save(subsection.id, version: description.versionID, object: node, enclosing: frame)
                vmdesc?.endSubsection()
            } catch {
                throw error.under(description.name).within(description.path)
            }
        }
        vmdesc?.endSubsections()
        return used
    }

    private mutating func isNeeded(
        _ subsection: Program.Subsection,
        version: Int,
        frame: Int,
        isGiven: Bool
    ) throws(VMStateError) -> Bool {
        guard subsection.needed >= 0 else { return isGiven || !program.descriptions[subsection.id].isOptional }
        return try truth(program.predicates[subsection.needed], version: version, frame: frame) ?? isGiven
    }

    /// The value of a predicate; nil when a name in it is not known: then the state decides.
    mutating func truth(_ predicate: Predicate, version: Int, frame: Int) throws(VMStateError) -> Bool? {
        var evaluator = PredicateEvaluator(given: program.given, version: version)
        let truth: Bool?
        do {
            truth = try evaluator.value(of: predicate) { path in
                program.pathIDs[path.text].flatMap { find($0, frame: frame) }.flatMap { state.truth(of: $0) }
            }.isTrue
        } catch {
            try spend(evaluator.visited)
            switch error {
            case .unresolved: truth = nil
            case .undefined(let reason):
                throw VMStateError(.vmsdInvalid, expected: "a predicate with a value", found: reason)
            }
        }
        try spend(evaluator.visited)
        return truth
    }

    /// The value of a member of the object, else of the enclosing one.
    ///
    /// What is passed on the way counts as steps; beyond their limit there is nothing.
    private mutating func find(_ id: FieldShape.MemberID, frame: Int) -> Int? {
        var frame = frame
        var passed = 0
        defer { steps &+= passed / 8 }
        guard steps <= limits.steps else { return nil }
        while frame >= 0 {
            let current = frames[frame]
            if let node = state.value(at: program.paths[id], of: current.object, passing: &passed) { return node }
            for watch in program.plans[current.plan].watches[id]?.reversed() ?? [] {
                guard let shared = watch.shared else { continue }
                passed &+= state.tape.count(at: current.object)
                guard let value = state.member(shared, of: current.object) else { continue }
                return state.value(at: watch.rest[...], of: value, passing: &passed)
            }
            frame = current.enclosing
        }
        return nil
    }

    mutating func counter(_ id: FieldShape.MemberID, frame: Int) throws(VMStateError) -> JSONInteger {
        let node = find(id, frame: frame)
        try spend(1)
        if let node, let value = JSONInteger(state.tape, node, state.text) { return value }
        if let constant = program.constants[id] { return JSONInteger(Int64(constant)) }
        if let constant = program.given[program.paths[id].text] {
            return JSONInteger(Int64(try ProgramBuilder.resolve(.symbol(constant), program.given)))
        }
        throw VMStateError(
            .countUnknown,
            expected: "an integer in member \"\(program.paths[id].text)\" of the state",
            found: "none"
        )
    }

    func typeMismatch(_ expected: String, _ node: Int) -> VMStateError {
        VMStateError(.valueTypeMismatch, expected: expected, found: describe(node))
    }

    func describe(_ node: Int) -> String {
        state.tape.describe(node, state.text)
    }
}
