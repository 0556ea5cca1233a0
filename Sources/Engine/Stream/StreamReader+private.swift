// SPDX-License-Identifier: Apache-2.0

/// Sections whose format is private to their device.
extension StreamReader {
    /// Those of which there is one.
    static let singular: Set<String> = ["ram", "dirty-bitmap", "block", "s390-storage_attributes"]

    /// The version of each private format, of which there never was another.
    private static func version(of idstr: String) -> UInt32? {
        switch idstr {
        case "dirty-bitmap", "block", "spapr/htab", "s390-skeys", "todclock": 1
        case "s390-storage_attributes": 0
        default: nil
        }
    }

    /// Notes a version that a private format does not have; that of RAM is looked at where RAM is read.
    mutating func checkVersion(_ version: UInt32, of idstr: String, at offset: Int) {
        let isVFIO = idstr == "vfio" || idstr.hasSuffix("/vfio")
        guard let known = isVFIO ? 1 : Self.version(of: idstr), version != known else { return }
        finding(
            StreamRule.version,
            .error,
            "expected version \(known) of \(isVFIO ? "vfio" : idstr), found \(version)",
            at: offset,
            section: idstr
        )
    }

    mutating func privateSection(_ section: inout MigrationStream.Section) throws(VMStateError) {
        switch section.idstr {
        case "dirty-bitmap":
            var content = DirtyBitmapContent()
            defer { section.content = .bitmaps(content) }
            try dirtyBitmaps(&content)
        case "block":
            var content = DiskContent()
            defer { section.content = .disks(content) }
            try diskBlocks(&content)
        case "spapr/htab": section.content = try hashTable(isStart: section.kind == .start)
        case "s390-storage_attributes": section.content = try storageAttributes()
        case let name where name == "vfio" || name.hasSuffix("/vfio"): section.content = try vfio()
        default:
            // Nothing describes it: the footer says where it ends.
            guard let size = try findFooter(of: section.sectionID, from: 0) else {
                throw VMStateError(
                    .streamInvalid,
                    at: input.position,
                    expected: "a section whose format is known, or a footer behind it",
                    found: "\"\(section.idstr)\"",
                    rule: StreamRule.noDescription
                )
            }
            section.isMeasured = false
            if section.kind == .start {
                finding(
                    StreamRule.undescribed,
                    .warning,
                    "the format of the section is not known: it ends at its footer",
                    at: section.offset,
                    section: section.idstr
                )
            }
            try input.drop(size, "section \"\(section.idstr)\"")
        }
    }

    func wrong(_ offset: Int, _ expected: String, _ found: some CustomStringConvertible) -> VMStateError {
        VMStateError(
            .streamInvalid,
            at: offset,
            expected: expected,
            found: "\(found)",
            rule: StreamRule.privateFormat
        )
    }

    /// Source: QEMU hw/ppc/spapr.c, htab_load().
    private mutating func hashTable(isStart: Bool) throws(VMStateError) -> PrivateContent {
        let offset = input.position
        let head = try input.uint32("the head of spapr/htab")
        if isStart {
            guard head == .max || (18...46).contains(head) else {
                throw wrong(offset, "log2 of the table's size, 18 … 46, or 0xffffffff", head)
            }
            return .summary([("shift", head == .max ? -1 : Int(head))])
        }
        if head == .max { return .summary([]) }
        guard head == 0 else { throw wrong(offset, "0 or 0xffffffff before the chunks of spapr/htab", head) }
        var entries = 0
        while true {
            let index = try input.uint32("a chunk of spapr/htab")
            let valid = Int(try input.uint16("a chunk of spapr/htab"))
            let invalid = Int(try input.uint16("a chunk of spapr/htab"))
            if index == 0, valid == 0, invalid == 0 { break }
            try input.drop(valid * 16, "\(valid) entries of spapr/htab")
            entries += valid
        }
        return .summary([("entries", entries)])
    }

    /// Source: QEMU hw/s390x/s390-stattrib.c, cmma_load().
    private mutating func storageAttributes() throws(VMStateError) -> PrivateContent {
        var values = 0
        while true {
            let offset = input.position
            let flags = try input.uint64("a record of s390-storage_attributes") & 0xfff
            switch flags {
            case 0x02:
                let count = try input.uint64("a number of storage attributes")
                guard count <= 1 << 40 else { throw wrong(input.position - 8, "a number of attributes", count) }
                try input.drop(Int(count), "storage attributes")
                values += Int(count)
            case 0x08: break
            case 0x01: return .summary([("values", values)])
            case 0x04: throw wrong(offset, "storage attributes", "the mark of an error of the sender")
            default: throw wrong(offset, "flags 1, 2, 4 or 8", flags)
            }
        }
    }

    /// Source: QEMU hw/vfio/migration.c, vfio_load_state().
    private mutating func vfio() throws(VMStateError) -> PrivateContent {
        var bytes = 0
        while true {
            let offset = input.position
            let tag = try input.uint64("a tag of vfio")
            switch tag {
            case 0xffff_ffff_ef10_0003: break
            case 0xffff_ffff_ef10_0004:
                let length = try input.uint64("the length of vfio data")
                guard length < 1 << 62 else { throw wrong(input.position - 8, "a length", length) }
                try input.drop(Int(length), "vfio data")
                bytes += Int(length)
            case 0xffff_ffff_ef10_0001, 0xffff_ffff_ef10_0005, 0xffff_ffff_ef10_0006:
                return .summary([("bytes", bytes)])
            default: throw wrong(offset, "a tag of vfio", "0x\(String(tag, radix: 16))")
            }
        }
    }

    // MARK: FULL sections

    /// How long a FULL section is whose format says it; nil: it is none of these.
    ///
    /// - Parameters:
    ///   - idstr: of the section.
    ///   - size: how long it is known to be; nil: not known.
    /// - Returns: the length.
    /// - Throws: what the section's loader refuses; nothing is read on.
    mutating func privateLength(_ idstr: String, _ size: Int? = nil) throws(VMStateError) -> Int? {
        switch idstr {
        case "s390-skeys": try storageKeysLength(size)
        case "todclock": try clockLength(size)
        default: nil
        }
    }

    /// Source: QEMU hw/s390x/s390-skeys.c, s390_storage_keys_load().
    private mutating func storageKeysLength(_ size: Int?) throws(VMStateError) -> Int {
        var length = 0
        while true {
            try look(length, 8, "a record of s390-skeys", size)
            let flags = input.word64(ahead: length) & 0xfff
            switch flags {
            case 0x01: return length + 8
            case 0x02:
                try look(length + 8, 8, "a number of storage keys", size)
                let count = input.word64(ahead: length + 8)
                guard count <= 1 << 40 else { throw wrong(input.position + length + 8, "a number of keys", count) }
                length += 16 + Int(count)
            case 0x04: throw wrong(input.position + length, "storage keys", "the mark of an error of the sender")
            default: throw wrong(input.position + length, "flags 1, 2 or 4", flags)
            }
        }
    }

    /// Source: QEMU hw/s390x/tod.c, s390_tod_load().
    private mutating func clockLength(_ size: Int?) throws(VMStateError) -> Int {
        try look(0, 1, "todclock", size)
        switch input[0] {
        case 0: return 1
        case 1: return 10
        default: throw wrong(input.position, "0, no clock, or 1", input[0])
        }
    }

    /// Has bytes of a section in the window.
    private mutating func look(_ ahead: Int, _ count: Int, _ what: String, _ size: Int?) throws(VMStateError) {
        if let size, ahead + count > size { throw wrong(input.position + ahead, what, "the end of the section") }
        guard try input.has(ahead + count) else { throw input.truncated(count, what, at: input.position + ahead) }
    }

    /// Notes that a payload of known length is not what its format says.
    mutating func checkFormat(of section: MigrationStream.Section, _ size: Int) throws(VMStateError) {
        do throws(VMStateError) {
            guard let length = try privateLength(section.idstr, size), length != size else { return }
            throw wrong(input.position, "\(length) bytes of \"\(section.idstr)\"", "a section of \(size)")
        } catch {
            guard !error.isOfSystem else { throw error }
            var error = error
            error.section = section.idstr
            note(error)
        }
    }
}
