// SPDX-License-Identifier: Apache-2.0

/// The bytes of single values.
extension VMStateEncoder {
    @inline(__always)
    mutating func scalar(_ kind: Program.Step.Kind, _ node: Int) throws(VMStateError) {
        switch kind {
        case .uint8: output.append(UInt8(truncatingIfNeeded: try unsigned(node, UInt64(UInt8.max))))
        case .uint16: output.append(bigEndian: UInt16(truncatingIfNeeded: try unsigned(node, UInt64(UInt16.max))))
        case .uint32: output.append(bigEndian: UInt32(truncatingIfNeeded: try unsigned(node, UInt64(UInt32.max))))
        case .uint64: output.append(bigEndian: try unsigned(node, UInt64.max))
        case .int8: output.append(UInt8(truncatingIfNeeded: try signed(node, Int64(Int8.min), Int64(Int8.max))))
        case .int16:
            output.append(bigEndian: Int16(truncatingIfNeeded: try signed(node, Int64(Int16.min), Int64(Int16.max))))
        case .int32:
            output.append(bigEndian: Int32(truncatingIfNeeded: try signed(node, Int64(Int32.min), Int64(Int32.max))))
        case .int64: output.append(bigEndian: try signed(node, Int64.min, Int64.max))
        case .bool: output.append(try bool(node) ? 1 : 0)
        case .double: output.append(bigEndian: try double(node))
        case .structure, .other: break
        }
    }

    @inline(__always)
    private func unsigned(_ node: Int, _ maximum: UInt64) throws(VMStateError) -> UInt64 {
        guard let value = JSONInteger(state.tape, node, state.text), !value.isNegative, value.magnitude <= maximum
        else { throw notAnInteger(node, "0 … \(maximum)") }
        return value.magnitude
    }

    @inline(__always)
    private func signed(_ node: Int, _ minimum: Int64, _ maximum: Int64) throws(VMStateError) -> Int64 {
        guard let value = JSONInteger(state.tape, node, state.text)?.asInt64, value >= minimum, value <= maximum
        else { throw notAnInteger(node, "\(minimum) … \(maximum)") }
        return value
    }

    @inline(never)
    private func notAnInteger(_ node: Int, _ range: String) -> VMStateError {
        let isNumber = JSONInteger(state.tape, node, state.text) != nil || state.tape.tag(at: node) == .number
        return VMStateError(
            isNumber ? .valueOutOfRange : .valueTypeMismatch,
            expected: "an integer \(range)",
            found: describe(node)
        )
    }

    func bool(_ node: Int) throws(VMStateError) -> Bool {
        switch state.tape.tag(at: node) {
        case .true: return true
        case .false: return false
        case .number, .int, .int64, .uint64:
            if let value = JSONInteger(state.tape, node, state.text), value.magnitude <= 1, !value.isNegative {
                return value.magnitude == 1
            }
            throw VMStateError(.valueOutOfRange, expected: "true, false, 0 or 1", found: describe(node))
        default: throw typeMismatch("true, false, 0 or 1", node)
        }
    }

    /// The bits of a double: of a number, or given as `"0x"` and 16 digits.
    private func double(_ node: Int) throws(VMStateError) -> UInt64 {
        switch state.tape.tag(at: node) {
        case .double: return state.tape.words[node + 1]
        case .number, .int, .int64, .uint64:
            guard let value = number(node), value.isFinite else {
                throw VMStateError(.valueOutOfRange, expected: "a finite double", found: describe(node))
            }
            return value.bitPattern
        case .string, .escapedString:
            let text = JSONText.string(state.tape, node, state.text)
            if text.utf8.count == 18, text.hasPrefix("0x"), text.utf8.dropFirst(2).allSatisfy({ Hex.digit($0) != nil }),
                let bits = UInt64(text.dropFirst(2), radix: 16)
            {
                return bits
            }
            fallthrough
        default: throw typeMismatch("a number, or \"0x\" and 16 hexadecimal digits", node)
        }
    }

    private func number(_ node: Int) -> Double? {
        if state.tape.tag(at: node) == .number { return Double(JSONText.string(state.tape, node, state.text)) }
        return JSONInteger(state.tape, node, state.text).map {
            $0.isNegative ? -Double($0.magnitude) : Double($0.magnitude)
        }
    }

    // MARK: Bytes

    /// Appends a buffer of `size` bytes; nil: as long as it is.
    mutating func buffer(_ node: Int, size: Int?) throws(VMStateError) {
        try output.append(buffer: node, of: state.tape, text: state.text, bytes: bytes, size: size)
        guard !output.isOverLimit else { throw overLimit() }
    }

    func overLimit() -> VMStateError {
        VMStateError(.limitExceeded, expected: "at most \(limits.outputBytes) bytes")
    }

    /// Unused bytes: zeros, unless the state has what a stream had there.
    mutating func unused(_ index: Int, _ plan: Int, _ node: Int, count: Int, size: Int) throws(VMStateError) {
        let (length, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow, output.reserve(length) else { throw overLimit() }
        if vmdesc != nil { try describeUnused(index, plan, count: count, size: size) }
        if node < 0 {
            output.append(repeating: 0, count: length)
        } else if program.steps[index].shape.isSingle {
            try buffer(node, size: size)
        } else {
            guard state.tape.tag(at: node) == .array, state.tape.count(at: node) == count else {
                throw typeMismatch("an array of \(count) buffers", node)
            }
            var at = node + 2
            for element in 0..<count {
                do throws(VMStateError) {
                    try buffer(at, size: size)
                } catch {
                    throw error.under(String(element))
                }
                at = state.tape.next(after: at)
            }
        }
    }

    /// The entries of the vmdesc for unused bytes, as for the elements of any array.
    private mutating func describeUnused(_ index: Int, _ plan: Int, count: Int, size: Int) throws(VMStateError) {
        var runs = VMDescRuns(program, index, nulls: [])
        for element in 0..<count {
            let entry = runs.next(element, of: count)
            guard entry.isWritten else { return }
            guard vmdesc?.isOverLimit != true else { throw Self.vmdescIsTooLong }
            let isCompressible = runs.isCompressible
            vmdesc?.open(
                program,
                index,
                plan,
                count: isCompressible ? entry.maximum : nil,
                element: !isCompressible && entry.maximum > 1 ? element : nil
            )
            vmdesc?.close(size: size)
        }
    }

    // MARK: Infos

    /// An element of an info that is no scalar.
    mutating func custom(
        _ encoding: VMStateInfo.Encoding,
        _ step: Program.Step,
        _ node: Int,
        size: Int?,
        frame: Int
    ) throws(VMStateError) {
        switch encoding {
        case .bool, .integer, .double: break
        case .buffer, .unusedBuffer: try buffer(node, size: size ?? 0)
        case .bitmap: try bitmap(node, words: VMStateInfo.bitmapWords(bits: size ?? 0))
        case .nullPointer:
            guard state.tape.tag(at: node) == .null else { throw typeMismatch("null", node) }
            output.append(PointerMarker.null)
        case .pointerMarker:
            switch state.tape.tag(at: node) {
            case .null: output.append(PointerMarker.null)
            case .true: output.append(PointerMarker.valid)
            default: throw typeMismatch("null or true", node)
            }
        case .name:
            guard [.string, .escapedString].contains(state.tape.tag(at: node)) else {
                throw typeMismatch("a name", node)
            }
            let name = JSONText.unescaped(state.tape, node, state.text)
            guard name.count <= 255 else {
                throw VMStateError(.valueOutOfRange, expected: "at most 255 bytes", found: "\(name.count) bytes")
            }
            output.append(UInt8(name.count))
            output.append(contentsOf: name)
        case .byteArray: try counted(node)
        case .opaque:
            let size = size ?? encoding.fixedSize
            if step.layout >= 0 || step.child >= 0, isTakenApart(node) {
                try put(step, node, size: size)
            } else {
                try buffer(node, size: size)
            }
        case .tmp: try save(step.child, version: step.saveVersion, object: node, enclosing: frame)
        case .qtailq, .qlist: try queue(step, node)
        case .gtree: try tree(step, node)
        }
    }

    private mutating func bitmap(_ node: Int, words: Int) throws(VMStateError) {
        guard state.tape.tag(at: node) == .array else { throw typeMismatch("an array of \(words) words", node) }
        guard state.tape.count(at: node) == words else {
            throw VMStateError(
                .countMismatch,
                expected: "\(words) words",
                found: "\(state.tape.count(at: node))"
            )
        }
        try elements(node) { (encoder, element) throws(VMStateError) in try encoder.scalar(.uint64, element) }
    }

    /// A length of four bytes and so many bytes.
    private mutating func counted(_ node: Int) throws(VMStateError) {
        var content = ByteBuffer(limit: limits.outputBytes)
        swap(&content, &output)
        do throws(VMStateError) {
            try buffer(node, size: nil)
            swap(&content, &output)
        } catch {
            swap(&content, &output)
            throw error
        }
        let bytes = content.array()
        output.append(bigEndian: UInt32(truncatingIfNeeded: bytes.count))
        output.append(contentsOf: bytes)
    }

    private mutating func queue(_ step: Program.Step, _ node: Int) throws(VMStateError) {
        guard state.tape.tag(at: node) == .array else { throw typeMismatch("an array", node) }
        try elements(node) { (encoder, element) throws(VMStateError) in
            encoder.output.append(1)
            try encoder.save(step.child, version: step.saveVersion, object: element, enclosing: -1)
        }
        output.append(0)
    }

    private mutating func tree(_ step: Program.Step, _ node: Int) throws(VMStateError) {
        guard state.tape.tag(at: node) == .array else { throw typeMismatch("an array of keys and values", node) }
        output.append(bigEndian: UInt32(truncatingIfNeeded: state.tape.count(at: node)))
        try elements(node) { (encoder, element) throws(VMStateError) in
            try encoder.node(step, element)
        }
        output.append(0)
    }

    private mutating func node(_ step: Program.Step, _ node: Int) throws(VMStateError) {
        var parts: [String: Int] = [:]
        if state.tape.tag(at: node) == .object {
            var key = node + 2
            for _ in 0..<state.tape.count(at: node) {
                parts[JSONText.string(state.tape, key, state.text)] = state.tape.next(after: key)
                key = state.tape.next(after: state.tape.next(after: key))
            }
        }
        guard parts.count == 2, let key = parts["key"], let value = parts["value"] else {
            throw typeMismatch("an object of \"key\" and \"value\"", node)
        }
        output.append(1)
        do throws(VMStateError) {
            if step.keyChild >= 0 {
                let plan = program.plans[step.keyChild]
                try save(step.keyChild, version: plan.versionID, object: key, enclosing: -1)
            } else {
                try scalar(.uint64, key)
            }
        } catch {
            throw error.under("key")
        }
        do throws(VMStateError) {
            try save(step.child, version: step.saveVersion, object: value, enclosing: -1)
        } catch {
            throw error.under("value")
        }
    }

    private mutating func elements(
        _ array: Int,
        _ body: (inout VMStateEncoder, Int) throws(VMStateError) -> Void
    ) throws(VMStateError) {
        var at = array &+ 2
        for index in 0..<state.tape.count(at: array) {
            do throws(VMStateError) {
                try body(&self, at)
            } catch {
                throw error.under(String(index))
            }
            at = state.tape.next(after: at)
        }
    }
}

extension VMStateInfo.Encoding {
    /// The bytes of an opaque element of one length; nil where they follow from its content.
    var fixedSize: Int? {
        if case .opaque(.fixed(let size)) = self { size } else { nil }
    }
}
