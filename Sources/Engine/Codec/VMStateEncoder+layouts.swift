// SPDX-License-Identifier: Apache-2.0

/// Elements of infos that are given taken apart.
extension VMStateEncoder {
    /// Whether a value is something else than bytes, as hex or base64.
    func isTakenApart(_ node: Int) -> Bool {
        switch state.tape.tag(at: node) {
        case .bytes, .string, .escapedString: false
        case .object:
            state.tape.count(at: node) != 1 || JSONText.string(state.tape, node + 2, state.text) != "base64"
        default: true
        }
    }

    /// Writes an element.
    ///
    /// Its length must be `size`; where a vmdesc only says what one stream had, a list in a single element may have become longer
    /// or shorter.
    mutating func put(_ step: Program.Step, _ node: Int, size: Int?) throws(VMStateError) {
        let start = output.count
        let layout = step.layout >= 0 ? program.layouts[step.layout] : nil
        let isFree = size == nil || (program.isVMDesc && step.shape.isSingle && layout?.isVariable != false)
        var facts = Layout.Facts()
        if let layout, let size, !isFree {
            guard let layout = layout.layout(size: size, &facts) else {
                throw typeMismatch("hexadecimal digits: no layout of \(size) bytes is known", node)
            }
            try write(layout, node, &facts)
        } else if let layout {
            try write(layout.layout, node, &facts)
        } else {
            try save(step.child, version: step.saveVersion, object: node, enclosing: -1)
        }
        guard !output.isOverLimit else { throw overLimit() }
        guard !isFree, let size, output.count - start != size else { return }
        throw VMStateError(.valueOutOfRange, expected: "\(size) bytes", found: "\(output.count - start) bytes")
    }

    // MARK: Layouts

    private mutating func write(
        _ layout: Layout,
        _ node: Int,
        _ facts: inout Layout.Facts
    ) throws(VMStateError) {
        switch layout {
        case .integer(let integer): try write(integer, node, &facts)
        case .flag(let no, let yes, let fact):
            let truth = try bool(node)
            if let fact { facts[fact] = truth ? 1 : 0 }
            output.append(truth ? yes : no)
        case .bytes(let amount): try buffer(node, size: try count(amount, facts))
        case .array(let element, let amount):
            let count = try count(amount, facts)
            try array(node, count.map { $0...$0 } ?? 0...Int.max)
            // Without the size of the field, the state says how many vectors there are.
            if count == nil { facts[.entries] = UInt64(state.tape.count(at: node)) }
            try elements(of: node, element, &facts)
        case .padded(let element, let count):
            try array(node, 0...count)
            try elements(of: node, element, &facts)
            output.append(repeating: 0, count: (count - state.tape.count(at: node)) * (element.fixedSize ?? 0))
        case .counted(let width, let element, let maximum, let fact):
            try array(node, 0...maximum)
            let count = state.tape.count(at: node)
            if let fact { facts[fact] = UInt64(count) }
            append(length: count, width: width)
            try elements(of: node, element, &facts)
        case .measured(let width):
            let start = output.count
            append(length: 0, width: width)
            try buffer(node, size: nil)
            let content = output.bytes(from: start + width)
            output.truncate(to: start)
            append(length: content.count, width: width)
            output.append(contentsOf: content)
        case .terminated(let width, let element):
            try array(node, 0...Int.max)
            try terminated(node, element, width: width, &facts)
        case .record(let members): try record(members, node, &facts)
        case .oneOf(let layouts): try first(of: layouts, node, &facts)
        }
    }

    private mutating func write(
        _ integer: Layout.Integer,
        _ node: Int,
        _ facts: inout Layout.Facts
    ) throws(VMStateError) {
        let bits = 8 * integer.width
        let value = JSONInteger(state.tape, node, state.text)
        let maximum = UInt64.max >> UInt64(64 - bits + (integer.isSigned ? 1 : 0))
        let range = integer.range ?? 0...maximum
        // −2^63 to 2^63 − 1, by the magnitude without the sign's own bit.
        let isInside =
            value.map {
                $0.isNegative ? integer.isSigned && $0.magnitude - 1 <= maximum : range.contains($0.magnitude)
            } ?? false
        guard let value, isInside else {
            let isNumber = value != nil || state.tape.tag(at: node) == .number
            let least = integer.isSigned ? "-\(maximum + 1)" : String(range.lowerBound)
            throw VMStateError(
                isNumber ? .valueOutOfRange : .valueTypeMismatch,
                expected: "an integer \(least) … \(range.upperBound)",
                found: describe(node)
            )
        }
        let word = value.isNegative ? 0 &- value.magnitude : value.magnitude
        if let fact = integer.fact { facts[fact] = word }
        for index in 0..<integer.width {
            let place = integer.isLittleEndian ? index : integer.width - 1 - index
            output.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * place)))
        }
    }

    private func count(_ amount: Layout.Amount, _ facts: Layout.Facts) throws(VMStateError) -> Int? {
        switch amount {
        case .fixed(let count): return count
        case .rest: return nil
        case .known(let count):
            let count = count(facts)
            guard let count, count < 0 else { return count }
            throw VMStateError(.valueOutOfRange, expected: "a size that can be", found: "a larger one")
        }
    }

    private mutating func append(length: Int, width: Int) {
        for index in 0..<width { output.append(UInt8(truncatingIfNeeded: length >> (8 * (width - 1 - index)))) }
    }

    // MARK: Arrays

    private func array(_ node: Int, _ range: ClosedRange<Int>) throws(VMStateError) {
        guard state.tape.tag(at: node) == .array else { throw typeMismatch("an array", node) }
        let count = state.tape.count(at: node)
        guard !range.contains(count) else { return }
        throw VMStateError(
            .countMismatch,
            expected: range.count == 1 ? "\(range.lowerBound) elements" : "at most \(range.upperBound) elements",
            found: String(count)
        )
    }

    private mutating func elements(
        of array: Int,
        _ element: Layout,
        _ facts: inout Layout.Facts
    ) throws(VMStateError) {
        var at = array + 2
        for index in 0..<state.tape.count(at: array) {
            do throws(VMStateError) {
                try write(element, at, &facts)
            } catch {
                throw error.under(String(index))
            }
            at = state.tape.next(after: at)
        }
    }

    private mutating func terminated(
        _ array: Int,
        _ element: Layout,
        width: Int,
        _ facts: inout Layout.Facts
    ) throws(VMStateError) {
        var at = array + 2
        for index in 0..<state.tape.count(at: array) {
            do throws(VMStateError) {
                let start = output.count
                try write(element, at, &facts)
                guard !output.isOverLimit else { throw overLimit() }
                guard output.bytes(from: start, limit: width).contains(where: { $0 != 0 }) else {
                    throw VMStateError(
                        .valueOutOfRange,
                        expected: "an element whose first \(width) bytes are not all zero: they end the list",
                        found: describe(at)
                    )
                }
            } catch {
                throw error.under(String(index))
            }
            at = state.tape.next(after: at)
        }
        output.append(repeating: 0, count: width)
    }

    /// The first layout that the state fits; else the error of the one that it fits furthest.
    private mutating func first(
        of layouts: [Layout],
        _ node: Int,
        _ facts: inout Layout.Facts
    ) throws(VMStateError) {
        let start = output.count
        let before = facts
        var furthest: VMStateError?
        for layout in layouts {
            do throws(VMStateError) {
                return try write(layout, node, &facts)
            } catch {
                if error.code == .limitExceeded { throw error }
                let depth = furthest?.statePath?.tokens.count ?? 0
                if furthest == nil || error.statePath?.tokens.count ?? 0 > depth { furthest = error }
                output.truncate(to: start)
                facts = before
            }
        }
        throw furthest ?? typeMismatch("hexadecimal digits", node)
    }

    // MARK: Records

    private mutating func record(
        _ members: [Layout.Member],
        _ node: Int,
        _ facts: inout Layout.Facts
    ) throws(VMStateError) {
        guard state.tape.tag(at: node) == .object else { throw typeMismatch("an object", node) }
        var values: [String: Int] = [:]
        var key = node + 2
        for _ in 0..<state.tape.count(at: node) {
            let value = state.tape.next(after: key)
            values[JSONText.string(state.tape, key, state.text)] = value
            key = state.tape.next(after: value)
        }
        let start = output.count
        var used: Set<String> = []
        for member in members {
            switch member {
            case .value(let name, let layout):
                used.insert(name)
                try self.member(name, layout, values[name], &facts)
            case .when(let name, let layout, let isThere):
                guard isThere(facts) else { continue }
                used.insert(name)
                try self.member(name, layout, values[name], &facts)
            case .length(let name, let width):
                let count = values[name].map { length(of: $0) } ?? 0
                let maximum = 1 << (8 * width) - 1
                guard count <= maximum else {
                    throw VMStateError(.valueOutOfRange, expected: "at most \(maximum)", found: String(count))
                        .under(name)
                }
                facts[.length] = UInt64(count)
                append(length: count, width: width)
            case .constant(let bytes): output.append(contentsOf: bytes)
            case .note(let note):
                guard !output.isOverLimit else { throw overLimit() }
                guard note(output.bytes(from: start), &facts) else {
                    throw typeMismatch("an element that can be taken apart again", node)
                }
            case .sections(let sections):
                for section in sections {
                    guard let value = values[section.name] else { continue }
                    used.insert(section.name)
                    output.append(contentsOf: section.header)
                    try self.member(section.name, section.layout, value, &facts)
                }
            case .before(_, let name, let layout):
                guard let value = values[name] else { continue }
                used.insert(name)
                try self.member(name, layout, value, &facts)
            }
        }
        guard let other = values.keys.filter({ !used.contains($0) }).min() else { return }
        throw VMStateError(
            .stateUnknownMember,
            expected: "one of " + used.sorted().joined(separator: ", "),
            found: "\"\(other)\"",
            statePath: JSONPointer([other])
        )
    }

    private mutating func member(
        _ name: String,
        _ layout: Layout,
        _ value: Int?,
        _ facts: inout Layout.Facts
    ) throws(VMStateError) {
        guard let value else {
            throw VMStateError(.stateMissingField, expected: "a value", statePath: JSONPointer([name]))
        }
        do throws(VMStateError) {
            try write(layout, value, &facts)
        } catch {
            throw error.under(name)
        }
    }

    /// How many bytes or elements a value has; 0 where it is neither, which fails when it is written.
    private mutating func length(of node: Int) -> Int {
        switch state.tape.tag(at: node) {
        case .array: return state.tape.count(at: node)
        case .bytes: return state.tape.reference(at: node).length
        case .string: return state.tape.reference(at: node).length / 2
        default:
            // Base64: what it stands for is known once it is written.
            let start = output.count
            do throws(VMStateError) {
                try buffer(node, size: nil)
            } catch {
                output.truncate(to: start)
                return 0
            }
            let length = output.count - start
            output.truncate(to: start)
            return length
        }
    }
}
