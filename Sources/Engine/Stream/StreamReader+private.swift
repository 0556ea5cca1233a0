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
}
