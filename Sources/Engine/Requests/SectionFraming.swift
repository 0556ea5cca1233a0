// SPDX-License-Identifier: Apache-2.0

/// The header and the footer of a FULL section around the bytes of a description.
///
/// Source: QEMU migration/savevm.c, save_section_header() and save_section_footer().
struct SectionFraming {
    static let full: UInt8 = 0x04
    static let footer: UInt8 = 0x7e

    private let idstr: String?
    private let instanceID: UInt32
    private let sectionID: UInt32

    /// - Returns: nil when the request asks for the bare fields.
    init?(_ reader: RequestReader) throws(VMStateError) {
        let framing = try reader.string("framing") ?? "fields"
        let numbers = 0...Int(UInt32.max)
        idstr = try reader.string("idstr")
        instanceID = UInt32(truncatingIfNeeded: try reader.integer("instance_id", numbers) ?? 0)
        sectionID = UInt32(truncatingIfNeeded: try reader.integer("section_id", numbers) ?? 0)
        switch framing {
        case "section": break
        case "fields": return nil
        default: throw RequestReader.error("\"framing\": \"fields\" or \"section\"", "\"\(framing)\"")
        }
    }

    /// Header, bytes and footer.
    ///
    /// Without `idstr` the section has the description's name, as one without a device path has.
    func wrap(_ bytes: [UInt8], _ description: VMStateDescription, version: Int?) throws(VMStateError) -> [UInt8] {
        let name = Array((idstr ?? description.name).utf8)
        guard (1...255).contains(name.count) else {
            throw RequestReader.error("\"idstr\": 1 … 255 bytes", "\(name.count) bytes")
        }
        var buffer = ByteBuffer(capacity: bytes.count + name.count + 32, limit: Int.max)
        buffer.append(Self.full)
        buffer.append(bigEndian: sectionID)
        buffer.append(UInt8(name.count))
        buffer.append(contentsOf: name)
        buffer.append(bigEndian: instanceID)
        buffer.append(bigEndian: UInt32(truncatingIfNeeded: version ?? description.versionID))
        buffer.append(contentsOf: bytes)
        buffer.append(Self.footer)
        buffer.append(bigEndian: sectionID)
        return buffer.array()
    }
}
