// SPDX-License-Identifier: Apache-2.0

/// VMSD020 – VMSD029, VMSD037 – VMSD040, VMSD055: flags, and the members that they need.
enum FlagChecks {
    static func arrayKinds(_ subject: FieldSubject, _ report: inout Report) {
        guard subject.flags.count(of: .anyArray) > 1 else { return }
        report.add(
            "field \(subject.field.name.quoted) has \(subject.flags.intersection(.anyArray).text)",
            at: subject.place("flags")
        )
    }

    static func multiply(_ subject: FieldSubject, _ report: inout Report) {
        guard subject.flags.contains(.multiply), !subject.flags.contains(.vbuffer) else { return }
        report.add(
            "field \(subject.field.name.quoted) has VMS_MULTIPLY without VMS_VBUFFER",
            at: subject.place("flags")
        )
    }

    static func multiplyElements(_ subject: FieldSubject, _ report: inout Report) {
        guard subject.flags.contains(.multiplyElements) else { return }
        if !subject.dialect.multipliesElements {
            report.add(
                "field \(subject.field.name.quoted): QEMU \(subject.dialect.name) does not know VMS_MULTIPLY_ELEMENTS",
                at: subject.place("flags")
            )
        } else if subject.flags.isDisjoint(with: .anyVarray) {
            report.add(
                "field \(subject.field.name.quoted) has VMS_MULTIPLY_ELEMENTS without VMS_VARRAY_*",
                at: subject.place("flags")
            )
        }
    }

    /// With the rules of `next` an array of pointers may lie in place while its elements are allocated.
    static func alloc(_ subject: FieldSubject, _ report: inout Report) {
        guard subject.flags.contains(.alloc), !subject.flags.contains(.pointer) else { return }
        let isInPlace = subject.flags.contains(.arrayOfPointer) && subject.dialect.dynamicArrays == .alloc
        report.add(
            "field \(subject.field.name.quoted) has VMS_ALLOC without VMS_POINTER"
                + (isInPlace ? "; its elements are allocated, its slots are not" : ""),
            at: subject.place("flags"),
            isInPlace ? .warning : nil
        )
    }

    static func structKinds(_ subject: FieldSubject, _ report: inout Report) {
        guard subject.flags.isSuperset(of: .anyStruct) else { return }
        report.add(
            "field \(subject.field.name.quoted) has VMS_STRUCT and VMS_VSTRUCT; struct_version_id "
                + "\(subject.field.structVersionID) is not used",
            at: subject.place("flags")
        )
    }

    static func child(_ subject: FieldSubject, _ report: inout Report) {
        guard !subject.flags.isDisjoint(with: .anyStruct), subject.field.vmsd == nil else { return }
        report.add(
            "field \(subject.field.name.quoted) has \(subject.flags.intersection(.anyStruct).text) and no vmsd",
            at: subject.field.path
        )
    }

    /// An assertion has no elements, so nothing is needed to write them.
    static func info(_ subject: FieldSubject, _ report: inout Report) {
        guard subject.flags.isDisjoint(with: .anyStruct), subject.field.info == nil, let shape = subject.shape,
            shape.count != .fixed(0)
        else { return }
        report.add("field \(subject.field.name.quoted) has neither info nor vmsd", at: subject.field.path)
    }

    static func unused(_ subject: FieldSubject, _ report: inout Report) {
        let field = subject.field
        if field.flags.isDisjoint(with: .anyStruct) {
            guard field.vmsd != nil, let info = field.info, !info.encoding.hasChild else { return }
            report.add(
                "field \(field.name.quoted): info \(info.name.quoted) does not use the vmsd",
                at: subject.place("vmsd")
            )
        } else if let info = field.info {
            report.add(
                "field \(field.name.quoted): info \(info.name.quoted) is not used with "
                    + field.flags.intersection(.anyStruct).text,
                at: subject.place("info")
            )
        }
    }

    /// An info that is not in the table is taken for opaque bytes where the field says how many.
    static func unknownInfo(_ subject: FieldSubject, _ report: inout Report) {
        guard let info = subject.field.info, subject.field.element != nil, !info.isKnown else { return }
        if subject.field.size != nil || subject.field.sizeOffset != nil {
            report.add(
                "info \(info.name.quoted) is not known; field \(subject.field.name.quoted) is taken for opaque bytes",
                at: subject.place("info"),
                .warning
            )
        } else {
            report.add(
                "info \(info.name.quoted) is not known, and field \(subject.field.name.quoted) has no size",
                at: subject.place("info")
            )
        }
    }

    static func counts(_ subject: FieldSubject, _ report: inout Report) {
        let field = subject.field
        if !field.flags.isDisjoint(with: .anyVarray), field.numOffset == nil {
            report.add(
                "field \(field.name.quoted) has \(field.flags.intersection(.anyVarray).text) and no num_offset",
                at: field.path
            )
        }
        if field.flags.contains(.vbuffer), field.sizeOffset == nil {
            report.add("field \(field.name.quoted) has VMS_VBUFFER and no size_offset", at: field.path)
        }
        guard field.flags.contains(.array), let num = subject.facts.number(field.num) else { return }
        if num < 0 {
            report.add("field \(field.name.quoted) has \(num) elements", at: subject.place("num"))
        } else if num == 0, !field.flags.contains(.mustExist) {
            report.add("field \(field.name.quoted) is an array of no elements", at: field.path, .warning)
        }
    }

    static func bitmap(_ subject: FieldSubject, _ report: inout Report) {
        guard subject.field.element == .bitmap else { return }
        let name = subject.field.name.quoted
        if !subject.flags.contains(.vbuffer) {
            report.add(
                "bitmap \(name) is not VMS_VBUFFER: no member holds the number of bits",
                at: subject.place("info")
            )
        }
        if subject.flags.contains(.multiply) {
            report.add("bitmap \(name) has VMS_MULTIPLY: the number of bits is multiplied", at: subject.place("flags"))
        }
        if !subject.flags.contains(.pointer) {
            report.add("bitmap \(name) is not VMS_POINTER", at: subject.place("info"), .warning)
        }
    }

    static func mustExist(_ subject: FieldSubject, _ report: inout Report) {
        guard subject.flags.contains(.mustExist) else { return }
        if subject.field.fieldExists == nil {
            report.add(
                "field \(subject.field.name.quoted) has VMS_MUST_EXIST and no predicate",
                at: subject.place("flags")
            )
        }
        if let shape = subject.shape, shape.count != .fixed(0) {
            report.add(
                "field \(subject.field.name.quoted) has VMS_MUST_EXIST and elements",
                at: subject.place("flags")
            )
        }
    }

    static func noBytes(_ subject: FieldSubject, _ report: inout Report) {
        let field = subject.field
        if field.flags.isSuperset(of: [.multiply, .vbuffer]), subject.facts.number(field.size ?? .number(0)) == 0 {
            report.add("field \(field.name.quoted) has VMS_MULTIPLY by a size of 0", at: field.path)
        }
        guard field.element == .buffer || field.element == .unusedBuffer, !field.flags.contains(.vbuffer),
            let size = subject.shape?.size, size == .inherent || size == .fixed(0)
        else { return }
        report.add("\(field.info?.name ?? "") \(field.name.quoted) has size 0", at: field.path)
    }

    static func collections(_ subject: FieldSubject, _ report: inout Report) {
        let field = subject.field
        guard field.isCollection, let info = field.info else { return }
        if field.vmsd == nil { report.add("\(info.name) \(field.name.quoted) has no vmsd", at: field.path) }
        guard field.element == .gtree, let start = subject.facts.number(field.start) else { return }
        if start != 0, field.keyVMSD == nil {
            report.add(
                "gtree \(field.name.quoted) has keys of \(start) bytes and no key_vmsd",
                at: subject.place("start")
            )
        } else if start == 0, field.keyVMSD != nil {
            report.add(
                "gtree \(field.name.quoted) has a key_vmsd and start 0, which means direct keys",
                at: subject.place("key_vmsd")
            )
        }
    }

    static func pointerToNothing(_ subject: FieldSubject, _ report: inout Report) {
        let field = subject.field
        guard field.flags.contains(.pointer), field.offset == nil, let info = field.info,
            field.element == .unusedBuffer || field.element == .tmp
        else { return }
        report.add(
            "field \(field.name.quoted) has VMS_POINTER, but \(info.name) has no member",
            at: subject.place("flags")
        )
    }

    /// One note for each name, at its second field.
    static func names(_ subject: DescriptionSubject, _ report: inout Report) {
        var seen: [String: Int] = [:]
        for field in subject.description.fields ?? [] where field.name != "unused" && field.name != "tmp" {
            seen[field.name, default: 0] += 1
        }
        guard seen.contains(where: { $0.value > 1 }) else { return }
        var met: [String: Int] = [:]
        for field in subject.description.fields ?? [] {
            guard let count = seen[field.name], count > 1 else { continue }
            met[field.name, default: 0] += 1
            guard met[field.name] == 2 else { continue }
            report.add(
                "\(count) fields of \(subject.description.name.quoted) are called \(field.name.quoted)",
                at: field.path.appending(subject.facts.document.kind == .dump ? "field" : "name")
            )
        }
    }
}
