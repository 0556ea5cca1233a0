// SPDX-License-Identifier: Apache-2.0

/// Which elements of an array get an entry in the vmdesc, and what it says: the rules of three generations of QEMU.
///
/// Source: QEMU migration/vmstate.c, vmstate_save_state_v() of 7.2, 10.0 and 11.1.
struct VMDescRuns {
    /// What is written for one element.
    struct Entry {
        /// `array_len` or `index`, when greater than 1.
        var maximum: Int
        var isMarker: Bool
        /// Whether anything is written at all.
        var isWritten: Bool
    }

    private let rule: Dialect.VMDescArrays
    let isCompressible: Bool
    private let isPointerArray: Bool
    private let isDynamic: Bool
    private let nulls: [Bool]
    private var isWriting = true
    private var wasNull = false

    init(_ program: Program, _ index: Int, nulls: [Bool]) {
        let step = program.steps[index]
        rule = program.dialect.vmdescArrays
        isCompressible = step.isCompressible
        isPointerArray = step.shape.isPointerArray
        isDynamic = step.shape.isDynamic
        self.nulls = nulls
    }

    /// The entry of the element at `index` of `count`, in order.
    mutating func next(_ index: Int, of count: Int) -> Entry {
        let isNull = isPointerArray && nulls[index]
        var maximum: Int
        switch rule {
        case .v7: maximum = count
        case .v10: maximum = count - index
        case .v11: maximum = isCompressible ? count - index : 1
        }
        if rule != .v7, isPointerArray, isNull != wasNull, rule == .v10 || maximum > 1 {
            wasNull = isNull
            isWriting = true
            if let end = nulls[(index + 1)...].firstIndex(of: !isNull) { maximum = end - index }
        }
        let isMarker = rule != .v7 && (isNull || (rule == .v11 && isDynamic))
        let entry = Entry(maximum: maximum, isMarker: isMarker, isWritten: isWriting)
        let ends = rule == .v11 ? maximum > 1 : isCompressible
        if ends { isWriting = false }
        return entry
    }
}

extension VMStateEncoder {
    static var vmdescIsTooLong: VMStateError {
        VMStateError(.limitExceeded, expected: "a vmdesc of at most \(VMDescWriter.limit) bytes")
    }

    /// Saves an element of an array with its entry in the vmdesc.
    mutating func describedElement(
        _ index: Int,
        _ plan: Int,
        _ node: Int,
        _ element: Int,
        count: Int,
        size: Int?,
        frame: Int,
        _ runs: inout VMDescRuns?
    ) throws(VMStateError) {
        guard vmdesc?.isOverLimit != true else { throw Self.vmdescIsTooLong }
        guard let entry = runs?.next(element, of: count), let isCompressible = runs?.isCompressible else { return }
        let step = program.steps[index]
        let isNull = step.shape.isPointerArray && state.tape.tag(at: node) == .null
        if !entry.isWritten { vmdesc?.mute() }
        // A marker is described as a field of its own, which can always be compressed.
        let usesLength = isCompressible || entry.isMarker
        vmdesc?.open(
            program,
            index,
            plan,
            count: usesLength ? entry.maximum : nil,
            element: !usesLength && entry.maximum > 1 ? element : nil,
            marker: entry.isMarker
        )
        let start = output.count
        if isNull {
            try null(step)
        } else if step.shape.isDynamic {
            output.append(PointerMarker.valid)
            if entry.isMarker {
                vmdesc?.close(size: 1)
                vmdesc?.open(program, index, plan)
            }
            let elementStart = output.count
            try self.element(step, node, size: size, frame: frame)
            vmdesc?.close(size: output.count - elementStart)
            if !entry.isWritten { vmdesc?.unmute() }
            return
        } else {
            try self.element(step, node, size: size, frame: frame)
        }
        vmdesc?.close(size: output.count - start)
        if !entry.isWritten { vmdesc?.unmute() }
    }
}
