// SPDX-License-Identifier: Apache-2.0

extension VMStateDocumentReader {
    /// The device classes of a `-dump-vmstate` document.
    ///
    /// A dump says nothing of infos and flags, so its descriptions can be judged and compared but not used to read a stream.
    mutating func readDump(_ node: JSONNode) -> [VMStateDescription.ID] {
        node.members.compactMap { name, value in
            guard name != "vmschkmachine" else { return nil }
            let path = JSONPointer([name, "Description"])
            guard let description = value["Description"] else {
                problem(path, expected: "a Description", found: "none")
                return nil
            }
            return readDumpDescription(description, at: path)
        }
    }

    private mutating func readDumpDescription(_ node: JSONNode, at path: JSONPointer) -> VMStateDescription.ID {
        let id = reserve()
        var name = ""
        var version = 0
        var minimum = 0
        var fields: [VMStateField] = []
        var subsections: [VMStateDescription.ID] = []
        for (member, value) in node.members {
            let place = path.appending(member)
            switch member {
            case "name": name = string(value, at: place) ?? ""
            case "version_id": version = integer(value, at: place) ?? 0
            case "minimum_version_id": minimum = integer(value, at: place) ?? 0
            case "Fields":
                for (index, field) in array(value, at: place).enumerated() {
                    fields.append(readDumpField(field, at: place.appending(index)))
                }
            case "Subsections":
                for (index, subsection) in array(value, at: place).enumerated() {
                    subsections.append(readDumpDescription(subsection, at: place.appending(index)))
                }
            default: unknown(member, at: path, of: "a dumped description", ["name", "version_id", "Fields"])
            }
        }
        fill(
            id,
            VMStateDescription(
                name: name,
                versionID: version,
                minimumVersionID: minimum,
                hasMinimumVersionID: true,
                priority: nil,
                isUnmigratable: false,
                isEarlySetup: false,
                needed: nil,
                fields: fields,
                subsections: subsections,
                hasSubsectionList: node["Subsections"] != nil,
                path: path
            )
        )
        return id
    }

    private mutating func readDumpField(_ node: JSONNode, at path: JSONPointer) -> VMStateField {
        let num = node["num"]?.int
        let child = node["Description"].map { readDumpDescription($0, at: path.appending("Description")) }
        return VMStateField(
            name: node["field"]?.string ?? "",
            offset: nil,
            info: nil,
            flags: num == nil ? .single : .array,
            versionID: node["version_id"]?.int ?? 0,
            fieldExists: node["field_exists"]?.bool == true ? Predicate(constant: 1) : nil,
            num: .number(num ?? 0),
            numOffset: nil,
            size: node["size"]?.int.map(SymbolicNumber.number),
            sizeOffset: nil,
            start: .number(0),
            vmsd: child,
            keyVMSD: nil,
            structVersionID: 0,
            errHint: nil,
            path: path
        )
    }
}
