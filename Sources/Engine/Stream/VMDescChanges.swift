// SPDX-License-Identifier: Apache-2.0

/// A vmdesc with some of its devices written anew.
struct VMDescChanges {
    enum Change {
        case replace([UInt8])
        case remove
    }

    private(set) var changes: [Int: Change] = [:]

    mutating func set(_ change: Change, for device: Int) {
        changes[device] = change
    }

    /// The text in QEMU's form.
    func text(of devices: DeviceDescriptions) -> [UInt8] {
        var printing = JSONPrinter.Options()
        printing.isSpaced = true
        func print(_ node: JSONNode) -> [UInt8] { node.json(printing) }
        var text: [UInt8] = [UInt8(ascii: "{")]
        for (index, member) in devices.document.root.members.enumerated() {
            if index > 0 { text += Array(", ".utf8) }
            text += JSONObjectWriter.string(member.name) + Array(": ".utf8)
            guard member.name == "devices" else {
                text += print(member.value)
                continue
            }
            var parts: [[UInt8]] = []
            for (device, node) in member.value.elements.enumerated() {
                switch changes[device] {
                case .remove: break
                case .replace(let new): parts.append(new)
                case nil: parts.append(print(node))
                }
            }
            text.append(UInt8(ascii: "["))
            text += Array(parts.joined(separator: Array(", ".utf8)))
            text.append(UInt8(ascii: "]"))
        }
        text.append(UInt8(ascii: "}"))
        return text
    }

    /// A device: the section's names, then what describes its fields.
    static func device(_ section: SectionNode, description: [UInt8]) -> [UInt8] {
        head(section) + description.dropFirst()
    }

    /// A device without a VMSD: as many bytes as it has.
    static func device(_ section: SectionNode, size: Int) -> [UInt8] {
        head(section)
            + Array(
                "\"size\": \(size), \"fields\": [{\"name\": \"data\", \"size\": \(size), \"type\": \"buffer\"}]}".utf8
            )
    }

    private static func head(_ section: SectionNode) -> [UInt8] {
        Array("{\"name\": ".utf8) + JSONObjectWriter.string(section.idstr)
            + Array(", \"instance_id\": \(section.instanceID), ".utf8)
    }
}
