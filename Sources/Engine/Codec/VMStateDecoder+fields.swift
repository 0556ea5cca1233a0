// SPDX-License-Identifier: Apache-2.0

extension VMStateDecoder {
    /// Loads a field behind its key.
    ///
    /// - Returns: whether there is a value: nothing is written for a field that does not exist and that the destination does not
    ///   have, for assertions and for unused bytes that are zero.
    ///
    /// `element` is the index in an array of which the field is a part; -1: it is none.
    @inline(never)
    mutating func field(
        _ index: Int,
        plan: Int,
        version: Int,
        frame: Int,
        initial: Int,
        element first: Int = -1
    ) throws(VMStateError) -> Bool {
        let step = program.steps[index]
        let value = tape.words.count
        let known = member(index, of: initial)
        // Memory that is allocated has nothing of the destination's.
        let current = step.isAllocated ? -1 : known
        do throws(VMStateError) {
            guard try exists(step, version: version, frame: frame) else {
                if step.mustExist { throw VMStateError(.mustExist, at: position, expected: "the field to exist") }
                guard known >= 0 else { return false }
                try copy(known)
                return true
            }
            offsets?.enter(key: step.key)
            defer { offsets?.leave() }
            let count = try step.shape.elementCount { (id) throws(VMStateError) in
                try counter(id, frame: frame)
            }
            let size = try step.shape.elementSize { (id) throws(VMStateError) in
                try counter(id, frame: frame)
            }
            if step.isAssertion { return false }
            if step.shape.isSingle, !step.shape.isPointerArray {
                try part(first, index, plan: plan, size: size, current: current, frame: frame)
            } else {
                try array(
                    index,
                    plan: plan,
                    count: count,
                    from: max(first, 0),
                    size: size,
                    current: current,
                    frame: frame
                )
            }
        } catch {
            throw located(error, index, plan)
        }
        if value == tape.words.count { return false }
        if step.slot >= 0 { slots[frames[frame].firstSlot + step.slot] = value }
        return true
    }

    /// One value, which may be an element of an array.
    private mutating func part(
        _ place: Int,
        _ index: Int,
        plan: Int,
        size: Int?,
        current: Int,
        frame: Int
    ) throws(VMStateError) {
        guard place >= 0 else {
            return try element(index, plan: plan, size: size, current: current, frame: frame)
        }
        do throws(VMStateError) {
            offsets?.enter(index: place)
            try element(index, plan: plan, size: size, current: -1, frame: frame)
            offsets?.leave()
        } catch {
            throw error.under(String(place))
        }
    }

    private mutating func exists(_ step: Program.Step, version: Int, frame: Int) throws(VMStateError) -> Bool {
        guard step.predicate >= 0 else { return step.versionID <= version }
        let predicate = program.predicates[step.predicate]
        var evaluator = PredicateEvaluator(given: program.given, version: version)
        let isTrue: Bool
        do {
            isTrue = try evaluator.value(of: predicate) { path in
                program.pathIDs[path.text].flatMap { truth($0, frame: frame) }
            }.isTrue
        } catch {
            try spend(evaluator.visited)
            switch error {
            case .unresolved(let name):
                throw VMStateError(
                    .predicateUnresolved,
                    at: position,
                    expected: "a predicate or a member that is known before the field",
                    found: name
                )
            case .undefined(let reason):
                throw VMStateError(.vmsdInvalid, at: position, expected: "a predicate with a value", found: reason)
            }
        }
        try spend(evaluator.visited)
        return isTrue
    }

    // MARK: Members that others refer to

    /// The value of a member, as it is when the field is reached: loaded, else the destination's, else of the enclosing object.
    ///
    /// What is passed on the way counts as steps; beyond their limit there is nothing.
    private mutating func find<Value>(
        _ id: FieldShape.MemberID,
        frame: Int,
        loaded: (MemberLookup, Int) -> Value?
    ) -> Value? {
        var frame = frame
        var passed = 0
        defer { steps &+= passed / 8 }
        guard steps <= limits.steps else { return nil }
        while frame >= 0 {
            let current = frames[frame]
            for watch in program.plans[current.plan].watches[id]?.reversed() ?? [] {
                passed &+= 1
                let value = slots[current.firstSlot + watch.slot]
                guard value >= 0 else { continue }
                return text.withByteView { text in
                    let lookup = MemberLookup(tape: tape, text: text, names: names)
                    return lookup.value(at: watch.rest[...], of: value, passing: &passed)
                        .flatMap { loaded(lookup, $0) }
                }
            }
            if let initial, current.initial >= 0,
                let value = initial.value(at: program.paths[id], of: current.initial, passing: &passed)
            {
                return loaded(initial, value)
            }
            frame = current.enclosing
        }
        return nil
    }

    private mutating func truth(_ id: FieldShape.MemberID, frame: Int) -> CInteger? {
        find(id, frame: frame) { lookup, node in lookup.truth(of: node) }
    }

    private mutating func counter(_ id: FieldShape.MemberID, frame: Int) throws(VMStateError) -> JSONInteger {
        let value = find(id, frame: frame) { JSONInteger($0.tape, $1, $0.text) }
        try spend(1)
        if let value { return value }
        if let constant = program.constants[id] { return JSONInteger(Int64(constant)) }
        if let constant = program.given[program.paths[id].text] {
            return JSONInteger(Int64(try ProgramBuilder.resolve(.symbol(constant), program.given)))
        }
        throw VMStateError(
            .countUnknown,
            at: position,
            expected: "member \"\(program.paths[id].text)\" in the stream before the field, or in initial",
            found: "none"
        )
    }

    // MARK: Elements

    private mutating func array(
        _ index: Int,
        plan: Int,
        count: Int,
        from base: Int,
        size: Int?,
        current: Int,
        frame: Int
    ) throws(VMStateError) {
        let step = program.steps[index]
        let firstByte = position
        if step.encoding == .unusedBuffer {
            try unused(count: count, size: size ?? 0)
            offsets?.record(container: firstByte, position, type: program.type(step, of: plan))
            return
        }
        let start = tape.open(.array)
        if step.kind != .structure, step.kind != .other, step.check == .none, !step.shape.isPointerArray,
            offsets == nil
        {
            try scalars(step.kind, count: count)
            return tape.close(start, count: count)
        }
        var known = -1
        if current >= 0 { try require(.array, "an array", of: current) }
        if let initial, current >= 0, initial.tape.tag(at: current) == .array { known = current + 2 }
        let knownEnd = known >= 0 ? initial?.tape.next(after: current) ?? known : known
        for element in 0..<count {
            do throws(VMStateError) {
                let first = position
                guard offsets?.isFull != true else {
                    throw VMStateError(
                        .limitExceeded,
                        at: position,
                        expected:
                            "a state of at most \(OffsetRecorder.maximumEntries) values, where their offsets are asked for"
                    )
                }
                offsets?.enter(index: base + element)
                try arrayElement(index, plan: plan, size: size, current: known, frame: frame)
                offsets?.leave()
                // Objects are counted where they are loaded.
                if position == first, step.child < 0 { try countEmptyElement() }
                if known >= 0, let initial {
                    known = initial.tape.next(after: known)
                    if known >= knownEnd { known = -1 }
                }
            } catch {
                throw error.under(String(base + element))
            }
        }
        tape.close(start, count: count)
        offsets?.record(container: firstByte, position, type: program.type(step, of: plan))
    }

    /// An element of an array, which may be NULL in an array of pointers.
    private mutating func arrayElement(
        _ index: Int,
        plan: Int,
        size: Int?,
        current: Int,
        frame: Int
    ) throws(VMStateError) {
        let step = program.steps[index]
        guard step.shape.isPointerArray else {
            return try element(index, plan: plan, size: size, current: current, frame: frame)
        }
        let isNull = current >= 0 && initial?.tape.tag(at: current) == .null
        let start = position
        if step.shape.isDynamic || isNull {
            let marker = try byte()
            guard marker == PointerMarker.null || (marker == PointerMarker.valid && step.shape.isDynamic) else {
                throw VMStateError(
                    .markerInvalid,
                    at: start,
                    expected: step.shape.isDynamic ? "a marker 0x30 or 0x31" : "a marker 0x30, the element is NULL",
                    found: "0x" + String(marker, radix: 16)
                )
            }
            if marker == PointerMarker.null {
                offsets?.record(start, position, type: "nullptr")
                return tape.append(.null)
            }
        }
        try element(
            index,
            plan: plan,
            size: size,
            current: step.shape.isDynamic ? -1 : current,
            frame: frame
        )
        if step.kind == .structure {
            // With the marker in front of it.
            offsets?.record(container: start, position, type: program.type(step, of: plan))
        }
    }

    private mutating func element(
        _ index: Int,
        plan: Int,
        size: Int?,
        current: Int,
        frame: Int
    ) throws(VMStateError) {
        let step = program.steps[index]
        let start = position
        switch step.kind {
        case .structure:
            try load(step.child, version: step.loadVersion, initial: current, enclosing: -1)
            compareSize(index, from: start)
            offsets?.record(container: start, position, type: program.type(step, of: plan))
        case .other:
            guard let encoding = step.encoding else { return }
            let node = tape.words.count
            try custom(encoding, step, size: size, current: current, frame: frame)
            if checksSizes, step.describedSize >= 0, position - start != step.describedSize {
                throw VMStateError(
                    .countMismatch,
                    at: start,
                    expected: "\(step.describedSize) bytes, as the vmdesc says",
                    found: "\(position - start)"
                )
            }
            if takesApart, takeApart(step, from: start, node: node) { return }
            if encoding.hasChild {
                offsets?.record(container: start, position, type: program.type(step, of: plan))
            } else {
                offsets?.record(start, position, type: program.type(step, of: plan))
            }
        default:
            let node = tape.words.count
            try scalar(step.kind)
            offsets?.record(start, position, type: program.type(step, of: plan))
            if step.check != .none { try check(step, node, current, plan: plan, start: start) }
        }
    }

    /// The checks of `… equal` and `int32 le` against the destination's own value, as far as it is known.
    private func check(
        _ step: Program.Step,
        _ node: Int,
        _ current: Int,
        plan: Int,
        start: Int
    ) throws(VMStateError) {
        let read = text.withByteView { JSONInteger(tape, node, $0) }
        guard let read else { return }
        let own = current >= 0 ? initial.flatMap { JSONInteger($0.tape, current, $0.text) } : nil
        if current >= 0, own == nil { try require(.int, "an integer", of: current) }
        if step.check == .equal {
            guard let own, own != read else { return }
            let hint = program.field(step, of: plan)?.errHint.map { " (\($0))" } ?? ""
            throw VMStateError(
                .equalMismatch,
                at: start,
                expected: own.description + hint,
                found: read.description
            )
        }
        let value = read.asInt64 ?? -1
        guard value >= 0, value <= own?.asInt64 ?? Int64(Int32.max) else {
            throw VMStateError(
                .valueOutOfRange,
                at: start,
                expected: "0 … \(own?.description ?? String(Int32.max))",
                found: read.description
            )
        }
    }
}

/// The bytes before the elements of an array of pointers: the characters `0` and `1`.
enum PointerMarker {
    static let null: UInt8 = 0x30
    static let valid: UInt8 = 0x31
}
