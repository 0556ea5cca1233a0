// SPDX-License-Identifier: Apache-2.0

/// A vmdesc changed where it stands: what did not change keeps its text byte for byte.
struct VMDescChanges {
    private let devices: DeviceDescriptions
    private var editor: VMDescEditor
    private var removed: Set<Int> = []

    init(_ devices: DeviceDescriptions) {
        self.devices = devices
        editor = VMDescEditor(devices.document)
    }

    /// Takes a device out.
    mutating func remove(_ device: Int) {
        removed.insert(device)
    }

    /// Gives a device the names and the version of its section.
    mutating func name(_ device: Int, _ section: SectionNode, hasVersion: Bool) {
        let node = devices.all[device].node
        if let name = node["name"], name.string != section.idstr {
            editor.replace(name, with: JSONObjectWriter.string(section.idstr))
        }
        if let instance = node["instance_id"], instance.int != Int(section.instanceID) {
            editor.replace(instance, with: section.instanceID)
        }
        if hasVersion, let version = node["version"], version.int != Int(section.versionID) {
            editor.replace(version, with: section.versionID)
        }
    }

    /// Has a device say what its section holds now.
    ///
    /// - Parameters:
    ///   - device: its place in the vmdesc.
    ///   - description: what an encoder has written beside the bytes; nil where it wrote none.
    ///   - isWhole: whether the description is that of a VMSD, which also says how long arrays are.
    mutating func describe(_ device: Int, by description: [UInt8], isWhole: Bool) {
        editor.edit(devices.all[device].node, description, isWhole: isWhole)
    }

    /// Has a device say how many bytes its section holds now, of which nothing else is known.
    mutating func describe(_ device: Int, size: Int) {
        let node = devices.all[device].node
        guard node["vmsd_name"] == nil else {
            let fields = "\"fields\": [{\"name\": \"data\", \"size\": \(size), \"type\": \"buffer\"}]"
            return editor.replaceMembers(behind: "instance_id", of: node, with: "\"size\": \(size), \(fields)")
        }
        if let old = node["size"] { editor.replace(old, with: size) }
        if let old = node["fields"]?.elements.first?["size"] { editor.replace(old, with: size) }
    }

    /// Has the description of the configuration say what the configuration holds now.
    mutating func configure(_ description: [UInt8]) {
        guard let node = devices.configuration else { return }
        editor.edit(node, description, isWhole: true)
    }

    /// The text; nil where nothing has changed.
    consuming func text() -> [UInt8]? {
        if let list = devices.document.root["devices"] { editor.remove(removed, of: list) }
        return editor.hasChanges ? editor.text() : nil
    }
}
