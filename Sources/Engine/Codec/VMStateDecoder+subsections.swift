// SPDX-License-Identifier: Apache-2.0

extension VMStateDecoder {
    /// The byte that announces a subsection: QEMU_VM_SUBSECTION.
    static let subsectionMark: UInt8 = 0x05

    /// Loads the subsections behind the last field of any description, in any order.
    ///
    /// A byte 0x05 is only taken for one when a name follows that begins with the description's own; everything else is left to
    /// the enclosing description. Only the low 8 bits of the version count.
    /// Source: QEMU migration/vmstate.c, vmstate_subsection_load().
    mutating func loadSubsections(
        _ plan: Int,
        frame: Int,
        initial: Int,
        object: Int,
        count: inout Int
    ) throws(VMStateError) {
        let own = program.plans[plan].name
        while position &+ 2 <= input.count, input[position] == Self.subsectionMark {
            let length = Int(input[position &+ 1])
            let name = position &+ 2
            guard length > own.count, length <= input.count &- name,
                input.matches(name, names, own.lowerBound, length: own.count)
            else { return }
            let subsections = program.plans[plan].subsections
            // It is looked for among all, and its member among those that came.
            try spend(1 &+ (subsections.count &+ count) / 8)
            guard
                let subsection = subsections.first(where: {
                    $0.key.plain.count == length
                        && input.matches(name, names, $0.key.plain.lowerBound, length: length)
                })
            else {
                throw VMStateError(
                    .subsectionUnknown,
                    at: position,
                    expected: subsections.isEmpty
                        ? "no subsection of \"\(program.descriptions[plan].name)\""
                        : "one of "
                            + subsections.map { "\"\(program.descriptions[$0.id].name)\"" }.joined(separator: ", "),
                    found: "\"\(String(decoding: input.array(name..<name + length), as: UTF8.self))\"",
                    path: program.descriptions[plan].path.appending("subsections")
                )
            }
            do {
                try load(
                    subsection,
                    named: name..<name + length,
                    frame: frame,
                    initial: initial,
                    object: object,
                    &count
                )
            } catch {
                throw error.under(program.descriptions[subsection.id].name)
                    .within(program.descriptions[subsection.id].path)
            }
        }
    }

    private mutating func load(
        _ subsection: Program.Subsection,
        named name: Range<Int>,
        frame: Int,
        initial own: Int,
        object: Int,
        _ count: inout Int
    ) throws(VMStateError) {
        let start = name.lowerBound - 2
        position = name.upperBound
        let whole = input.bigEndian(UInt32.self, at: try take(4))
        // A vmdesc says what one stream has; a destination may know several versions.
        let described = program.plans[subsection.id].versionID
        if program.isVMDesc, Int(whole) != described {
            throw VMStateError(
                Int(whole) > described ? .versionTooNew : .versionTooOld,
                at: position - 4,
                expected: "version \(described), as the vmdesc has it",
                found: String(whole)
            )
        }
        let version = whole & 0xff
        offsets?.enter(key: subsection.key)
        // One that comes again is loaded over the first.
        if try removeMember(subsection.key, of: object) {
            offsets?.repeats()
            count -= 1
        }
        tape.append(subsection.key.tag, offset: subsection.key.offset, length: subsection.key.length)
        let current = own >= 0 ? initial?.member(subsection.key, of: own) ?? -1 : -1
        try load(subsection.id, version: Int(version), initial: current, enclosing: frame)
        offsets?.record(container: start, position, type: "subsection", isSubsection: true)
        offsets?.leave()
        count += 1
    }

    /// Removes a member from the object being read.
    private mutating func removeMember(_ name: Program.Name, of object: Int) throws(VMStateError) -> Bool {
        var key = object + 2
        while key < tape.words.count {
            let value = tape.next(after: key)
            let next = tape.next(after: value)
            let reference = tape.reference(at: key)
            if reference.offset == name.offset, reference.length == name.length {
                // What stands behind it moves.
                try spend((tape.words.count &- next) / 64)
                tape.words.removeSubrange(key..<next)
                return true
            }
            key = next
        }
        return false
    }
}
