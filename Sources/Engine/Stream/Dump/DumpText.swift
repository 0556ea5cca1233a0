// SPDX-License-Identifier: Apache-2.0

/// Writes what was read by a dump as a VMSD: each field is a buffer of as many bytes as it had.
struct DumpText {
    private let descriptions: [VMStateDescription]
    private let trail: [(step: DumpReading.Step, position: Int)]

    init(_ descriptions: [VMStateDescription], _ trail: [(step: DumpReading.Step, position: Int)]) {
        self.descriptions = descriptions
        self.trail = trail
    }

    func vmsd() -> [UInt8] {
        var at = 0
        return object(&at)
    }

    /// The description that is opened at `at`, which moves behind its end.
    private func object(_ at: inout Int) -> [UInt8] {
        guard at < trail.count, case .open(let id, let version, let isSubsection) = trail[at].step else { return [] }
        at += 1
        var fields: [[UInt8]] = []
        var subsections: [[UInt8]] = []
        walk: while at < trail.count {
            switch trail[at].step {
            case .absent(let place):
                let members = "\"info\": \"buffer\", \"size\": 0, \"field_exists\": false"
                if let field = field(place) { fields.append(Self.field(field.name, members)) }
            case .bytes(let place, let length): if let field = field(place) { fields.append(Self.bytes(field, length)) }
            case .begin(let place): if let field = field(place) { fields.append(elements(field, &at)) }
            case .open:
                subsections.append(object(&at))
                continue walk
            case .end: break
            case .close:
                at += 1
                break walk
            }
            at += 1
        }
        var text = Array("{\"name\": ".utf8) + JSONObjectWriter.string(descriptions[id].name)
        text += Array(", \"version_id\": \(version)".utf8)
        // It was sent; whether it is sent again the state says.
        if isSubsection { text += Array(", \"needed\": \"was_sent\"".utf8) }
        text += Array(", \"fields\": [".utf8) + Array(fields.joined(separator: Array(", ".utf8)))
        text += Array("], \"subsections\": [".utf8) + Array(subsections.joined(separator: Array(", ".utf8)))
        return text + Array("]}".utf8)
    }

    private func field(_ place: DumpReading.Place) -> VMStateField? {
        descriptions[place.description].fields?[place.index]
    }

    private static func field(_ name: String, _ members: String) -> [UInt8] {
        Array("{\"name\": ".utf8) + JSONObjectWriter.string(name) + Array(", \(members)}".utf8)
    }

    /// An array is one of buffers, but for one of single bytes.
    private static func bytes(_ field: VMStateField, _ length: Int) -> [UInt8] {
        var size = length
        if field.flags.contains(.array), case .number(let own)? = field.size, own > 1 { size = own }
        guard size < length else { return Self.field(field.name, "\"info\": \"buffer\", \"size\": \(length)") }
        return Self.field(
            field.name,
            "\"info\": \"buffer\", \"size\": \(size), \"flags\": [\"VMS_ARRAY\"], \"num\": \(length / size)"
        )
    }

    /// The elements of a field with a description, up to its end.
    private func elements(_ field: VMStateField, _ at: inout Int) -> [UInt8] {
        let start = trail[at].position
        at += 1
        var objects: [[UInt8]] = []
        while at < trail.count, case .open = trail[at].step { objects.append(object(&at)) }
        let length = at < trail.count ? trail[at].position - start : 0
        guard let first = objects.first, objects.allSatisfy({ $0 == first }) else {
            // Elements of different layout have no VMSD in common.
            return Self.field(field.name, "\"info\": \"buffer\", \"size\": \(length)")
        }
        let head = Array("{\"name\": ".utf8) + JSONObjectWriter.string(field.name)
        let flags = "\"flags\": [\"VMS_STRUCT\", \(field.flags.contains(.array) ? "\"VMS_ARRAY\"" : "\"VMS_SINGLE\"")]"
        let count = field.flags.contains(.array) ? ", \"num\": \(objects.count)" : ""
        return head + Array(", \(flags)\(count), \"vmsd\": ".utf8) + first + Array("}".utf8)
    }
}
