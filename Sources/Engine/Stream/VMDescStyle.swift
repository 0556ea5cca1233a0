// SPDX-License-Identifier: Apache-2.0

/// Which generation of QEMU wrote a vmdesc, as far as its arrays show it.
///
/// Up to 9.x each of several elements has its `index`, in 10.x the last one has none, and in 11.1 none has one.
///
/// Source: QEMU migration/vmstate.c, vmstate_save_state_v() of 7.2, 10.0 and 11.1.
struct VMDescStyle {
    /// nil: no array shows it.
    private(set) var arrays: Dialect.VMDescArrays?

    init(_ devices: DeviceDescriptions) {
        for device in devices.all where arrays == nil { visit(device.node) }
        // A configuration is described since 8.2.
        if arrays == nil, devices.configuration == nil { arrays = .v7 }
    }

    private mutating func visit(_ node: JSONNode) {
        for member in node.members where arrays == nil {
            switch member.name {
            case "fields": visit(fields: member.value.elements)
            case "subsections": for subsection in member.value.elements { visit(subsection) }
            default: break
            }
        }
    }

    private mutating func visit(fields: [JSONNode]) {
        var previous: JSONNode?
        // The index of the last entry of each array, once it is asked for.
        var last: [String?: Int?]?
        for field in fields where arrays == nil {
            switch field["type"]?.string {
            case "nullptr": arrays = .v10
            case "ptr-marker": arrays = .v11
            case "struct":
                if let previous, previous["name"]?.string == field["name"]?.string {
                    switch (previous["index"], field["index"]) {
                    case (nil, nil): if previous["array_len"] == nil { arrays = .v11 }
                    case (_?, nil): arrays = .v10
                    case (_, let index?):
                        // With its own index the last element is one of up to 9.x.
                        let known = last ?? Self.lastIndexes(fields)
                        last = known
                        if known[field["name"]?.string] == .some(index.int) { arrays = .v7 }
                    }
                }
                if let child = field["struct"] { visit(child) }
            default: visit(field)
            }
            previous = field
        }
    }

    private static func lastIndexes(_ fields: [JSONNode]) -> [String?: Int?] {
        Dictionary(fields.map { ($0["name"]?.string, $0["index"]?.int) }) { _, later in later }
    }
}
