// SPDX-License-Identifier: Apache-2.0

extension VMStateDocumentReader {
    private static let fieldMembers = [
        "name", "offset", "info", "flags", "version_id", "field_exists", "num", "num_offset", "size", "size_offset",
        "start", "vmsd", "key_vmsd", "struct_version_id", "err_hint",
    ]

    /// A field list.
    ///
    /// A terminator need not be written; one that is written must be the last entry and have the right flags.
    mutating func readFields(_ node: JSONNode, at path: JSONPointer) -> [VMStateField] {
        var fields: [VMStateField] = []
        let entries = array(node, at: path)
        for (index, entry) in entries.enumerated() {
            let place = path.appending(index)
            if entry.kind == .object, entry["name"] == nil {
                checkTerminator(entry, at: place, isLast: index == entries.count - 1)
            } else if let field = readField(entry, at: place) {
                fields.append(field)
            }
        }
        return fields
    }

    private mutating func checkTerminator(_ entry: JSONNode, at path: JSONPointer, isLast: Bool) {
        guard isLast else {
            return problem(path, expected: "a name, or the end of the list", found: "no name", rule: "VMSD057")
        }
        // What has more than flags is a field whose name is misspelt.
        for (member, _) in entry.members where member != "flags" {
            unknown(member, at: path, of: "the end of the list, or a name for a field", ["flags"])
        }
        let given = entry["flags"].flatMap { flags($0, at: path.appending("flags"), allowsEnd: true) } ?? []
        let expected: VMStateFlags = dialect.endFlag == nil ? [] : .end
        if given != expected {
            problem(
                path,
                expected: "a terminator with flags \(expected.text)",
                found: given.text,
                rule: "VMSD005"
            )
        }
    }

    /// How many members may be inside each other in the path of one.
    private static let maximumSteps = 64

    /// The path of a member: names with dots between them.
    private mutating func path(_ node: JSONNode, at place: JSONPointer) -> String? {
        guard let text = string(node, at: place) else { return nil }
        let steps = text.utf8.reduce(1) { $1 == UInt8(ascii: ".") || $1 == UInt8(ascii: "[") ? $0 + 1 : $0 }
        guard steps <= Self.maximumSteps else {
            problem(place, expected: "a path of at most \(Self.maximumSteps) members", found: "\(steps)")
            return nil
        }
        return text
    }

    private mutating func readField(_ node: JSONNode, at path: JSONPointer) -> VMStateField? {
        guard node.kind == .object else {
            problem(path, expected: "a VMStateField, a JSON object", found: node.kind.rawValue)
            return nil
        }
        var name = ""
        var offset: String?
        var info: VMStateInfo?
        var flags: VMStateFlags = .single
        var versionID = 0
        var fieldExists: Predicate?
        var num = SymbolicNumber.number(0)
        var numOffset: MemberPath?
        var size: SymbolicNumber?
        var sizeOffset: MemberPath?
        var start = SymbolicNumber.number(0)
        var vmsd: VMStateDescription.ID?
        var keyVMSD: VMStateDescription.ID?
        var structVersionID = 0
        var errHint: String?
        for (member, value) in node.members {
            let place = path.appending(member)
            switch member {
            case "name": name = string(value, at: place) ?? ""
            case "offset": offset = self.path(value, at: place)
            case "info": info = string(value, at: place).map(VMStateInfo.init(named:))
            case "flags": flags = self.flags(value, at: place, allowsEnd: false) ?? .single
            case "version_id": versionID = integer(value, at: place) ?? 0
            case "field_exists": fieldExists = predicate(value, at: place)
            case "num": num = number(value, at: place)
            case "num_offset": numOffset = self.path(value, at: place).map(MemberPath.init)
            case "size": size = number(value, at: place)
            case "size_offset": sizeOffset = self.path(value, at: place).map(MemberPath.init)
            case "start": start = number(value, at: place)
            case "vmsd": vmsd = reference(value, at: place)
            case "key_vmsd": keyVMSD = reference(value, at: place)
            case "struct_version_id": structVersionID = integer(value, at: place) ?? 0
            case "err_hint": errHint = string(value, at: place)
            default: unknown(member, at: path, of: "a VMStateField", Self.fieldMembers)
            }
        }
        if vmsd != nil, info == nil, !flags.contains(.vstruct) { flags.insert(.struct) }
        return VMStateField(
            name: name,
            offset: offset,
            info: info,
            flags: flags,
            versionID: versionID,
            fieldExists: fieldExists,
            num: num,
            numOffset: numOffset,
            size: size,
            sizeOffset: sizeOffset,
            start: start,
            vmsd: vmsd,
            keyVMSD: keyVMSD,
            structVersionID: structVersionID,
            errHint: errHint,
            path: path
        )
    }

    /// Names, or a number as the dialect's release defines it.
    private mutating func flags(_ node: JSONNode, at path: JSONPointer, allowsEnd: Bool) -> VMStateFlags? {
        var flags: VMStateFlags = []
        switch node.kind {
        case .number:
            guard let number = node.int, let known = VMStateFlags(number: Int64(number), dialect: dialect) else {
                problem(
                    path,
                    expected: "flags of QEMU \(dialect.name)",
                    found: String(decoding: node.json(), as: UTF8.self),
                    rule: "VMSD028"
                )
                return nil
            }
            flags = known
        case .array:
            for (index, element) in node.elements.enumerated() {
                if let flag = element.string.flatMap(VMStateFlags.init(name:)) {
                    flags.insert(flag)
                } else {
                    problem(
                        path.appending(index),
                        expected: "the name of a VMS_ flag",
                        found: String(decoding: element.json(), as: UTF8.self),
                        rule: "VMSD028"
                    )
                }
            }
        default: problem(path, expected: "an array of VMS_ names, or a number", found: node.kind.rawValue)
        }
        if flags.contains(.end), !allowsEnd {
            problem(path, expected: "VMS_END in a terminator only", found: flags.text, rule: "VMSD028")
            flags.remove(.end)
        }
        if flags.contains(.autoAlloc), dialect.dynamicArrays == .never {
            problem(
                path,
                expected: "a flag of QEMU \(dialect.name)",
                found: "VMS_ARRAY_OF_POINTER_AUTO_ALLOC",
                rule: "VMSD028"
            )
        }
        return flags
    }

    /// A number, or an expression of constants.
    private mutating func number(_ node: JSONNode, at path: JSONPointer) -> SymbolicNumber {
        if let text = node.string { return expression(text, at: path).map(SymbolicNumber.symbol) ?? .number(0) }
        return .number(integer(node, at: path) ?? 0)
    }
}
