// SPDX-License-Identifier: Apache-2.0

/// The framing of a stream as bytes.
///
/// Source: QEMU migration/savevm.c, save_section_header() and save_section_footer().
enum StreamFraming {
    /// Magic and version.
    static let header: [UInt8] = [0x51, 0x45, 0x56, 0x4d, 0, 0, 0, 3]

    /// The header of a section, from its type byte on.
    static func header(
        _ kind: MigrationStream.Section.Kind,
        id: UInt32,
        idstr: String,
        instance: UInt32,
        version: UInt32
    ) -> [UInt8] {
        var buffer = ByteBuffer(capacity: 64, limit: 1024)
        buffer.append(kind.rawValue)
        buffer.append(bigEndian: id)
        if kind == .start || kind == .full {
            buffer.append(UInt8(truncatingIfNeeded: idstr.utf8.count))
            buffer.append(contentsOf: Array(idstr.utf8))
            buffer.append(bigEndian: instance)
            buffer.append(bigEndian: version)
        }
        return buffer.array()
    }

    /// What follows a payload.
    static func footer(id: UInt32) -> [UInt8] {
        [0x7e] + word(id)
    }

    /// A big-endian word of 32 bits.
    static func word(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// A big-endian word of 64 bits.
    static func wide(_ value: UInt64) -> [UInt8] {
        word(UInt32(truncatingIfNeeded: value >> 32)) + word(UInt32(truncatingIfNeeded: value))
    }

    /// A configuration from its document.
    ///
    /// - Parameters:
    ///   - node: the document.
    ///   - before: what it was before an edit; a length that was left as it was follows the name.
    /// - Returns: its bytes, with the type byte.
    /// - Throws: what is wrong with the document, with its place below `configuration`.
    static func configuration(_ node: JSONNode, before: JSONNode? = nil) throws(VMStateError) -> [UInt8] {
        var bytes: [UInt8] = [0x07]
        let name = Array((try text(node, "name")).utf8)
        if let length = node["len"],
            length.kind != .number || length.int != name.count && length.int != before?["len"]?.int
        {
            throw wrong(["len"], "\(name.count), the length of \"name\"", shown(length))
        }
        bytes += word(UInt32(truncatingIfNeeded: name.count)) + name
        let known = ["len", "name"] + subsections.map(\.name)
        for (member, _) in node.members where !known.contains(member) {
            throw VMStateError(.stateUnknownMember, found: "\"\(member)\"", statePath: JSONPointer([member]))
        }
        for subsection in subsections {
            guard let value = node[subsection.name] else { continue }
            let own = Array(subsection.name.utf8)
            do throws(VMStateError) {
                for (member, _) in value.members where !subsection.members.contains(member) {
                    throw VMStateError(.stateUnknownMember, found: "\"\(member)\"", statePath: JSONPointer([member]))
                }
                bytes += [0x05, UInt8(truncatingIfNeeded: own.count)] + own + word(1) + (try subsection.write(value))
            } catch {
                throw error.under(subsection.name)
            }
        }
        return bytes
    }

    /// What a vmdesc says of a configuration that could be written.
    ///
    /// Source: QEMU migration/savevm.c, vmstate_configuration.
    static func description(ofConfiguration node: JSONNode) -> [UInt8] {
        func integer(_ name: String) -> String { "{\"name\": \"\(name)\", \"type\": \"uint32\", \"size\": 4}" }
        func head(_ name: String, _ fields: [String]) -> String {
            "\"vmsd_name\": \"\(name)\", \"version\": 1, \"fields\": [\(fields.joined(separator: ", "))]"
        }
        let length = node["name"]?.string?.utf8.count ?? 0
        let name = "{\"name\": \"name\", \"type\": \"buffer\", \"size\": \(length)}"
        var inner: [String] = []
        for subsection in subsections {
            guard let value = node[subsection.name] else { continue }
            var fields: [String] = []
            switch subsection.name {
            case "configuration/target-page-bits": fields = [integer("target_page_bits")]
            case "configuration/capabilities":
                fields = [integer("caps_count")]
                let names = value["capabilities"]?.elements ?? []
                if let first = names.first?.string {
                    let count = names.count > 1 ? "\"array_len\": \(names.count), " : ""
                    let size = 1 + first.utf8.count
                    fields.append("{\"name\": \"capabilities\", \(count)\"type\": \"capability\", \"size\": \(size)}")
                }
            default: fields = ["{\"name\": \"uuid.data\", \"array_len\": 16, \"type\": \"uint8\", \"size\": 1}"]
            }
            inner.append("{" + head(subsection.name, fields) + "}")
        }
        let subsections = inner.isEmpty ? "" : ", \"subsections\": [\(inner.joined(separator: ", "))]"
        return Array(("{" + head("configuration", [integer("len"), name]) + subsections + "}").utf8)
    }

    private typealias Subsection = (
        name: String, members: [String], write: @Sendable (JSONNode) throws(VMStateError) -> [UInt8]
    )

    private static let subsections: [Subsection] = [
        (
            "configuration/target-page-bits", ["target_page_bits"],
            { (node) throws(VMStateError) in
                guard let bits = node["target_page_bits"]?.int, (8...16).contains(bits) else {
                    throw wrong(["target_page_bits"], "page bits 8 … 16", "something else")
                }
                return word(UInt32(truncatingIfNeeded: bits))
            }
        ),
        (
            "configuration/capabilities", ["caps_count", "capabilities"],
            { (node) throws(VMStateError) in
                guard let list = node["capabilities"], list.kind == .array else {
                    throw wrong(["capabilities"], "an array of names", node["capabilities"].map { shown($0) } ?? "none")
                }
                let names = list.elements
                if let count = node["caps_count"], count.kind != .number || count.int != names.count {
                    throw wrong(["caps_count"], "\(names.count), the number of capabilities", shown(count))
                }
                var bytes = word(UInt32(truncatingIfNeeded: names.count))
                for (index, name) in names.enumerated() {
                    guard let text = name.string, text.utf8.count < 256 else {
                        throw wrong(["capabilities", String(index)], "a name of at most 255 bytes", "something else")
                    }
                    bytes += [UInt8(truncatingIfNeeded: text.utf8.count)] + Array(text.utf8)
                }
                return bytes
            }
        ),
        (
            "configuration/uuid", ["uuid"],
            { (node) throws(VMStateError) in
                guard let uuid = try node["uuid"]?.decodedBytes(limits: .default), uuid.count == 16 else {
                    throw wrong(["uuid"], "16 bytes", "something else")
                }
                return uuid
            }
        ),
    ]

    private static func text(_ node: JSONNode, _ name: String) throws(VMStateError) -> String {
        guard let text = node[name]?.string, text.utf8.count <= 4096 else {
            throw wrong([name], "a string of at most 4096 bytes", "something else")
        }
        return text
    }

    private static func shown(_ node: JSONNode) -> String { String(decoding: node.json(), as: UTF8.self) }

    private static func wrong(_ path: [String], _ expected: String, _ found: String) -> VMStateError {
        VMStateError(.valueTypeMismatch, expected: expected, found: found, statePath: JSONPointer(path))
    }
}
