// SPDX-License-Identifier: Apache-2.0

/// VMSD030 – VMSD036, VMSD056: arrays of pointers.
///
/// Up to QEMU 10.2 only NULL elements have a marker. 11.1 has `VMS_ARRAY_OF_POINTER_AUTO_ALLOC` for dynamic arrays, `next`
/// says the same with `VMS_ALLOC`; the checks at registration are those of 11.1 in both.
enum PointerArrayChecks {
    static func notAnArray(_ subject: FieldSubject, _ report: inout Report) {
        guard subject.flags.contains(.arrayOfPointer), subject.flags.isDisjoint(with: .anyArray) else { return }
        report.add(
            "field \(subject.field.name.quoted) has VMS_ARRAY_OF_POINTER and no array flag",
            at: subject.place("flags")
        )
    }

    /// Where the flag does not exist the reader has noted it.
    static func autoAllocAlone(_ subject: FieldSubject, _ report: inout Report) {
        guard hasAutoAlloc(subject), !subject.flags.contains(.arrayOfPointer) else { return }
        report.add(
            "field \(subject.field.name.quoted) has VMS_ARRAY_OF_POINTER_AUTO_ALLOC without VMS_ARRAY_OF_POINTER",
            at: subject.place("flags")
        )
    }

    static func nothingToAllocate(_ subject: FieldSubject, _ report: inout Report) {
        let field = subject.field
        guard subject.isDynamic, field.sizeOffset == nil, subject.facts.number(field.size ?? .number(0)) == 0 else {
            return
        }
        report.add("the elements of \(field.name.quoted) are allocated with size 0", at: field.path)
    }

    static func meaninglessSize(_ subject: FieldSubject, _ report: inout Report) {
        let field = subject.field
        guard field.flags.contains(.arrayOfPointer), !subject.isDynamic else { return }
        let severity: Rule.Severity? = subject.dialect.sizesPointers ? nil : .note
        if let size = field.size, size != .number(0) {
            let text = subject.facts.number(size).map { " of \($0)" } ?? ""
            report.add(
                "the array of pointers \(field.name.quoted) has a size\(text), but allocates nothing",
                at: subject.place("size"),
                severity
            )
        }
        if let member = field.sizeOffset {
            report.add(
                "the array of pointers \(field.name.quoted) has a size member \(member.text.quoted), but allocates nothing",
                at: subject.place("size_offset"),
                severity
            )
        }
    }

    static func bothAllocations(_ subject: FieldSubject, _ report: inout Report) {
        guard hasAutoAlloc(subject), subject.flags.contains(.alloc) else { return }
        report.add(
            "field \(subject.field.name.quoted) has VMS_ARRAY_OF_POINTER_AUTO_ALLOC and VMS_ALLOC",
            at: subject.place("flags")
        )
    }

    static func sizeAsStride(_ subject: FieldSubject, _ report: inout Report) {
        guard subject.flags.isSuperset(of: [.vbuffer, .arrayOfPointer]) else { return }
        report.add(
            "field \(subject.field.name.quoted) has VMS_VBUFFER and VMS_ARRAY_OF_POINTER",
            at: subject.place("flags")
        )
    }

    static func lengthFromSize(_ subject: FieldSubject, _ report: inout Report) {
        guard subject.flags.contains(.arrayOfPointer), let info = subject.field.info,
            [.buffer, .unusedBuffer, .bitmap].contains(subject.field.element)
        else { return }
        report.add(
            "the elements of the array of pointers \(subject.field.name.quoted) are of info \(info.name), which takes its "
                + "length from size",
            at: subject.place("info"),
            subject.isDynamic ? nil : .warning
        )
    }

    static func slots(_ subject: FieldSubject, _ report: inout Report) {
        guard subject.isDynamic else { return }
        report.add(
            "the destination must have the slots of \(subject.field.name.quoted), all NULL, before the load",
            at: subject.place("flags")
        )
    }

    private static func hasAutoAlloc(_ subject: FieldSubject) -> Bool {
        subject.flags.contains(.autoAlloc) && subject.dialect.dynamicArrays != .never
    }
}
