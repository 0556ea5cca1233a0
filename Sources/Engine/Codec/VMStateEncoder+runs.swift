// SPDX-License-Identifier: Apache-2.0

/// Arrays that a vmdesc describes in several parts.
extension VMStateEncoder {
    /// Saves fields of which some are parts of one array; returns how many members there were for them.
    mutating func saveRuns(
        _ plan: Int,
        version: Int,
        frame: Int,
        object: Int
    ) throws(VMStateError) -> Int {
        let steps = program.plans[plan].steps
        var used = 0
        var at = steps.lowerBound
        while at < steps.upperBound {
            let node = find(program.steps[at].key, in: object)
            if node >= 0 { used &+= 1 }
            if program.steps[at].run == .none {
                try field(at, plan: plan, version: version, frame: frame, node: node)
                at += 1
                continue
            }
            var end = at + 1
            while end < steps.upperBound, program.steps[end].run == .next { end += 1 }
            do throws(VMStateError) {
                try parts(at..<end, plan, node, frame: frame)
            } catch {
                throw located(error, at, plan)
            }
            at = end
        }
        return used
    }

    private mutating func parts(_ steps: Range<Int>, _ plan: Int, _ node: Int, frame: Int) throws(VMStateError) {
        guard node >= 0 else { throw VMStateError(.stateMissingField, expected: "a value") }
        guard state.tape.tag(at: node) == .array else { throw typeMismatch("an array", node) }
        let total = state.tape.count(at: node)
        var at = node &+ 2
        var first = 0
        for index in steps {
            let step = program.steps[index]
            let count = step.shape.isSingle ? 1 : try count(step, frame: frame)
            guard first + count <= total else { throw tooFew(steps, total, frame: frame) }
            let size = try step.shape.elementSize { (id) throws(VMStateError) in try counter(id, frame: frame) }
            guard step.shape.isSingle else {
                at = try elements(
                    index,
                    plan,
                    from: at,
                    first: first,
                    count: count,
                    nulls: [],
                    size: size,
                    frame: frame
                )
                first += count
                continue
            }
            vmdesc?.open(program, index, plan)
            let start = output.count
            // The marker of a pointer that is not NULL: the part behind it is the element.
            if step.encoding == .pointerMarker, state.tape.tag(at: at) != .null, index + 1 < steps.upperBound,
                program.steps[index + 1].encoding != .pointerMarker
            {
                output.append(PointerMarker.valid)
            } else {
                do throws(VMStateError) {
                    try element(step, at, size: size, frame: frame)
                } catch {
                    throw error.under(String(first)).within(program.path(step, of: plan))
                }
                at = state.tape.next(after: at)
                first += 1
            }
            vmdesc?.close(size: output.count - start)
        }
        guard first == total else {
            throw VMStateError(.countMismatch, expected: "\(first) elements", found: "\(total)")
        }
    }

    private mutating func count(_ step: Program.Step, frame: Int) throws(VMStateError) -> Int {
        try step.shape.elementCount { (id) throws(VMStateError) in try counter(id, frame: frame) }
    }

    private mutating func tooFew(_ steps: Range<Int>, _ total: Int, frame: Int) -> VMStateError {
        var sum = 0
        for index in steps {
            let step = program.steps[index]
            sum += step.shape.isSingle ? 1 : (try? count(step, frame: frame)) ?? 0
        }
        return VMStateError(.countMismatch, expected: "\(sum) elements", found: "\(total)")
    }
}
