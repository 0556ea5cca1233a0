// SPDX-License-Identifier: Apache-2.0

/// What a section holds whose format is its own.
enum PrivateContent: Sendable {
    /// Numbers and texts by name, in the order of the bytes.
    case summary([(name: String, value: Value)])

    enum Value: Sendable {
        case integer(Int)
        case text(String)
        case texts([String])
    }
}

/// Sections whose format is private to their device.
extension StreamReader {
    /// How many names a summary lists.
    private static let maximumNames = 256

    /// Those of which there is one.
    static let singular: Set<String> = ["ram", "dirty-bitmap", "block", "s390-storage_attributes"]

    mutating func privateSection(_ section: inout MigrationStream.Section) throws(VMStateError) {
        switch section.idstr {
        case "dirty-bitmap": section.content = try dirtyBitmap()
        case "block": section.content = try blockDevices()
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

    private func wrong(_ offset: Int, _ expected: String, _ found: some CustomStringConvertible) -> VMStateError {
        VMStateError(
            .streamInvalid,
            at: offset,
            expected: expected,
            found: "\(found)",
            rule: StreamRule.privateFormat
        )
    }

    /// Source: QEMU migration/block-dirty-bitmap.c, dirty_bitmap_load().
    private mutating func dirtyBitmap() throws(VMStateError) -> PrivateContent {
        var names: [String] = []
        var chunks = 0
        var bytes = 0
        while true {
            let offset = input.position
            let flags = try input.byte("a chunk of dirty-bitmap")
            guard flags & 0x80 == 0 else { throw wrong(offset, "flags below 0x80", "0x\(Hex.text([flags]))") }
            for (flag, what) in [(0x08, "a node's name"), (0x04, "a bitmap's name")] as [(UInt8, String)]
            where flags & flag != 0 {
                let name = try input.countedString(what)
                if names.count < Self.maximumNames { names.append(name) }
            }
            if flags & 0x10 != 0 {
                let granularity = try input.uint32("a bitmap's granularity")
                guard granularity >= 512, granularity & (granularity - 1) == 0 else {
                    throw wrong(input.position - 4, "a granularity that is a power of two from 512 on", granularity)
                }
                let kind = try input.byte("a bitmap's flags")
                guard kind & 0xf8 == 0 else { throw wrong(input.position - 1, "bitmap flags 1, 2, 4", kind) }
            }
            if flags & 0x40 != 0 {
                _ = try input.uint64("a chunk's first sector")
                _ = try input.uint32("a chunk's number of sectors")
                if flags & 0x02 == 0 {
                    let length = try input.uint64("the length of a chunk")
                    guard length <= 1 << 20 else { throw wrong(input.position - 8, "at most 1 MiB of bits", length) }
                    try input.drop(Int(length), "the bits of a chunk")
                    bytes += Int(length)
                }
                chunks += 1
            }
            if flags & 0x01 != 0 { break }
        }
        return .summary([("names", .texts(names)), ("chunks", .integer(chunks)), ("bytes", .integer(bytes))])
    }

    /// Source: QEMU 7.2 migration/block.c, block_load().
    private mutating func blockDevices() throws(VMStateError) -> PrivateContent {
        var devices: [String] = []
        var known: Set<String> = []
        var blocks = 0
        while true {
            let offset = input.position
            let flags = try input.uint64("a record of block") & 0x1ff
            if flags & 0x01 != 0 {
                let name = try input.countedString("a block device's name")
                if devices.count < Self.maximumNames, known.insert(name).inserted { devices.append(name) }
                if flags & 0x08 == 0 { try input.drop(1 << 20, "1 MiB of \"\(name)\"") }
                blocks += 1
            } else if flags & 0x06 == 0 {
                throw wrong(offset, "flags 1, 2 or 4", flags)
            }
            if flags & 0x02 != 0 { break }
        }
        return .summary([("devices", .texts(devices)), ("blocks", .integer(blocks))])
    }

    /// Source: QEMU hw/ppc/spapr.c, htab_load().
    private mutating func hashTable(isStart: Bool) throws(VMStateError) -> PrivateContent {
        let offset = input.position
        let head = try input.uint32("the head of spapr/htab")
        if isStart {
            guard head == .max || (18...46).contains(head) else {
                throw wrong(offset, "log2 of the table's size, 18 … 46, or 0xffffffff", head)
            }
            return .summary([("shift", .integer(head == .max ? -1 : Int(head)))])
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
        return .summary([("entries", .integer(entries))])
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
            case 0x01: return .summary([("values", .integer(values))])
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
                return .summary([("bytes", .integer(bytes))])
            default: throw wrong(offset, "a tag of vfio", "0x\(String(tag, radix: 16))")
            }
        }
    }
}
