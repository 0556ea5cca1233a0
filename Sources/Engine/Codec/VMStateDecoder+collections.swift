// SPDX-License-Identifier: Apache-2.0

/// Queues and trees: elements that announce themselves.
extension VMStateDecoder {
    /// `qtailq`, `qlist`: each element after a byte that is not zero.
    ///
    /// New elements come behind those that the destination has; in a `qlist` the first goes to the head and the others
    /// after it.
    ///
    /// Source: QEMU migration/vmstate-types.c, get_qtailq() and get_qlist().
    mutating func queue(_ step: Program.Step, isList: Bool, current: Int) throws(VMStateError) {
        try checkVersion(step.loadVersion, of: step.child)
        let start = tape.open(.array)
        var count = 0
        if !isList { try keepElements(current, count: &count) }
        while try byte() != 0 {
            do {
                let mark = position - 1
                offsets?.enter(index: count)
                try load(step.child, version: step.loadVersion, initial: -1, enclosing: -1)
                offsets?.record(container: mark, position, type: "struct")
                offsets?.leave()
            } catch {
                throw error.under(String(count))
            }
            count += 1
        }
        if isList { try keepElements(current, count: &count) }
        tape.close(start, count: count)
    }

    private mutating func keepElements(_ array: Int, count: inout Int) throws(VMStateError) {
        guard let initial, array >= 0 else { return }
        try require(.array, "an array", of: array)
        guard initial.tape.tag(at: array) == .array else { return }
        var at = array + 2
        for _ in 0..<initial.tape.count(at: array) {
            try copy(at)
            count += 1
            at = initial.tape.next(after: at)
        }
    }

    /// `gtree`: a count, then each node after a byte that is not zero: key and value.
    ///
    /// Source: QEMU migration/vmstate-types.c, get_gtree().
    mutating func tree(_ step: Program.Step) throws(VMStateError) {
        try checkVersion(step.loadVersion, of: step.child)
        if step.keyChild >= 0 { try checkVersion(step.loadVersion, of: step.keyChild) }
        let first = position
        let announced = Int(input.bigEndian(UInt32.self, at: try take(4)))
        let start = tape.open(.array)
        var count = 0
        while try byte() != 0 {
            guard count < announced else { throw countMismatch(announced, "more", at: first) }
            do {
                let mark = position - 1
                offsets?.enter(index: count)
                try node(step)
                offsets?.record(container: mark, position, type: "node")
                offsets?.leave()
            } catch {
                throw error.under(String(count))
            }
            count += 1
        }
        guard count == announced else { throw countMismatch(announced, String(count), at: first) }
        tape.close(start, count: count)
    }

    private mutating func node(_ step: Program.Step) throws(VMStateError) {
        let object = tape.open(.object)
        append(key: "key")
        if step.keyChild >= 0 {
            try under("key") { (decoder) throws(VMStateError) in
                try decoder.load(step.keyChild, version: step.loadVersion, initial: -1, enclosing: -1)
            }
        } else {
            try under("key") { (decoder) throws(VMStateError) in
                let start = decoder.position
                try decoder.scalar(.uint64)
                decoder.offsets?.record(start, decoder.position, type: "uint64")
            }
        }
        append(key: "value")
        try under("value") { (decoder) throws(VMStateError) in
            try decoder.load(step.child, version: step.loadVersion, initial: -1, enclosing: -1)
        }
        tape.close(object, count: 2)
    }

    private mutating func append(key: String) {
        tape.append(.string, offset: text.count, length: key.utf8.count)
        text += Array(key.utf8)
    }

    private mutating func under(
        _ token: String,
        _ body: (inout VMStateDecoder) throws(VMStateError) -> Void
    ) throws(VMStateError) {
        do {
            offsets?.enter(token: token)
            try body(&self)
            offsets?.leave()
        } catch {
            throw error.under(token)
        }
    }

    private func countMismatch(_ announced: Int, _ found: String, at offset: Int) -> VMStateError {
        VMStateError(.countMismatch, at: offset, expected: "\(announced) nodes, as announced", found: found)
    }

    /// The field's version must be one of the child's before any element is read.
    private func checkVersion(_ version: Int, of child: Int) throws(VMStateError) {
        let plan = program.plans[child]
        guard version > plan.versionID || version < plan.minimumVersionID else { return }
        throw VMStateError(
            version > plan.versionID ? .versionTooNew : .versionTooOld,
            at: position,
            expected: "version \(plan.minimumVersionID) … \(plan.versionID) of \"\(program.descriptions[child].name)\"",
            found: "the field's version \(version)"
        )
    }
}
