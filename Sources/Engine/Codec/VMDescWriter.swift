// SPDX-License-Identifier: Apache-2.0

/// Writes the description beside the bytes, in the text format of QEMU's own writer.
///
/// Source: QEMU qobject/json-writer.c, migration/vmstate.c.
struct VMDescWriter {
    private(set) var text: [UInt8] = []
    /// Whether something is already written, for each object and array that is open.
    private var hasContent = [false]
    /// Below 0 nothing is written: the element is described by another one.
    private var silence = 0
    /// Whether a list of subsections is open, for each description.
    private var hasSubsections: [Bool] = []

    /// The most text that is kept.
    static let limit = 64 << 20

    // MARK: Text

    private mutating func separate() {
        if hasContent[hasContent.count - 1] { text += [UInt8(ascii: ","), UInt8(ascii: " ")] }
        hasContent[hasContent.count - 1] = true
    }

    private mutating func key(_ name: String) {
        separate()
        text += Array("\"\(name)\": ".utf8)
    }

    private mutating func open(_ bracket: Character) {
        text += Array(String(bracket).utf8)
        hasContent.append(false)
    }

    private mutating func close(_ bracket: Character) {
        hasContent.removeLast()
        text += Array(String(bracket).utf8)
    }

    private mutating func member(_ name: String, _ value: Int) {
        key(name)
        text += Array(String(value).utf8)
    }

    private mutating func member(_ name: String, _ value: String) {
        key(name)
        text.append(UInt8(ascii: "\""))
        text += Self.escape(value)
        text.append(UInt8(ascii: "\""))
    }

    /// QEMU's writer makes pure ASCII.
    private static func escape(_ string: String) -> [UInt8] {
        string.utf16.flatMap { unit -> [UInt8] in
            switch unit {
            case 0x22, 0x5c: [UInt8(ascii: "\\"), UInt8(unit)]
            case 0x08: Array("\\b".utf8)
            case 0x0c: Array("\\f".utf8)
            case 0x0a: Array("\\n".utf8)
            case 0x0d: Array("\\r".utf8)
            case 0x09: Array("\\t".utf8)
            case 0x20..<0x7f: [UInt8(unit)]
            default:
                Array(
                    ("\\u" + String(repeating: "0", count: 4 - String(unit, radix: 16).count)
                        + String(unit, radix: 16, uppercase: true)).utf8
                )
            }
        }
    }

    // MARK: Descriptions

    private var isSilent: Bool { silence > 0 }

    /// Whether more text was made than is kept; the encoder stops then.
    var isOverLimit: Bool { text.count > Self.limit }

    /// The members that describe a description, into the object that is open.
    mutating func begin(_ name: String, version: Int) {
        hasSubsections.append(false)
        guard !isSilent else { return }
        member("vmsd_name", name)
        member("version", version)
        key("fields")
        open("[")
    }

    mutating func endFields() {
        if !isSilent { close("]") }
    }

    mutating func beginSubsection() {
        guard !isSilent, let last = hasSubsections.indices.last else { return }
        if hasSubsections[last] {
            separate()
        } else {
            hasSubsections[last] = true
            key("subsections")
            open("[")
            hasContent[hasContent.count - 1] = true
        }
        open("{")
    }

    mutating func endSubsection() {
        if !isSilent { close("}") }
    }

    mutating func endSubsections() {
        if !isSilent, hasSubsections.last == true { close("]") }
    }

    mutating func end() {
        hasSubsections.removeLast()
    }

    // MARK: Fields

    /// Opens the object of a field, or of an element of one.
    mutating func open(
        _ program: Program,
        _ index: Int,
        _ plan: Int,
        count: Int? = nil,
        element: Int? = nil,
        marker: Bool = false
    ) {
        guard !isSilent, let fields = program.descriptions[plan].fields else { return }
        let step = program.steps[index]
        let field = fields[step.field]
        separate()
        open("{")
        let unique = program.plans[plan].fieldNames[step.field]
        // The marker of a NULL pointer is not in the list of fields itself.
        let name = marker && unique != field.name ? "\(field.name)[-1]" : unique
        member("name", name)
        if let count, count > 1 {
            if element == nil { member("array_len", count) }
        }
        if let element { member("index", element) }
        if marker {
            member("type", program.dialect.vmdescArrays == .v10 ? "nullptr" : "ptr-marker")
        } else if field.flags.contains(.struct) {
            member("type", "struct")
            key("struct")
            open("{")
            isStruct.append(true)
            return
        } else {
            member("type", field.flags.contains(.vstruct) ? "vstruct" : field.info?.name ?? "unknown")
        }
        isStruct.append(false)
    }

    private var isStruct: [Bool] = []

    mutating func close(size: Int) {
        guard !isSilent, let isStruct = isStruct.popLast() else { return }
        if isStruct { close("}") }
        member("size", size)
        close("}")
    }

    mutating func mute() { silence += 1 }
    mutating func unmute() { silence -= 1 }
}
