// SPDX-License-Identifier: Apache-2.0

/// Disks that are sent with the memory.
///
/// Source: QEMU 7.2 migration/block.c, block_load().
extension StreamReader {
    private enum DiskFlag {
        static let block: UInt64 = 0x01
        static let end: UInt64 = 0x02
        static let progress: UInt64 = 0x04
        static let zero: UInt64 = 0x08
    }

    /// How many disks there may be.
    private static let maximumDisks = 1 << 14

    mutating func diskBlocks(_ content: inout DiskContent) throws(VMStateError) {
        while true {
            let offset = input.position
            let word = try input.uint64("a record of block")
            let flags = word & 0x1ff
            if flags & DiskFlag.block != 0 {
                try diskBlock(word >> 9, isZero: flags & DiskFlag.zero != 0, offset, &content)
            } else if flags & DiskFlag.progress != 0 {
                content.progress = Int(word >> 9)
            } else if flags & DiskFlag.end == 0 {
                throw wrong(offset, "flags 1, 2 or 4", flags)
            }
            if flags & DiskFlag.end != 0 { return }
        }
    }

    private mutating func diskBlock(
        _ sector: UInt64,
        isZero: Bool,
        _ offset: Int,
        _ content: inout DiskContent
    ) throws(VMStateError) {
        let name = try input.countedBytes("a block device's name")
        guard !name.isEmpty else { throw wrong(offset + 8, "a block device's name", "an empty one") }
        if sector % UInt64(MigratedDisk.blockSectors) != 0 {
            finding(
                StreamRule.privateFormat,
                .error,
                "sector \(sector) is no multiple of \(MigratedDisk.blockSectors), which a record has",
                at: offset,
                section: "block"
            )
        }
        let isInside = sector <= UInt64(DirtyBitmap.maximumSectors - MigratedDisk.blockSectors)
        if !isInside {
            finding(
                StreamRule.privateFormat,
                .error,
                "sector \(sector) is behind the end of any disk",
                at: offset,
                section: "block"
            )
        }
        let index = try disk(name, offset)
        var hash: UInt64 = 0
        if !isZero {
            let what = "1 MiB of a block device"
            if options.hashesDisks {
                hash = max(1, XXHash64.hash(try input.bytes(MigratedDisk.blockSize, what)[...]))
            } else {
                try input.drop(MigratedDisk.blockSize, what)
            }
        }
        stream.disks[index].blocks += 1
        if isZero { stream.disks[index].zeroBlocks += 1 }
        if options.hashesDisks, isInside { keep(hash, at: Int(sector), of: index) }
        content.add(to: index, isZero: isZero, room: &disks.listRoom)
    }

    private mutating func disk(_ name: [UInt8], _ offset: Int) throws(VMStateError) -> Int {
        if let index = disks.indexes[name] { return index }
        guard stream.disks.count < Self.maximumDisks else {
            throw wrong(offset, "at most \(Self.maximumDisks) block devices", "more")
        }
        disks.indexes[name] = stream.disks.count
        stream.disks.append(MigratedDisk(name: name))
        return stream.disks.count - 1
    }

    /// Keeps the last content of a block.
    private mutating func keep(_ hash: UInt64, at sector: Int, of index: Int) {
        if stream.disks[index].hashes.updateValue(hash, forKey: sector) != nil { return }
        disks.hashRoom -= 1
        if disks.hashRoom < 0 {
            stream.disks[index].isUnknown = true
            stream.disks[index].hashes[sector] = nil
            disks.hashRoom = 0
        }
    }
}
