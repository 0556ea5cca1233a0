// SPDX-License-Identifier: Apache-2.0

/// What else a device of a vmdesc can mean where its arrays of pointers do not say everything.
///
/// QEMU up to 9.x does not describe NULL elements of a compressed array, and 11.1 leaves out a last run of one element. The
/// length of the section, and the sizes of the structs in it, say that something is missing, and where.
///
/// Source: QEMU migration/vmstate.c, vmstate_save_state_v().
struct VMDescAlternatives {
    /// How many readings are tried, and how much text they may have together.
    private static let maximumTexts = 64
    private static let maximumBytes = 16 << 20

    /// The device anew, as JSON text, the likeliest reading first.
    private(set) var texts: [[UInt8]] = []
    private let root: JSONNode
    private var bytes = 0

    /// The other readings of a device whose section has `length` bytes.
    init(_ device: JSONNode, length: Int) {
        root = device
        visit(device, length: length)
    }

    private var isFull: Bool { texts.count >= Self.maximumTexts || bytes > Self.maximumBytes }

    /// Looks for arrays in a description whose bytes are `length`, and in the structs in it.
    private mutating func visit(_ description: JSONNode, length: Int?) {
        guard !isFull, let fields = description["fields"] else { return }
        let nodes = fields.elements
        var entries = nodes.compactMap { VMDescEntry($0, at: JSONPointer()) }
        guard entries.count == nodes.count else { return }
        VMDescEntry.correctCounts(&entries)
        let missing = length.map { $0 - DeviceDescriptions.Device.length(of: description) }
        var start = 0
        while start < nodes.count, !isFull {
            var end = start + 1
            while end < nodes.count, entries[end].name == entries[start].name { end += 1 }
            let group = Array(nodes[start..<end])
            let size = Self.size(group)
            for other in Self.readings(of: group, missing: missing) where !isFull {
                let added = Self.size(other).subtractingReportingOverflow(size)
                guard missing == nil || (added.partialValue == missing && !added.overflow) else { continue }
                append(fields, Array(nodes[..<start]) + other + Array(nodes[end...]))
            }
            start = end
        }
        for (node, entry) in zip(nodes, entries) where entry.type == "struct" && entry.count == nil {
            if let child = node["struct"] { visit(child, length: max(entry.size, 0)) }
        }
        for subsection in description["subsections"]?.elements ?? [] { visit(subsection, length: nil) }
    }

    /// The bytes of the elements that a group of entries describes.
    private static func size(_ group: [JSONNode]) -> Int {
        var entries = group.compactMap { VMDescEntry($0, at: JSONPointer()) }
        VMDescEntry.correctCounts(&entries)
        return entries.reduce(0) { sum, entry in
            let (bytes, overflow) = entry.size.multipliedReportingOverflow(by: entry.count ?? 1)
            return overflow ? Int.max : sum.addingReportingOverflow(bytes).partialValue
        }
    }

    // MARK: Readings of one array

    private static func readings(of group: [JSONNode], missing: Int?) -> [[JSONNode]] {
        let entries = group.compactMap { VMDescEntry($0, at: JSONPointer()) }
        guard let first = entries.first, entries.contains(where: { ($0.count ?? 1) > 1 }) else { return [] }
        var readings: [[JSONNode]] = []
        if entries.contains(where: { $0.type == "nullptr" || $0.type == "ptr-marker" }) {
            // The last run of one element is missing: a NULL, or an element like those before.
            if let null = marker(first.name, count: 1) { readings.append(group + [null]) }
            if let index = entries.firstIndex(where: { $0.type != "nullptr" && $0.type != "ptr-marker" }),
                let single = copy(group[index], count: nil)
            {
                readings.append(group + [single])
            }
        } else if group.count == 1, first.type == "struct", let count = first.count, first.size > 1, let missing,
            missing < 0, -missing % (first.size - 1) == 0
        {
            // One run of NULL somewhere in elements of which the description says nothing.
            let nulls = -missing / (first.size - 1)
            guard nulls <= count, nulls > 1 || count > 1 else { return readings }
            for before in stride(from: count - nulls, through: max(0, count - nulls - maximumTexts), by: -1) {
                let after = count - nulls - before
                var reading: [JSONNode?] = []
                // The length of the first run is that of the whole array.
                if before > 0 { reading.append(copy(group[0], count: nulls + after > 0 ? count : before)) }
                reading.append(marker(first.name, count: nulls))
                if after > 0 { reading.append(copy(group[0], count: after)) }
                if !reading.contains(where: { $0 == nil }) { readings.append(reading.compactMap { $0 }) }
            }
        }
        return readings
    }

    private static func marker(_ name: String, count: Int) -> JSONNode? {
        let length = count > 1 ? ", \"array_len\": \(count)" : ""
        let text = Array("{\"name\": \"".utf8) + JSONText.escape(name) + Array("\"\(length), ".utf8)
        return (try? JSONDocument(parsing: text + Array("\"type\": \"nullptr\", \"size\": 1}".utf8)))?.root
    }

    /// An entry with another number of elements; nil: one.
    private static func copy(_ entry: JSONNode, count: Int?) -> JSONNode? {
        var members: [[UInt8]] = []
        for member in entry.members where member.name != "array_len" {
            members.append(Array("\"".utf8) + JSONText.escape(member.name) + Array("\": ".utf8) + member.value.json())
        }
        if let count, count > 1 { members.append(Array("\"array_len\": \(count)".utf8)) }
        let text = Array("{".utf8) + Array(members.joined(separator: Array(", ".utf8))) + Array("}".utf8)
        return (try? JSONDocument(parsing: text, duplicates: .unchecked))?.root
    }

    // MARK: Text

    private mutating func append(_ fields: JSONNode, _ entries: [JSONNode]) {
        var text: [UInt8] = []
        let list = Array(entries.map { $0.json() }.joined(separator: Array(", ".utf8)))
        write(root, replacing: fields.index, by: Array("[".utf8) + list + Array("]".utf8), to: &text)
        bytes += text.count
        texts.append(text)
    }

    private func write(_ node: JSONNode, replacing index: Int, by replacement: [UInt8], to text: inout [UInt8]) {
        guard node.index != index else { return text += replacement }
        switch node.kind {
        case .object:
            text.append(UInt8(ascii: "{"))
            for (number, member) in node.members.enumerated() {
                text += Array("\(number > 0 ? ", " : "")\"".utf8) + JSONText.escape(member.name) + Array("\": ".utf8)
                write(member.value, replacing: index, by: replacement, to: &text)
            }
            text.append(UInt8(ascii: "}"))
        case .array:
            text.append(UInt8(ascii: "["))
            for (number, element) in node.elements.enumerated() {
                if number > 0 { text += Array(", ".utf8) }
                write(element, replacing: index, by: replacement, to: &text)
            }
            text.append(UInt8(ascii: "]"))
        default: text += node.json()
        }
    }
}
