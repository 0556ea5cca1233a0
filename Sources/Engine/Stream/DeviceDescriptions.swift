// SPDX-License-Identifier: Apache-2.0

/// The vmdesc of a stream: what each FULL section consists of.
struct DeviceDescriptions: Sendable {
    /// A device of the vmdesc.
    struct Device: Sendable {
        let name: String
        let instanceID: Int
        let node: JSONNode
        /// The version that it was saved with; nil: it has no VMSD.
        let versionID: Int?
        /// How many bytes the fields and subsections have together.
        let length: Int
    }

    /// The text, as it stands in the stream.
    let text: [UInt8]
    let document: JSONDocument
    let pageSize: Int?
    let all: [Device]
    /// The devices of each name, in their order.
    private let places: [SectionKey: [Int]]
    /// The description of the configuration; QEMU writes one since 8.2.
    let configuration: JSONNode?

    /// Reads the JSON.
    ///
    /// - Throws: what is wrong with the text.
    init(_ text: [UInt8], limits: Limits) throws(JSONError) {
        self.text = text
        document = try JSONDocument(parsing: text, maximumDepth: limits.jsonDepth, duplicates: .unchecked)
        var pageSize: Int?
        var configuration: JSONNode?
        var all: [Device] = []
        var count = 0
        document.root.forEachMember { name, value in
            switch name {
            case "page_size": pageSize = value.int
            case "configuration": configuration = value
            case "devices":
                count += value.count
                // No more can have a section.
                if count <= limits.streamItems { value.forEachElement { all.append(Device($0)) } }
            default: break
            }
        }
        guard count <= limits.streamItems else {
            let what = "\(count) devices, at most \(limits.streamItems)"
            throw text.withByteView { JSONError(.tooLong, at: 0, in: $0, found: what) }
        }
        if let size = pageSize, size >= 1 << 8, size <= 1 << 16, size & (size - 1) == 0 {
            self.pageSize = size
        } else {
            self.pageSize = nil
        }
        self.configuration = configuration
        self.all = all
        var places: [SectionKey: [Int]] = [:]
        for (index, device) in all.enumerated() {
            places[SectionKey(idstr: device.name, instanceID: device.instanceID), default: []].append(index)
        }
        self.places = places
    }

    /// Whether it has what every vmdesc has.
    var isWhole: Bool { document.root["devices"] != nil }

    /// The device that describes a section: by order, and by name where the order does not fit.
    ///
    /// `ordinal` is the device behind that of the section before. Of several with the section's name the next one from there
    /// on is taken, or the first.
    func find(_ section: MigrationStream.Section, ordinal: Int) -> Int? {
        find(section.idstr, Int(section.instanceID), ordinal: ordinal)
    }

    /// The device that describes a section of a document, in the same way.
    func find(_ section: SectionNode, ordinal: Int) -> Int? {
        find(section.idstr, Int(section.instanceID), ordinal: ordinal)
    }

    private func find(_ idstr: String, _ instanceID: Int, ordinal: Int) -> Int? {
        guard let places = places[SectionKey(idstr: idstr, instanceID: instanceID)] else { return nil }
        // The first place that is not before `ordinal`.
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle] < ordinal { low = middle + 1 } else { high = middle }
        }
        return low < places.count ? places[low] : places.first
    }
}

extension DeviceDescriptions.Device {
    init(_ node: JSONNode) {
        var name = ""
        var instance = 0
        var version: Int?
        node.forEachMember { member, value in
            switch member {
            case "name": name = value.string ?? ""
            case "instance_id": instance = value.int ?? 0
            case "version": version = value.int
            default: break
            }
        }
        self.init(name: name, instanceID: instance, node: node, versionID: version, length: Self.length(of: node))
    }

    /// An array of which the description does not say everything.
    struct HidingField {
        let name: String
        /// Whether it is in a struct or a subsection, whose size counts what is not said.
        let isNested: Bool
    }

    /// The first array that has or may have elements of which the description says nothing; nil: there is none.
    ///
    /// Up to 9.x that is one whose first element is NULL; in 11.1 one that ends with a run of NULL, behind which the last element may
    /// be missing.
    var hidingField: HidingField? { Self.hidingField(node, isNested: false) }

    private static func hidingField(_ description: JSONNode, isNested: Bool) -> HidingField? {
        let fields = description["fields"]?.elements ?? []
        for (index, field) in fields.enumerated() {
            guard let entry = VMDescEntry(field, at: JSONPointer()) else { continue }
            let isLast = index + 1 == fields.count || fields[index + 1]["name"]?.string != field["name"]?.string
            if entry.hidesElements || isLast && entry.type == "ptr-marker" && (entry.count ?? 1) > 1 {
                return HidingField(name: entry.name, isNested: isNested)
            }
            if let inner = entry.child.flatMap({ hidingField($0, isNested: true) }) { return inner }
        }
        for subsection in description["subsections"]?.elements ?? [] {
            if let inner = hidingField(subsection, isNested: true) { return inner }
        }
        return nil
    }

    /// The bytes of a description, from the sizes of its outermost fields.
    static func length(of node: JSONNode) -> Int {
        var sum = 0
        func add(_ value: Int) {
            let (total, overflow) = sum.addingReportingOverflow(value)
            sum = overflow ? Int.max : total
        }
        node.forEachMember { member, value in
            switch member {
            case "fields":
                if let length = lengthOfPlainFields(value) { return add(length) }
                var entries = value.elements.compactMap { VMDescEntry($0, at: JSONPointer()) }
                VMDescEntry.correctCounts(&entries)
                for entry in entries { add(length(of: entry.size, entry.count)) }
            case "subsections":
                for subsection in value.elements {
                    add(1 + 1 + (subsection["vmsd_name"]?.string?.utf8.count ?? 0) + 4)
                    add(length(of: subsection))
                }
            default: break
            }
        }
        return sum
    }

    /// The bytes of fields none of which is a marker, so that every count is right; nil: there are markers.
    private static func lengthOfPlainFields(_ fields: JSONNode) -> Int? {
        var sum = 0
        var isPlain = true
        fields.forEachElement { field in
            var size: Int?
            var count: Int?
            var hasName = false
            var hasType = false
            field.forEachMember { member, value in
                switch member {
                case "name": hasName = hasName || value.kind == .string
                case "type":
                    hasType = hasType || value.kind == .string
                    if value.isString("nullptr") || value.isString("ptr-marker") { isPlain = false }
                case "size": size = size ?? value.int
                case "array_len": count = count ?? value.int
                case "struct": if value.count == 0 { isPlain = false }
                default: break
                }
            }
            guard hasName, hasType else { return }
            let (total, overflow) = sum.addingReportingOverflow(length(of: size ?? 0, count))
            sum = overflow ? Int.max : total
        }
        return isPlain ? sum : nil
    }

    private static func length(of size: Int, _ count: Int?) -> Int {
        let (product, overflow) = max(size, 0).multipliedReportingOverflow(by: max(count ?? 1, 0))
        return overflow ? Int.max : product
    }
}
