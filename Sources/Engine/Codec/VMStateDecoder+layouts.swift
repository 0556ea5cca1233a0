// SPDX-License-Identifier: Apache-2.0

/// Elements of infos whose inside is known.
extension VMStateDecoder {
    /// What is known while an element is read.
    private struct Scope {
        var facts = Layout.Facts()
        /// The end of the region: of the element, or of a part of it.
        var end: Int
    }

    /// Where a layout began, to go back to when it does not fit.
    private struct Mark {
        let position: Int
        let words: Int
        let offsets: OffsetRecorder.Mark?
    }

    private var mark: Mark { Mark(position: position, words: tape.words.count, offsets: offsets?.mark) }

    private mutating func rewind(_ mark: Mark) {
        position = mark.position
        tape.words.removeSubrange(mark.words...)
        if let offsets = mark.offsets { self.offsets?.rewind(offsets) }
    }

    /// Puts the value of an element in the place of its bytes, which were just read and are the last node.
    ///
    /// - Returns: whether the bytes have the layout; otherwise they stay.
    mutating func takeApart(_ step: Program.Step, from start: Int, node: Int) -> Bool {
        guard case .opaque? = step.encoding, start < position, step.layout >= 0 || step.child >= 0 else { return false }
        let end = position
        let bytes = Array(tape.words[node...])
        tape.words.removeSubrange(node...)
        position = start
        let mark = mark
        if step.layout >= 0 {
            var scope = Scope(end: end)
            if let layout = program.layouts[step.layout].layout(size: end - start, &scope.facts),
                read(layout, &scope), position == end
            {
                return true
            }
        } else if loadDescribed(step), position == end {
            return true
        }
        rewind(mark)
        position = end
        tape.words += bytes
        return false
    }

    /// Reads an element by the description that the vmdesc has beside its type.
    private mutating func loadDescribed(_ step: Program.Step) -> Bool {
        let frameCount = frames.count
        let slotCount = slots.count
        do {
            try load(step.child, version: step.loadVersion, initial: -1, enclosing: -1)
            return true
        } catch {
            frames.removeSubrange(frameCount...)
            slots.removeSubrange(slotCount...)
            return false
        }
    }

    // MARK: Layouts

    private mutating func read(_ layout: Layout, _ scope: inout Scope) -> Bool {
        guard tape.words.count <= limits.stateWords else { return false }
        switch layout {
        case .integer(let integer): return read(integer, &scope)
        case .flag(let no, let yes, let fact):
            guard position < scope.end, [no, yes].contains(input[position]) else { return false }
            let isTrue = input[position] == yes
            if let fact { scope.facts[fact] = isTrue ? 1 : 0 }
            tape.append(isTrue ? .true : .false)
            return leaf(1)
        case .bytes(let amount):
            guard let length = count(amount, scope), length >= 0 else { return false }
            return bytes(length, scope)
        case .array(let element, let amount):
            guard let count = count(amount, scope), count >= 0 else { return false }
            return array(element, count: count, &scope)
        case .padded(let element, let count): return padded(element, count: count, &scope)
        case .counted(let width, let element, let maximum, let fact):
            guard let count = length(width: width, scope), count <= maximum else { return false }
            if let fact { scope.facts[fact] = UInt64(count) }
            return array(element, count: count, &scope)
        case .measured(let width):
            guard let count = length(width: width, scope) else { return false }
            return bytes(count, scope)
        case .terminated(let width, let element): return terminated(element, width: width, &scope)
        case .record(let members): return record(members, &scope)
        case .oneOf(let layouts):
            let mark = mark
            let facts = scope.facts
            for layout in layouts {
                if read(layout, &scope), position == scope.end { return true }
                rewind(mark)
                scope.facts = facts
            }
            return false
        }
    }

    /// Goes on behind a leaf.
    private mutating func leaf(_ length: Int) -> Bool {
        offsets?.record(position, position + length)
        position += length
        return true
    }

    private mutating func read(_ integer: Layout.Integer, _ scope: inout Scope) -> Bool {
        guard integer.width <= scope.end - position else { return false }
        var value: UInt64 = 0
        for index in 0..<integer.width {
            let byte = input[position + (integer.isLittleEndian ? integer.width - 1 - index : index)]
            value = value << 8 | UInt64(byte)
        }
        if let range = integer.range, !range.contains(value) { return false }
        if let fact = integer.fact { scope.facts[fact] = value }
        switch (integer.width, integer.isSigned) {
        case (8, let isSigned): tape.append(isSigned ? .int64 : .uint64, wide: value)
        case (4, true): tape.append(int: Int64(Int32(truncatingIfNeeded: value)))
        default: tape.append(int: Int64(truncatingIfNeeded: value))
        }
        return leaf(integer.width)
    }

    private func count(_ amount: Layout.Amount, _ scope: Scope) -> Int? {
        switch amount {
        case .fixed(let count): count
        case .rest: scope.end - position
        case .known(let count): count(scope.facts)
        }
    }

    private mutating func bytes(_ length: Int, _ scope: Scope) -> Bool {
        guard length <= scope.end - position else { return false }
        tape.append(.bytes, offset: position, length: length)
        return leaf(length)
    }

    /// A length or a count in front of what it counts.
    private mutating func length(width: Int, _ scope: Scope) -> Int? {
        guard width <= scope.end - position else { return nil }
        var value: UInt64 = 0
        for index in 0..<width { value = value << 8 | UInt64(input[position + index]) }
        position += width
        return Int(exactly: value)
    }

    // MARK: Arrays

    private mutating func array(_ element: Layout, count: Int, _ scope: inout Scope) -> Bool {
        // Every element takes a byte, so a count that is too large ends here or at the end of the region.
        guard count <= scope.end - position else { return false }
        let start = tape.open(.array)
        for index in 0..<count {
            guard self.element(element, index, &scope) else { return false }
        }
        tape.close(start, count: count)
        return true
    }

    private mutating func element(_ layout: Layout, _ index: Int, _ scope: inout Scope) -> Bool {
        offsets?.enter(index: index)
        guard read(layout, &scope) else { return false }
        offsets?.leave()
        return true
    }

    private mutating func padded(_ element: Layout, count: Int, _ scope: inout Scope) -> Bool {
        guard let size = element.fixedSize, count * size <= scope.end - position else { return false }
        let end = position + count * size
        let last = input.lastNonZero(in: position..<end)
        guard array(element, count: last.map { ($0 - position) / size + 1 } ?? 0, &scope) else { return false }
        position = end
        return true
    }

    private mutating func terminated(_ element: Layout, width: Int, _ scope: inout Scope) -> Bool {
        let start = tape.open(.array)
        var count = 0
        while width <= scope.end - position {
            if (position..<position + width).allSatisfy({ input[$0] == 0 }) {
                position += width
                tape.close(start, count: count)
                return true
            }
            guard self.element(element, count, &scope) else { return false }
            count += 1
        }
        return false
    }

    // MARK: Records

    private mutating func record(_ members: [Layout.Member], _ scope: inout Scope) -> Bool {
        let first = position
        let object = tape.open(.object)
        var count = 0
        for member in members {
            switch member {
            case .value(let name, let layout):
                guard self.member(name, layout, &scope) else { return false }
                count += 1
            case .when(let name, let layout, let isThere):
                guard isThere(scope.facts) else { continue }
                guard self.member(name, layout, &scope) else { return false }
                count += 1
            case .length(_, let width):
                guard let length = length(width: width, scope) else { return false }
                scope.facts[.length] = UInt64(length)
            case .constant(let bytes):
                guard matches(bytes, at: position, scope.end) else { return false }
                position += bytes.count
            case .note(let note):
                guard note(input.array(first..<position), &scope.facts) else { return false }
            case .sections(let sections):
                for section in sections where matches(section.header, at: position, scope.end) {
                    position += section.header.count
                    guard self.member(section.name, section.layout, &scope) else { return false }
                    count += 1
                }
            case .before(let sections, let name, let layout):
                let end = scope.end
                scope.end = start(of: sections, in: position..<end)
                if position < scope.end {
                    guard self.member(name, layout, &scope), position == scope.end else { return false }
                    count += 1
                }
                scope.end = end
            }
        }
        tape.close(object, count: count)
        return true
    }

    private mutating func member(_ name: String, _ layout: Layout, _ scope: inout Scope) -> Bool {
        let offset = layoutNames[name] ?? text.count
        if offset == text.count {
            text += Array(name.utf8)
            layoutNames[name] = offset
        }
        tape.append(.string, offset: offset, length: name.utf8.count)
        offsets?.enter(token: name)
        guard read(layout, &scope) else { return false }
        offsets?.leave()
        return true
    }

    private func matches(_ bytes: [UInt8], at start: Int, _ end: Int) -> Bool {
        bytes.count <= end - start && bytes.indices.allSatisfy { input[start + $0] == bytes[$0] }
    }

    // MARK: Subsections

    /// Where subsections begin that go on to the end, which is where there are none; only their headers are looked at.
    private func start(of sections: [Layout.Section], in range: Range<Int>) -> Int {
        var at = range.lowerBound
        while let start = input.first(Self.subsectionMark, in: at..<range.upperBound) {
            if skip(sections, from: start, range.upperBound) == range.upperBound { return start }
            at = start + 1
        }
        return range.upperBound
    }

    private func skip(_ sections: [Layout.Section], from start: Int, _ end: Int) -> Int? {
        var at = start
        for section in sections where matches(section.header, at: at, end) {
            guard let next = skip(section.layout, from: at + section.header.count, end) else { return nil }
            at = next
        }
        return at
    }

    private func skip(_ layout: Layout, from start: Int, _ end: Int) -> Int? {
        if let size = layout.fixedSize { return size <= end - start ? start + size : nil }
        guard case .record(let members) = layout else { return nil }
        var at = start
        for member in members {
            switch member {
            case .sections(let sections):
                guard let next = skip(sections, from: at, end) else { return nil }
                at = next
            case .value(_, let layout):
                guard let next = skip(layout, from: at, end) else { return nil }
                at = next
            default: return nil
            }
        }
        return at
    }
}
