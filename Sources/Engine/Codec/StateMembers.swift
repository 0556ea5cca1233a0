// SPDX-License-Identifier: Apache-2.0

/// The members of a state object that hold the values of a field list.
enum StateMembers {
    /// For each field, the names from the outermost member inwards: `offset`, or the name, with `[k]` where several fields
    /// have it.
    static func of(_ fields: [VMStateField]) -> [[String]] {
        let names = uniqueNames(fields)
        return fields.enumerated().map { index, field in
            guard let offset = field.offset else { return [names[index]] }
            let parts = offset.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            return parts.contains("") ? [offset] : parts
        }
    }

    /// The names as QEMU's vmdesc writes them: `name[0]`, `name[1]` … in field order where one name comes more than once.
    static func uniqueNames(_ fields: [VMStateField]) -> [String] {
        var total: [String: Int] = [:]
        for field in fields where field.run != .next { total[field.name, default: 0] += 1 }
        var seen: [String: Int] = [:]
        return fields.map { field in
            guard let count = total[field.name], count > 1 else { return field.name }
            if field.run != .next { seen[field.name, default: 0] += 1 }
            return "\(field.name)[\(seen[field.name, default: 1] - 1)]"
        }
    }
}
