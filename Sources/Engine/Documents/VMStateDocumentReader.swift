// SPDX-License-Identifier: Apache-2.0

/// Builds descriptions from JSON and notes what is wrong on the way.
struct VMStateDocumentReader {
    let dialect: Dialect
    private(set) var descriptions: [VMStateDescription] = []
    private(set) var problems: [VMStateError] = []
    /// How many there were beyond those that are kept: a document can have one on each element.
    private(set) var omittedProblems = 0
    /// The infos of a vmdesc that came last: most fields are of few types.
    private var infos: [VMStateInfo] = []
    /// Where each entry of `definitions` is going to stand.
    private var definitions: [String: VMStateDescription.ID] = [:]

    init(dialect: Dialect) {
        self.dialect = dialect
    }

    mutating func problem(
        _ path: JSONPointer,
        expected: String? = nil,
        found: String? = nil,
        rule: String = "VMDOC001"
    ) {
        guard problems.count < Report.maximum else { return omittedProblems += 1 }
        problems.append(
            VMStateError(.vmsdInvalid, expected: expected, found: found, path: path, rule: Rule.ID(rule))
        )
    }

    /// Keeps a place for a description, so that others can refer to it while it is read.
    mutating func reserve() -> VMStateDescription.ID {
        descriptions.append(
            VMStateDescription(
                name: "",
                versionID: 0,
                minimumVersionID: 0,
                hasMinimumVersionID: false,
                priority: nil,
                isUnmigratable: false,
                isEarlySetup: false,
                needed: nil,
                fields: nil,
                subsections: [],
                hasSubsectionList: false,
                path: JSONPointer()
            )
        )
        return descriptions.count - 1
    }

    mutating func fill(_ id: VMStateDescription.ID, _ description: VMStateDescription) {
        descriptions[id] = description
    }

    /// The info of this name.
    mutating func knownInfo(_ name: String) -> VMStateInfo {
        if let known = infos.first(where: { $0.name == name }) { return known }
        let info = VMStateInfo(named: name)
        if infos.count < 8 { infos.append(info) }
        return info
    }

    // MARK: The document

    /// A VMSD, or `{"definitions": …, "vmsd": …}`.
    mutating func readDocument(_ node: JSONNode) -> VMStateDescription.ID {
        guard node["vmsd"] != nil || node["definitions"] != nil else { return readDescription(node, at: JSONPointer()) }
        var main: JSONNode?
        var entries: [(id: VMStateDescription.ID, name: String, node: JSONNode)] = []
        for (name, value) in node.members {
            switch name {
            case "vmsd": main = value
            case "definitions":
                for (name, definition) in value.members {
                    let id = reserve()
                    definitions[name] = id
                    entries.append((id, name, definition))
                }
                if value.kind != .object {
                    problem(JSONPointer([name]), expected: "an object of VMSDs", found: value.kind.rawValue)
                }
            default: unknown(name, at: JSONPointer(), of: "a VMSD document", ["definitions", "vmsd"])
            }
        }
        for entry in entries {
            readDescription(entry.node, at: JSONPointer(["definitions", entry.name]), as: entry.id)
        }
        guard let main else {
            problem(JSONPointer(), expected: "a member \"vmsd\"", found: "none")
            return reserve()
        }
        return reference(main, at: JSONPointer(["vmsd"]))
    }

    /// A child: an object, or the name of a definition.
    mutating func reference(_ node: JSONNode, at path: JSONPointer) -> VMStateDescription.ID {
        guard let name = node.string else { return readDescription(node, at: path) }
        if let id = definitions[name] { return id }
        problem(
            path,
            expected: "the name of an entry of definitions",
            found: "\"\(name)\"",
            rule: "VMSD025"
        )
        return reserve()
    }

    // MARK: A description

    mutating func readDescription(_ node: JSONNode, at path: JSONPointer) -> VMStateDescription.ID {
        let id = reserve()
        readDescription(node, at: path, as: id)
        return id
    }

    private mutating func readDescription(_ node: JSONNode, at path: JSONPointer, as id: VMStateDescription.ID) {
        guard node.kind == .object else {
            return problem(path, expected: "a VMSD, a JSON object", found: node.kind.rawValue)
        }
        var name: String?
        var versionID = 0
        var minimumVersionID: Int?
        var priority: MigrationPriority?
        var isUnmigratable = false
        var isEarlySetup = false
        var needed: Predicate?
        var fields: [VMStateField]?
        var subsections: [VMStateDescription.ID] = []
        var hasSubsectionList = false
        for (member, value) in node.members {
            let place = path.appending(member)
            switch member {
            case "name": name = string(value, at: place)
            case "version_id": versionID = integer(value, at: place) ?? 0
            case "minimum_version_id": minimumVersionID = integer(value, at: place)
            case "priority": priority = readPriority(value, at: place)
            case "unmigratable": isUnmigratable = boolean(value, at: place)
            case "early_setup": isEarlySetup = boolean(value, at: place)
            case "needed": needed = predicate(value, at: place)
            case "fields": if value.kind != .null { fields = readFields(value, at: place) }
            case "subsections":
                hasSubsectionList = value.kind != .null
                for (index, subsection) in array(value, at: place).enumerated() {
                    subsections.append(reference(subsection, at: place.appending(index)))
                }
            default:
                unknown(
                    member,
                    at: path,
                    of: "a VMStateDescription",
                    [
                        "name", "version_id", "minimum_version_id", "priority", "unmigratable", "early_setup", "needed",
                        "fields", "subsections",
                    ]
                )
            }
        }
        if name == nil || name?.isEmpty == true {
            problem(path.appending("name"), expected: "a name", found: name == nil ? "none" : "\"\"", rule: "VMSD001")
        }
        fill(
            id,
            VMStateDescription(
                name: name ?? "",
                versionID: versionID,
                minimumVersionID: minimumVersionID ?? 0,
                hasMinimumVersionID: minimumVersionID != nil,
                priority: priority,
                isUnmigratable: isUnmigratable,
                isEarlySetup: isEarlySetup,
                needed: needed,
                fields: fields,
                subsections: subsections,
                hasSubsectionList: hasSubsectionList,
                path: path
            )
        )
    }

    private mutating func readPriority(_ node: JSONNode, at path: JSONPointer) -> MigrationPriority? {
        if node.int == 0 { return .default }
        if let name = node.string, let priority = MigrationPriority(rawValue: name) { return priority }
        problem(
            path,
            expected: MigrationPriority.allCases.map(\.rawValue).joined(separator: ", "),
            found: String(decoding: node.json(), as: UTF8.self)
        )
        return nil
    }

    // MARK: Values

    mutating func unknown(_ member: String, at path: JSONPointer, of what: String, _ known: [String]) {
        // Members for the caller's own use.
        if member.hasPrefix("x-") { return }
        problem(
            path.appending(member),
            expected: "a member of \(what): \(known.joined(separator: ", "))",
            found: "\"\(member)\""
        )
    }

    mutating func string(_ node: JSONNode, at path: @autoclosure () -> JSONPointer) -> String? {
        if let text = node.string { return text }
        problem(path(), expected: "a string", found: node.kind.rawValue)
        return nil
    }

    /// A C `int`.
    mutating func integer(_ node: JSONNode, at path: @autoclosure () -> JSONPointer) -> Int? {
        if node.kind == .number, let value = node.int, Int32(exactly: value) != nil { return value }
        problem(path(), expected: "an integer of 32 bits", found: String(decoding: node.json(), as: UTF8.self))
        return nil
    }

    mutating func boolean(_ node: JSONNode, at path: JSONPointer) -> Bool {
        if let value = node.bool { return value }
        problem(path, expected: "true or false", found: node.kind.rawValue)
        return false
    }

    mutating func array(_ node: JSONNode, at path: JSONPointer) -> [JSONNode] {
        if node.kind == .array { return node.elements }
        if node.kind != .null { problem(path, expected: "an array", found: node.kind.rawValue) }
        return []
    }

    /// An expression, or a constant truth.
    mutating func predicate(_ node: JSONNode, at path: JSONPointer) -> Predicate? {
        switch node.kind {
        case .null: return nil
        case .boolean: return Predicate(constant: node.bool == true ? 1 : 0)
        case .string: return expression(node.string ?? "", at: path)
        default:
            problem(path, expected: "a predicate: a string, true or false", found: node.kind.rawValue)
            return nil
        }
    }

    mutating func expression(_ text: String, at path: JSONPointer) -> Predicate? {
        do {
            return try Predicate(text)
        } catch {
            problem(path, expected: "\(error.expected) at offset \(error.offset)", found: "\"\(text)\"")
            return nil
        }
    }
}
