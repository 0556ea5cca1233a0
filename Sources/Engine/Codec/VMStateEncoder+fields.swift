// SPDX-License-Identifier: Apache-2.0

extension VMStateEncoder {
    /// Saves a field; `node` is its value in the state, -1 when there is none.
    @inline(never)
    mutating func field(_ index: Int, plan: Int, version: Int, frame: Int, node: Int) throws(VMStateError) {
        let step = program.steps[index]
        do throws(VMStateError) {
            guard try exists(step, version: version, frame: frame, isGiven: node >= 0) else {
                if step.mustExist { throw VMStateError(.mustExist, expected: "the field to exist") }
                return
            }
            let count = try step.shape.elementCount { (id) throws(VMStateError) in
                try counter(id, frame: frame)
            }
            let size = try step.shape.elementSize { (id) throws(VMStateError) in
                try counter(id, frame: frame)
            }
            if step.isAssertion { return }
            if step.encoding == .unusedBuffer { return try unused(index, plan, node, count: count, size: size ?? 0) }
            guard node >= 0 else { throw VMStateError(.stateMissingField, expected: "a value") }
            if step.shape.isSingle, !step.shape.isPointerArray {
                vmdesc?.open(program, index, plan)
                let start = output.count
                try element(step, node, size: size, frame: frame)
                vmdesc?.close(size: output.count - start)
            } else {
                try array(index, plan, node, count: count, size: size, frame: frame)
            }
        } catch {
            throw located(error, index, plan)
        }
    }

    private mutating func exists(
        _ step: Program.Step,
        version: Int,
        frame: Int,
        isGiven: Bool
    ) throws(VMStateError) -> Bool {
        guard step.predicate >= 0 else { return step.versionID <= version }
        return try truth(program.predicates[step.predicate], version: version, frame: frame)
            ?? (isGiven || step.isAssertion)
    }

    private mutating func array(
        _ index: Int,
        _ plan: Int,
        _ node: Int,
        count: Int,
        size: Int?,
        frame: Int
    ) throws(VMStateError) {
        let step = program.steps[index]
        if count == 0, step.isPointer, state.tape.tag(at: node) == .null { return }
        guard state.tape.tag(at: node) == .array else {
            throw typeMismatch("an array of \(count)", node)
        }
        guard state.tape.count(at: node) == count else {
            throw VMStateError(
                .countMismatch,
                expected: "\(count) elements",
                found: "\(state.tape.count(at: node))"
            )
        }
        _ = try elements(index, plan, from: node &+ 2, count: count, nulls: nulls(node, step), size: size, frame: frame)
    }

    /// Saves `count` elements from `node` on; returns the node behind them.
    ///
    /// `first` is the index of the first one, for errors.
    mutating func elements(
        _ index: Int,
        _ plan: Int,
        from node: Int,
        first: Int = 0,
        count: Int,
        nulls: [Bool],
        size: Int?,
        frame: Int
    ) throws(VMStateError) -> Int {
        let step = program.steps[index]
        var runs = vmdesc.map { _ in VMDescRuns(program, index, nulls: nulls) }
        var at = node
        for element in 0..<count {
            do throws(VMStateError) {
                if runs != nil {
                    try describedElement(index, plan, at, element, count: count, size: size, frame: frame, &runs)
                } else {
                    try arrayElement(step, at, size: size, frame: frame)
                }
            } catch {
                throw error.under(String(first + element))
            }
            at = state.tape.next(after: at)
        }
        return at
    }

    @inline(__always)
    private mutating func arrayElement(
        _ step: Program.Step,
        _ node: Int,
        size: Int?,
        frame: Int
    ) throws(VMStateError) {
        if step.shape.isPointerArray {
            if state.tape.tag(at: node) == .null { return try null(step) }
            if step.shape.isDynamic { output.append(PointerMarker.valid) }
        }
        if step.kind == .structure {
            try save(step.child, version: step.saveVersion, object: node, enclosing: -1)
        } else if step.kind == .other {
            try element(step, node, size: size, frame: frame)
        } else {
            try scalar(step.kind, node)
        }
    }

    mutating func null(_ step: Program.Step) throws(VMStateError) {
        guard step.shape.allowsNull else {
            throw VMStateError(
                .valueOutOfRange,
                expected: "a value: QEMU \(program.dialect.name) writes no marker with size 0",
                found: "null"
            )
        }
        output.append(PointerMarker.null)
    }

    mutating func element(_ step: Program.Step, _ node: Int, size: Int?, frame: Int) throws(VMStateError) {
        switch step.kind {
        case .structure: try save(step.child, version: step.saveVersion, object: node, enclosing: -1)
        case .other:
            guard let encoding = step.encoding else { return }
            try custom(encoding, step, node, size: size, frame: frame)
        default: try scalar(step.kind, node)
        }
    }

    /// Which elements are NULL, where that matters for the vmdesc.
    private func nulls(_ array: Int, _ step: Program.Step) -> [Bool] {
        guard step.shape.isPointerArray else { return [] }
        var at = array + 2
        return (0..<state.tape.count(at: array)).map { _ in
            defer { at = state.tape.next(after: at) }
            return state.tape.tag(at: at) == .null
        }
    }
}
