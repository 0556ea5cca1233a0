// SPDX-License-Identifier: Apache-2.0

/// Reads the bytes of a description into a state.
///
/// Source: QEMU migration/vmstate.c, vmstate_load_state().
struct VMStateDecoder {
    /// A struct that is not as long as its description says.
    struct OddSize {
        let name: String
        let offset: Int
        let described: Int
        let found: Int
    }

    let program: Program
    let input: ByteView
    /// `program.names`, for comparisons.
    let names: ByteView
    /// The destination before the load; nil: nothing is known of it.
    let initial: MemberLookup?
    let limits: Limits

    /// The next byte to be read.
    var position: Int
    /// The state so far.
    ///
    /// Every node on it is complete, but for the objects and arrays that are being read.
    var tape = JSONTape()
    /// What the tape's names and copied strings refer to.
    var text: [UInt8]
    var frames: [Frame] = []
    /// The index of the loaded value for each watched field of each frame; -1: not loaded.
    var slots: [Int] = []
    var depth = 0
    /// What the limits count: fields and parts of predicates so far, and elements without bytes.
    var steps = 0
    var emptyElements = 0
    var offsets: OffsetRecorder?
    /// The first byte of a `bool` that is neither 0 nor 1; -1: there is none.
    var oddBoolean = -1
    /// The first struct that is not as long as the vmdesc says.
    var oddSize: OddSize?
    /// Whether elements of opaque infos are taken apart where their layout is known.
    let takesApart: Bool
    var showsUnusedZeros = false
    /// Where the text of nodes of the destination is in `text`.
    private var copied: [Int: Int] = [:]
    /// Whether the sizes that a vmdesc gives are compared.
    let checksSizes: Bool
    /// Where the names of their members are in `text`.
    var layoutNames: [String: Int] = [:]

    /// An object being loaded, as far as others refer to its members.
    struct Frame {
        let plan: Int
        /// The destination's object; -1: not known.
        let initial: Int
        /// The frame in which names are looked up that are not found here; -1: none.
        let enclosing: Int
        let firstSlot: Int
    }

    init(
        _ program: Program,
        input: ByteView,
        from position: Int,
        names: ByteView,
        initial: MemberLookup?,
        recordsOffsets: Bool,
        takesApart: Bool,
        checksSizes: Bool,
        limits: Limits
    ) {
        self.program = program
        self.input = input
        self.names = names
        self.initial = initial
        self.limits = limits
        self.takesApart = takesApart
        self.checksSizes = checksSizes
        self.position = position
        text = program.names
        offsets = recordsOffsets ? OffsetRecorder() : nil
        // Rarely does a byte take more than a word. Room that is not touched costs addresses and no memory.
        tape.words.reserveCapacity(min(input.count - position + 16, limits.stateWords))
    }

    // MARK: Objects

    /// Loads one object: its fields, its subsections, and what the destination has beside them.
    mutating func load(
        _ plan: Int,
        version: Int,
        initial: Int,
        enclosing: Int
    ) throws(VMStateError) {
        guard version <= program.plans[plan].versionID else { throw versionError(.versionTooNew, plan, version) }
        guard version >= program.plans[plan].minimumVersionID else { throw versionError(.versionTooOld, plan, version) }
        depth += 1
        defer { depth -= 1 }
        guard depth <= limits.descriptionDepth, tape.words.count <= limits.stateWords else {
            throw VMStateError(
                .limitExceeded,
                at: position,
                expected: depth > limits.descriptionDepth
                    ? "at most \(limits.descriptionDepth) descriptions inside each other"
                    : "a state of at most \(limits.stateWords) words",
                path: program.descriptions[plan].path
            )
        }

        if initial >= 0 { try require(.object, "an object", of: initial) }
        try spend(program.plans[plan].steps.count &+ 1, lookingIn: initial)
        let first = position
        let object = tape.open(.object)
        var count = 0
        var frame = -1
        if program.plans[plan].needsFrame {
            frame = frames.count
            frames.append(
                Frame(
                    plan: plan,
                    initial: initial,
                    enclosing: enclosing,
                    firstSlot: slots.count
                )
            )
            for _ in 0..<program.plans[plan].slotCount { slots.append(-1) }
        }
        if program.plans[plan].arrangement != nil {
            try loadArranged(plan, version: version, frame: frame, initial: initial, count: &count)
        } else {
            try loadFields(plan, version: version, frame: frame, initial: initial, count: &count)
        }
        try loadSubsections(plan, frame: frame, initial: initial, object: object, count: &count)
        if initial >= 0 { try keepOthers(plan, initial, object: object, count: &count) }
        if frame >= 0 {
            slots.removeSubrange(frames[frame].firstSlot...)
            frames.removeLast()
        }
        tape.close(object, count: count)
        if position == first { try countEmptyElement() }
    }

    /// What the destination has for a field must be what the field can be; of NULL nothing is known.
    func require(_ tag: JSONTag, _ expected: String, of node: Int) throws(VMStateError) {
        guard let initial, initial.tape.tag(at: node) != tag, initial.tape.tag(at: node) != .null else { return }
        throw VMStateError(
            .valueTypeMismatch,
            expected: expected + " in initial",
            found: initial.tape.describe(node, initial.text)
        )
    }

    /// Counts fields or parts of predicates, each of which may look for a member of the destination's object.
    mutating func spend(_ additional: Int, lookingIn object: Int = -1) throws(VMStateError) {
        var members = 0
        if let initial, object >= 0, initial.tape.tag(at: object) == .object {
            members = initial.tape.count(at: object)
        }
        // Both factors are bounded by the size of a document, so the product does not overflow.
        steps &+= additional &* (1 &+ members / 8)
        guard steps <= limits.steps else {
            throw VMStateError(.limitExceeded, at: position, expected: "at most \(limits.steps) steps")
        }
    }

    /// Counts an object or element that took no bytes.
    mutating func countEmptyElement() throws(VMStateError) {
        emptyElements &+= 1
        guard emptyElements <= limits.emptyElements &+ input.count else {
            throw VMStateError(
                .limitExceeded,
                at: position,
                expected: "at most \(limits.emptyElements) elements without bytes"
            )
        }
    }

    @inline(never)
    private func versionError(_ code: VMStateError.Code, _ plan: Int, _ version: Int) -> VMStateError {
        let description = program.descriptions[plan]
        return VMStateError(
            code,
            at: position,
            expected: "version \(description.minimumVersionID) … \(description.versionID) of \"\(description.name)\"",
            found: String(version),
            path: description.path
        )
    }

    private mutating func loadFields(
        _ plan: Int,
        version: Int,
        frame: Int,
        initial: Int,
        count: inout Int
    ) throws(VMStateError) {
        if program.plans[plan].hasRuns {
            return try loadRuns(plan, version: version, frame: frame, initial: initial, count: &count)
        }
        for index in program.plans[plan].steps {
            let key = program.steps[index].key
            if program.steps[index].isPlain, program.steps[index].versionID <= version {
                tape.append(key.tag, offset: key.offset, length: key.length)
                count &+= 1
                do {
                    try plain(index, plan: plan, initial: initial)
                } catch {
                    throw located(error, index, plan)
                }
                continue
            }
            let start = tape.words.count
            tape.append(key.tag, offset: key.offset, length: key.length)
            if try field(index, plan: plan, version: version, frame: frame, initial: initial) {
                count &+= 1
            } else {
                tape.words.removeSubrange(start...)
            }
        }
    }

    /// A field that is one value in every version and that nothing refers to.
    @inline(__always)
    private mutating func plain(_ index: Int, plan: Int, initial: Int) throws(VMStateError) {
        let start = position
        offsets?.enter(key: program.steps[index].key)
        if program.steps[index].kind == .structure {
            try load(
                program.steps[index].child,
                version: program.steps[index].loadVersion,
                initial: member(index, of: initial),
                enclosing: -1
            )
            compareSize(index, from: start)
            offsets?.record(container: start, position, type: program.type(program.steps[index], of: plan))
        } else {
            try scalar(program.steps[index].kind)
            offsets?.record(start, position, type: program.type(program.steps[index], of: plan))
        }
        offsets?.leave()
    }

    /// Notes a struct that is not as long as the vmdesc says, of which nothing depends.
    @inline(__always)
    mutating func compareSize(_ index: Int, from start: Int) {
        let size = program.steps[index].describedSize
        guard size >= 0, position - start != size, checksSizes, oddSize == nil else { return }
        let name = String(decoding: program.names[program.steps[index].key.plain], as: UTF8.self)
        oddSize = OddSize(name: name, offset: start, described: size, found: position - start)
    }

    /// Adds the field's places to an error from inside it.
    @inline(never)
    func located(_ error: VMStateError, _ index: Int, _ plan: Int) -> VMStateError {
        let step = program.steps[index]
        var error = error
        // Counts and sizes that are wrong were not read here; the elements would be.
        error.offset = error.offset ?? position
        let tokens = program.plans[plan].arrangement.map { $0.tokens[index - program.plans[plan].steps.lowerBound] }
        for name in (tokens ?? [step.key]).reversed() {
            error = error.under(String(decoding: program.names[name.plain], as: UTF8.self))
        }
        return error.within(program.path(step, of: plan))
    }

    /// The destination's value for a field; -1: none.
    func member(_ index: Int, of object: Int) -> Int {
        guard let initial, object >= 0 else { return -1 }
        return initial.member(program.steps[index].key, of: object) ?? -1
    }

    /// Members of the destination that are no field keep their value: counters and what predicates read.
    @inline(never)
    private mutating func keepOthers(_ plan: Int, _ object: Int, object target: Int, count: inout Int)
        throws(VMStateError)
    {
        guard let initial, initial.tape.tag(at: object) == .object else { return }
        let fields: [Program.Name]
        if let arrangement = program.plans[plan].arrangement {
            // An object of which no field came is kept as a whole.
            var there: Set<Int> = []
            var key = target + 2
            while key < tape.words.count {
                there.insert(tape.reference(at: key).offset)
                key = tape.next(after: tape.next(after: key))
            }
            fields = arrangement.tokens.compactMap { tokens in
                tokens.first.flatMap { tokens.count == 1 || there.contains($0.offset) ? $0 : nil }
            }
        } else {
            fields = program.plans[plan].steps.map { program.steps[$0].key }
        }
        let names = fields + program.plans[plan].subsections.map(\.key)
        var own = JSONTape()
        swap(&own, &tape)
        defer { swap(&own, &tape) }
        count += try copyMembers(of: object, except: names, onto: &own)
    }

    /// Copies members of an object of the destination; returns how many.
    mutating func copyMembers(
        of object: Int,
        except names: [Program.Name],
        onto tape: inout JSONTape
    ) throws(VMStateError) -> Int {
        guard let initial, initial.tape.tag(at: object) == .object else { return 0 }
        var count = 0
        var key = object + 2
        let known = names.count > 8 ? Set(names.map { initial.names.array($0.plain) }) : nil
        for _ in 0..<initial.tape.count(at: object) {
            let value = initial.tape.next(after: key)
            let isExcepted =
                known?.contains(JSONText.unescaped(initial.tape, key, initial.text))
                ?? names.contains { initial.isKey(key, $0) }
            if !isExcepted {
                try copy(key, onto: &tape)
                try copy(value, onto: &tape)
                count += 1
            }
            key = initial.tape.next(after: value)
        }
        return count
    }

    /// Copies a node of the destination into the state.
    mutating func copy(_ node: Int) throws(VMStateError) {
        var own = JSONTape()
        swap(&own, &tape)
        defer { swap(&own, &tape) }
        try copy(node, onto: &own)
    }

    private mutating func copy(_ node: Int, onto tape: inout JSONTape) throws(VMStateError) {
        guard let initial else { return }
        guard tape.words.count <= limits.stateWords else {
            throw VMStateError(.limitExceeded, at: position, expected: "a state of at most \(limits.stateWords) words")
        }
        let tag = initial.tape.tag(at: node)
        switch tag {
        case .number, .string, .escapedString:
            let reference = initial.tape.reference(at: node)
            // What is copied again, by a subsection that comes again, is there already.
            let place = copied[node] ?? text.count
            tape.append(tag, offset: place, length: reference.length)
            if place == text.count {
                text += initial.text.array(reference.offset..<reference.offset + reference.length)
            }
            copied[node] = place
        case .array, .object:
            let start = tape.open(tag)
            var at = node + 2
            let end = initial.tape.next(after: node)
            while at < end {
                try copy(at, onto: &tape)
                at = initial.tape.next(after: at)
            }
            tape.close(start, count: initial.tape.count(at: node))
        default: tape.words += initial.tape.words[node..<initial.tape.next(after: node)]
        }
    }
}
