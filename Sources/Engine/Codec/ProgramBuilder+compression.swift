// SPDX-License-Identifier: Apache-2.0

/// What the vmdesc writer may describe once for all elements of an array.
extension ProgramBuilder {
    /// Whether every element of an array has the same layout as far as the description tells.
    ///
    /// Source: QEMU migration/vmstate.c, vmsd_can_compress().
    func isCompressible(_ field: borrowing VMStateField) -> Bool {
        guard Self.isRegular(field, dialect) else { return false }
        guard field.flags.contains(.struct), let child = field.vmsd else { return true }
        return !isIrregular[child]
    }

    private static func isRegular(_ field: borrowing VMStateField, _ dialect: Dialect) -> Bool {
        field.fieldExists == nil && !FieldShape.isDynamic(field.flags, dialect)
    }

    /// For each description whether it has, itself or in a struct inside it, subsections or a field that is not in every element.
    static func irregular(_ descriptions: [VMStateDescription], _ dialect: Dialect) -> [Bool] {
        var irregular = descriptions.indices.map { id in
            guard !descriptions[id].hasSubsectionList, let fields = descriptions[id].fields else {
                return descriptions[id].hasSubsectionList
            }
            let borrowed = fields.span
            return borrowed.indices.contains { !isRegular(borrowed[$0], dialect) }
        }
        var open = irregular.indices.filter { irregular[$0] }
        if open.isEmpty { return irregular }
        var parents: [VMStateDescription.ID: [VMStateDescription.ID]] = [:]
        for id in descriptions.indices {
            guard let fields = descriptions[id].fields else { continue }
            for index in fields.indices where fields[index].flags.contains(.struct) {
                if let child = fields[index].vmsd { parents[child, default: []].append(id) }
            }
        }
        while let id = open.popLast() {
            for parent in parents[id] ?? [] where !irregular[parent] {
                irregular[parent] = true
                open.append(parent)
            }
        }
        return irregular
    }
}
