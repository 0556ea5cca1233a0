// SPDX-License-Identifier: Apache-2.0

/// One object of a vmdesc's `fields`.
struct VMDescEntry {
    let node: JSONNode
    let path: JSONPointer
    /// The name; the marker of a NULL pointer has that of the elements beside it.
    private(set) var name: String
    let type: String
    let size: Int
    /// Whether `size` is given.
    let isSized: Bool
    /// Whether it describes the first element of an array only, a NULL pointer, and others may follow that it says nothing of.
    ///
    /// So do releases up to 9.x.
    let hidesElements: Bool
    /// The description of a struct's elements.
    let child: JSONNode?
    /// `version`, of a `vstruct`.
    let versionID: Int
    /// `array_len`; nil: one element.
    private(set) var count: Int?

    init?(_ node: JSONNode, at path: JSONPointer) {
        var name: String?
        var type: String?
        var size: Int?
        var isSized = false
        var count: Int?
        var child: JSONNode?
        var version: Int?
        node.forEachMember { member, value in
            switch member {
            case "name": name = name ?? value.string
            case "type": type = type ?? value.string
            case "size":
                size = size ?? value.int
                isSized = true
            case "array_len": count = count ?? value.int
            case "struct": child = child ?? value
            case "version": version = version ?? value.int
            default: break
            }
        }
        guard let name, let type else { return nil }
        self.node = node
        self.path = path
        self.name = name
        self.size = size ?? 0
        self.isSized = isSized
        self.child = child
        versionID = version ?? 0
        self.count = count
        // Up to 9.x a NULL element is described as an empty struct of one byte.
        let isNull = type == "struct" && size == 1 && child?.count == 0
        hidesElements = isNull && (count ?? 1) > 1
        self.type = isNull ? "nullptr" : type
    }

    private var isMarker: Bool { type == "nullptr" || type == "ptr-marker" }

    /// Whether `[-1]` ends the name.
    private var isNumberedMarker: Bool {
        name.utf8.last == UInt8(ascii: "]") && name.utf8.suffix(4).elementsEqual("[-1]".utf8)
    }

    /// QEMU 10.0 and later write the length of the rest of an array where they mean that of a run: corrects it.
    ///
    /// Source: QEMU migration/vmstate.c, vmstate_save_state_v(); the lengths that are wrong there are always the first one of an
    /// array, and those of NULL pointers that are described one by one.
    static func correctCounts(_ entries: inout [VMDescEntry]) {
        nameMarkers(&entries)
        var start = 0
        while start < entries.count {
            var end = start + 1
            while end < entries.count, entries[end].name == entries[start].name { end += 1 }
            let group = start..<end
            for index in group.dropFirst() where entries[index].isMarker && entries[index - 1].isMarker {
                entries[index].count = nil
                entries[index - 1].count = nil
            }
            if let total = entries[start].count, group.count > 1, !entries[start].isMarker,
                group.dropFirst().contains(where: { entries[$0].isMarker })
            {
                let others = group.dropFirst().reduce(0) { sum, index in
                    sum.addingReportingOverflow(max(entries[index].count ?? 1, 0)).partialValue
                }
                entries[start].count = others >= 0 && others < total ? total - others : total
            }
            start = end
        }
    }

    /// Where a name is not unique, a marker has `[-1]` behind it and the elements have the number of their field: gives the
    /// marker the name of the element before it, or else of that behind it.
    private static func nameMarkers(_ entries: inout [VMDescEntry]) {
        func names(_ base: String, _ index: Int) -> String? {
            guard entries.indices.contains(index), !entries[index].isNumberedMarker,
                entries[index].name.hasPrefix(base), entries[index].name.dropFirst(base.count).first == "["
            else { return nil }
            return entries[index].name
        }
        var start = 0
        while start < entries.count {
            var end = start + 1
            while end < entries.count, entries[end].name == entries[start].name { end += 1 }
            if entries[start].isNumberedMarker {
                let base = String(entries[start].name.dropLast(4))
                let name = names(base, start - 1) ?? names(base, end) ?? base
                for index in start..<end { entries[index].name = name }
            }
            start = end
        }
    }

    // MARK: Descriptions in the field's own object

    /// The descriptions of a queue's or tree's elements: the same members again and again in one object.
    var groups: [JSONNode] {
        var groups: [[(name: String, value: JSONNode)]] = []
        for member in node.members {
            if member.name == "vmsd_name" { groups.append([]) }
            guard !groups.isEmpty, ["vmsd_name", "version", "fields", "subsections"].contains(member.name) else {
                continue
            }
            groups[groups.count - 1].append(member)
        }
        return groups.compactMap { members in
            var text = Array("{".utf8)
            for (index, member) in members.enumerated() {
                text += Array("\(index > 0 ? "," : "")\"\(member.name)\":".utf8) + member.value.json()
            }
            return (try? JSONDocument(parsing: text + Array("}".utf8), duplicates: .unchecked))?.root
        }
    }

    /// Whether a tree's keys have a description: it comes before each value's.
    var hasKeys: Bool {
        let names = groups.map { $0["vmsd_name"]?.string }
        return names.count >= 2 && names[0] != names[1]
    }

    /// Whether all elements have one layout (key and value each).
    var groupsAreAlike: Bool {
        let texts = groups.map { $0.json() }
        let step = type == "gtree" && hasKeys ? 2 : 1
        return texts.indices.dropFirst(step).allSatisfy { texts[$0] == texts[$0 - step] }
    }
}
