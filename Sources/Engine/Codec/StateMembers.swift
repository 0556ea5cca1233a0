// SPDX-License-Identifier: Apache-2.0

/// The members of a state object that hold the values of a field list.
struct StateMembers {
    /// The names as QEMU's vmdesc writes them: `name[0]`, `name[1]` … in field order where one name comes more than once.
    let names: [String]
    /// For each field the names from the outermost member inwards; nil: each is its name alone.
    private let paths: [[String]]?
    /// Whether no two fields have one member.
    let areDistinct: Bool

    init(_ fields: [VMStateField]) {
        var hasOffsets = false
        for index in fields.indices where fields[index].offset != nil { hasOffsets = true }
        let isUnique = Self.areUnique(fields)
        let names = isUnique ? fields.indices.map { fields[$0].name } : Self.numbered(fields)
        self.names = names
        guard hasOffsets else {
            paths = nil
            areDistinct = isUnique || Set(names).count == names.count
            return
        }
        let paths = fields.indices.map { index in
            guard let offset = fields[index].offset else { return [names[index]] }
            let parts = offset.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            return parts.contains("") ? [offset] : parts
        }
        self.paths = paths
        areDistinct = Set(paths).count == paths.count
    }

    /// Whether every array or value has a name of its own.
    private static func areUnique(_ fields: [VMStateField]) -> Bool {
        // Comparing the names of a few fields with each other is faster than hashing them.
        if fields.count <= 12 {
            for index in fields.indices.dropFirst() where fields[index].run != .next {
                for other in 0..<index where fields[other].run != .next && fields[other].name == fields[index].name {
                    return false
                }
            }
            return true
        }
        var seen = Set<String>(minimumCapacity: fields.count)
        return fields.indices.allSatisfy { fields[$0].run == .next || seen.insert(fields[$0].name).inserted }
    }

    private static func numbered(_ fields: [VMStateField]) -> [String] {
        var total: [String: Int] = [:]
        for field in fields where field.run != .next { total[field.name, default: 0] += 1 }
        var seen: [String: Int] = [:]
        return fields.map { field in
            guard let count = total[field.name], count > 1 else { return field.name }
            if field.run != .next { seen[field.name, default: 0] += 1 }
            return "\(field.name)[\(seen[field.name, default: 1] - 1)]"
        }
    }

    /// Whether every member is in the object itself.
    var areFlat: Bool {
        paths?.allSatisfy { $0.count == 1 } ?? true
    }

    /// Whether a field's member is in the object itself.
    func isFlat(_ field: Int) -> Bool {
        paths.map { $0[field].count == 1 } ?? true
    }

    /// The name of a field's member in the innermost object.
    func last(_ field: Int) -> String {
        paths?[field].last ?? names[field]
    }

    /// The names that lead to a field's member, from the outermost inwards: `offset`, or the name, with `[k]` where several
    /// fields have it.
    func path(_ field: Int) -> [String] {
        paths?[field] ?? [names[field]]
    }
}
