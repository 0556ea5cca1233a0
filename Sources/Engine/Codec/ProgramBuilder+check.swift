// SPDX-License-Identifier: Apache-2.0

extension ProgramBuilder {
    /// What the codec cannot do without.
    ///
    /// The rules say more.
    func check(_ field: borrowing VMStateField, _ shape: FieldShape) throws(VMStateError) {
        func missing(_ what: String, _ rule: String) -> VMStateError {
            VMStateError(.vmsdInvalid, expected: what, found: "none", rule: Rule.ID(rule))
        }
        if !field.flags.isDisjoint(with: .anyStruct) {
            guard field.vmsd != nil else { throw missing("vmsd with \(field.flags.text)", "VMSD025") }
            return
        }
        guard let info = field.info else {
            guard shape.count == .fixed(0) else {
                throw missing("info or vmsd", "VMSD026")
            }
            return
        }
        if info.encoding.hasChild, field.vmsd == nil { throw missing("vmsd with info \(info.name)", "VMSD040") }
        if info.encoding == .gtree, field.keyVMSD == nil, field.start != .number(0) {
            throw missing("key_vmsd with a start that is not 0", "VMSD040")
        }
        switch info.encoding {
        case .opaque(.sized) where shape.size == .inherent:
            throw missing("size with info \"\(info.name)\"", info.isKnown ? "VMSD039" : "VMSD028")
        case .buffer where shape.size == .inherent, .unusedBuffer where shape.size == .inherent:
            throw missing("size with info \"\(info.name)\"", "VMSD039")
        case .bitmap where shape.size == .inherent:
            throw missing("size_offset and VMS_VBUFFER with info \"bitmap\"", "VMSD037")
        case .buffer, .unusedBuffer, .bitmap:
            // Save and load disagree on the length of such an element.
            if shape.isDynamic {
                throw VMStateError(
                    .vmsdInvalid,
                    expected: "an info of fixed length in a dynamic array of pointers",
                    found: info.name,
                    rule: Rule.ID("VMSD036")
                )
            }
        default: break
        }
    }
}
