// SPDX-License-Identifier: Apache-2.0

/// Recognises the JSON at the end of a migration stream, or a device of it.
enum VMDescReader {
    /// The descriptions in a vmdesc with their places; nil when the document is none.
    static func devices(of node: JSONNode) -> [(node: JSONNode, path: JSONPointer)]? {
        if let devices = node["devices"], devices.kind == .array {
            return devices.elements.enumerated().map { ($1, JSONPointer(["devices", String($0)])) }
        }
        return node["vmsd_name"] != nil ? [(node, JSONPointer())] : nil
    }
}

extension VMStateDocumentReader {
    /// A description as the vmdesc gives it: what one stream contained.
    ///
    /// Versions of fields, predicates and counters are not in it, so it reads and writes sections of the same shape
    /// only.
    mutating func readVMDesc(_ node: JSONNode, at path: JSONPointer) -> VMStateDescription.ID {
        let id = reserve()
        var name = ""
        var version = 0
        var fields: [VMStateField] = []
        var subsections: [VMStateDescription.ID] = []
        node.forEachMember { member, value in
            switch member {
            // An old-style section has no VMSD; its name is the section's.
            case "name" where name.isEmpty: name = string(value, at: path.appending("name")) ?? ""
            case "vmsd_name": name = string(value, at: path.appending("vmsd_name")) ?? ""
            case "version": version = integer(value, at: path.appending("version")) ?? 0
            case "fields":
                let place = path.appending("fields")
                fields = readVMDescFields(array(value, at: place), at: place)
            case "subsections":
                let place = path.appending("subsections")
                for (index, subsection) in array(value, at: place).enumerated() {
                    subsections.append(readVMDesc(subsection, at: place.appending(index)))
                }
            default: break
            }
        }
        fill(
            id,
            VMStateDescription(
                name: name,
                versionID: version,
                minimumVersionID: 0,
                hasMinimumVersionID: true,
                priority: nil,
                isUnmigratable: false,
                isEarlySetup: false,
                needed: nil,
                fields: fields,
                subsections: subsections,
                hasSubsectionList: !subsections.isEmpty,
                path: path,
                isOptional: true
            )
        )
        return id
    }

    /// The fields of a description.
    ///
    /// Elements of one array that are described one by one become parts of one array.
    private mutating func readVMDescFields(_ nodes: [JSONNode], at path: JSONPointer) -> [VMStateField] {
        var entries: [VMDescEntry] = []
        entries.reserveCapacity(nodes.count)
        for (index, node) in nodes.enumerated() {
            let place = path.appending(index)
            if let entry = VMDescEntry(node, at: place) {
                entries.append(entry)
            } else {
                problem(place, expected: "a field of a vmdesc with name and type", found: node.kind.rawValue)
            }
        }
        VMDescEntry.correctCounts(&entries)
        var fields: [VMStateField] = []
        fields.reserveCapacity(entries.count)
        let read = entries.span
        for index in read.indices { fields.append(readVMDescField(read[index])) }
        // Names are unique in a vmdesc, but for the parts of one array.
        for index in fields.indices.dropFirst() where fields[index].name == fields[index - 1].name {
            if fields[index - 1].run == .none { fields[index - 1].run = .first }
            fields[index].run = .next
        }
        return fields
    }

    private mutating func readVMDescField(_ entry: borrowing VMDescEntry) -> VMStateField {
        var child: VMStateDescription.ID?
        var key: VMStateDescription.ID?
        var flags: VMStateFlags = entry.count == nil ? .single : .array
        var info: VMStateInfo?
        var size = entry.size
        switch entry.type {
        case "struct":
            flags.insert(.struct)
            if let description = entry.child { child = readVMDesc(description, at: entry.path.appending("struct")) }
        case "vstruct":
            flags.insert(.vstruct)
            child = readVMDesc(entry.node, at: entry.path)
        default:
            let known = knownInfo(entry.type)
            info = known
            if let width = known.encoding.fixedWidth, entry.size != width, entry.isSized {
                problem(
                    entry.path.appending("size"),
                    expected: "\(width), the size of \"\(entry.type)\"",
                    found: String(entry.size)
                )
            }
            if known.encoding == .bitmap {
                // A vmdesc gives bytes; the size of a bitmap is in bits.
                size = size.multipliedReportingOverflow(by: 8).overflow ? Int.max : size * 8
            } else if known.encoding.hasChild {
                let groups = entry.groups
                if entry.groupsAreAlike {
                    let path = entry.path
                    let isKeyed = known.encoding == .gtree && entry.hasKeys
                    key = isKeyed ? groups.first.map { readVMDesc($0, at: path) } : nil
                    let value = groups.dropFirst(isKeyed ? 1 : 0).first
                    child = value.map { readVMDesc($0, at: path) } ?? emptyDescription(at: path)
                } else {
                    // Elements of different layout: one description cannot stand for them.
                    info = VMStateInfo(entry.type, .opaque(.sized))
                }
            } else if case .opaque = known.encoding, entry.groups.count == 1 {
                // Some infos of devices describe what they wrote.
                child = readVMDesc(entry.node, at: entry.path)
            }
        }
        return VMStateField(
            name: entry.name,
            offset: nil,
            info: info,
            flags: flags,
            versionID: 0,
            fieldExists: nil,
            num: .number(entry.count ?? 0),
            numOffset: nil,
            size: .number(size),
            sizeOffset: nil,
            start: .number(0),
            vmsd: child,
            keyVMSD: key,
            structVersionID: entry.versionID,
            errHint: nil,
            path: entry.path
        )
    }

    /// What stands for the elements of an empty queue.
    private mutating func emptyDescription(at path: JSONPointer) -> VMStateDescription.ID {
        let id = reserve()
        fill(
            id,
            VMStateDescription(
                name: "unknown",
                versionID: 0,
                minimumVersionID: 0,
                hasMinimumVersionID: true,
                priority: nil,
                isUnmigratable: false,
                isEarlySetup: false,
                needed: nil,
                fields: [],
                subsections: [],
                hasSubsectionList: false,
                path: path
            )
        )
        return id
    }
}
