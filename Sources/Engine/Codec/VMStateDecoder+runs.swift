// SPDX-License-Identifier: Apache-2.0

/// Arrays that a vmdesc describes in several parts: elements of different layout, and NULL among pointers.
extension VMStateDecoder {
    /// Loads fields of which some are parts of one array.
    mutating func loadRuns(
        _ plan: Int,
        version: Int,
        frame: Int,
        initial: Int,
        count: inout Int
    ) throws(VMStateError) {
        let steps = program.plans[plan].steps
        var at = steps.lowerBound
        while at < steps.upperBound {
            let step = program.steps[at]
            let key = step.key
            let start = tape.words.count
            tape.append(key.tag, offset: key.offset, length: key.length)
            if step.run == .none {
                if try field(at, plan: plan, version: version, frame: frame, initial: initial) {
                    count &+= 1
                } else {
                    tape.words.removeSubrange(start...)
                }
                at += 1
                continue
            }
            var end = at + 1
            while end < steps.upperBound, program.steps[end].run == .next { end += 1 }
            try parts(at..<end, plan: plan, version: version, frame: frame, initial: initial)
            count &+= 1
            at = end
        }
    }

    private mutating func parts(
        _ steps: Range<Int>,
        plan: Int,
        version: Int,
        frame: Int,
        initial: Int
    ) throws(VMStateError) {
        let array = tape.open(.array)
        var elements = 0
        for index in steps {
            let value = tape.words.count
            let first = position
            guard try field(index, plan: plan, version: version, frame: frame, initial: -1, element: elements) else {
                continue
            }
            let step = program.steps[index]
            if step.shape.isSingle {
                // The marker of a pointer that is not NULL: the part behind it is the element.
                let isMarker = step.encoding == .pointerMarker && input[first] == PointerMarker.valid
                if isMarker, index + 1 < steps.upperBound, program.steps[index + 1].encoding != .pointerMarker {
                    tape.words.removeSubrange(value...)
                } else {
                    elements += 1
                }
            } else {
                elements += tape.count(at: value)
                tape.words.removeSubrange(value..<value + 2)
            }
        }
        tape.close(array, count: elements)
    }
}
