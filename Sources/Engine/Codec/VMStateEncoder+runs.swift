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
        var misses = 0
        var at = steps.lowerBound
        while at < steps.upperBound {
            let node = find(program.steps[at].key, in: object, &misses)
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
        var index = steps.lowerBound
        while index < steps.upperBound {
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
                index += 1
                continue
            }
            let isMarker = step.encoding == .pointerMarker
            // Behind the marker of a pointer that is not NULL comes the element, which any other of the array describes.
            let target = isMarker && state.tape.tag(at: at) != .null ? pointee(steps, at: index, node: at) : nil
            if let target {
                vmdesc?.open(program, index, plan)
                output.append(PointerMarker.valid)
                vmdesc?.close(size: 1)
                try part(target, plan, at, first, frame: frame)
            } else {
                try part(index, plan, at, first, frame: frame)
            }
            at = state.tape.next(after: at)
            first += 1
            index += 1
            if isMarker, index < steps.upperBound, isPointee(index) { index += 1 }
        }
        guard first == total else {
            throw VMStateError(.countMismatch, expected: "\(first) elements", found: "\(total)")
        }
    }

    /// Whether a part is an element by itself, not the marker of a pointer.
    private func isPointee(_ index: Int) -> Bool {
        program.steps[index].shape.isSingle && program.steps[index].encoding != .pointerMarker
    }

    /// What describes the element behind a marker: the part that follows, or one of another element.
    private func pointee(_ steps: Range<Int>, at marker: Int, node: Int) -> Int? {
        let next = marker + 1
        if next < steps.upperBound, isPointee(next) { return next }
        // Without a description of the element there is the marker only, which is `true` in the state.
        return state.tape.tag(at: node) == .true ? nil : steps.first { isPointee($0) }
    }

    /// Saves the one element of a part.
    private mutating func part(
        _ index: Int,
        _ plan: Int,
        _ node: Int,
        _ element: Int,
        frame: Int
    ) throws(VMStateError) {
        let step = program.steps[index]
        let size = try step.shape.elementSize { (id) throws(VMStateError) in try counter(id, frame: frame) }
        vmdesc?.open(program, index, plan)
        let start = output.count
        do throws(VMStateError) {
            try self.element(step, node, size: size, frame: frame)
        } catch {
            throw error.under(String(element)).within(program.path(step, of: plan))
        }
        vmdesc?.close(size: output.count - start)
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
