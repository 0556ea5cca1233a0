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
        for (member, value) in node.members {
            let place = path.appending(member)
            switch member {
            // An old-style section has no VMSD; its name is the section's.
            case "name" where name.isEmpty: name = string(value, at: place) ?? ""
            case "vmsd_name": name = string(value, at: place) ?? ""
            case "version": version = integer(value, at: place) ?? 0
            case "fields": fields = readVMDescFields(array(value, at: place), at: place)
            case "subsections":
                for (index, subsection) in array(value, at: place).enumerated() {
                    subsections.append(readVMDesc(subsection, at: place.appending(String(index))))
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
                path: path
            )
        )
        return id
    }

    private mutating func readVMDescFields(_ entries: [JSONNode], at path: JSONPointer) -> [VMStateField] {
        var fields: [VMStateField] = []
        for (index, entry) in entries.enumerated() {
            let place = path.appending(String(index))
            guard let name = entry["name"]?.string, let type = entry["type"]?.string else {
                problem(place, expected: "a field of a vmdesc with name and type", found: entry.kind.rawValue)
                continue
            }
            var size = entry["size"]?.int ?? 0
            let count = entry["array_len"]?.int
            var child: VMStateDescription.ID?
            var flags: VMStateFlags = count == nil ? .single : .array
            var info: VMStateInfo?
            switch type {
            case "struct":
                flags.insert(.struct)
                child = entry["struct"].map { readVMDesc($0, at: place.appending("struct")) }
            case "vstruct":
                flags.insert(.vstruct)
                child = readVMDesc(entry, at: place)
            default:
                info = VMStateInfo(named: type)
                // A vmdesc gives bytes; the size of a bitmap is in bits.
                if info?.encoding == .bitmap {
                    size = size.multipliedReportingOverflow(by: 8).overflow ? Int.max : size * 8
                }
                // What describes itself does so in the field's own object; an empty queue has nothing there.
                if info?.encoding.hasChild == true { child = readVMDesc(entry, at: place) }
            }
            fields.append(
                VMStateField(
                    name: name,
                    offset: nil,
                    info: info,
                    flags: flags,
                    versionID: 0,
                    fieldExists: nil,
                    num: .number(count ?? 0),
                    numOffset: nil,
                    size: .number(size),
                    sizeOffset: nil,
                    start: .number(0),
                    vmsd: child,
                    keyVMSD: nil,
                    structVersionID: entry["version"]?.int ?? 0,
                    errHint: nil,
                    path: place
                )
            )
        }
        return fields
    }
}
