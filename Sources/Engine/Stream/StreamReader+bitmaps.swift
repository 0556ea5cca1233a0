// SPDX-License-Identifier: Apache-2.0

/// Dirty bitmaps of disks.
///
/// Source: QEMU migration/block-dirty-bitmap.c, dirty_bitmap_load().
extension StreamReader {
    private enum BitmapFlag {
        static let end: UInt8 = 0x01
        static let zeroes: UInt8 = 0x02
        static let name: UInt8 = 0x04
        static let node: UInt8 = 0x08
        static let start: UInt8 = 0x10
        static let complete: UInt8 = 0x20
        static let bits: UInt8 = 0x40
        static let extended: UInt8 = 0x80
    }

    /// How many bitmaps there may be.
    private static let maximumBitmaps = 1 << 14
    /// The most bytes that the bits of a chunk are read of.
    private static let maximumBits: UInt64 = 1 << 20

    mutating func dirtyBitmaps(_ content: inout DirtyBitmapContent) throws(VMStateError) {
        while true {
            let offset = input.position
            let flags = try input.byte("a chunk of dirty-bitmap")
            guard flags & BitmapFlag.extended == 0 else {
                throw wrong(offset, "flags below 0x80", "0x\(Hex.text([flags])), extended flags, which no QEMU writes")
            }
            if flags & BitmapFlag.node != 0 { bitmaps.node = try bitmapName("a node's name") }
            if flags & BitmapFlag.name != 0 { bitmaps.name = try bitmapName("a bitmap's name") }
            let action = flags & (BitmapFlag.start | BitmapFlag.complete | BitmapFlag.bits)
            switch action {
            case 0:
                if flags != BitmapFlag.end { noteBitmap(offset, "flags 0x\(Hex.text([flags])) say nothing", .warning) }
            case BitmapFlag.start: try startBitmap(offset, &content)
            case BitmapFlag.complete: try completeBitmap(offset, &content)
            case BitmapFlag.bits:
                let index = try startedBitmap(offset)
                try bits(of: index, isZero: flags & BitmapFlag.zeroes != 0, offset, &content)
            default:
                throw wrong(offset, "one of START (0x10), COMPLETE (0x20) and BITS (0x40)", "0x\(Hex.text([flags]))")
            }
            if action != BitmapFlag.bits, flags & BitmapFlag.zeroes != 0 {
                noteBitmap(offset, "ZEROES (0x02) without BITS (0x40)", .warning)
            }
            if flags & BitmapFlag.end != 0 { return }
        }
    }

    private mutating func noteBitmap(_ offset: Int, _ message: String, _ severity: Rule.Severity = .error) {
        finding(StreamRule.privateFormat, severity, message, at: offset, section: "dirty-bitmap")
    }

    private mutating func bitmapName(_ what: String) throws(VMStateError) -> [UInt8] {
        let offset = input.position
        let name = try input.countedBytes(what)
        guard !name.isEmpty else { throw wrong(offset, what, "an empty one") }
        return name
    }

    /// The names that hold for a chunk.
    private func bitmapKey(_ offset: Int) throws(VMStateError) -> DirtyBitmap.Key {
        guard let node = bitmaps.node, let name = bitmaps.name else {
            throw wrong(
                offset,
                bitmaps.node == nil
                    ? "a node's name, as no chunk before has one" : "a bitmap's name, as no chunk before has one",
                "none"
            )
        }
        return DirtyBitmap.Key(node: node, name: name)
    }

    private func startedBitmap(_ offset: Int) throws(VMStateError) -> Int {
        let key = try bitmapKey(offset)
        guard let index = bitmaps.indexes[key] else {
            throw wrong(offset, "a bitmap that was started", Self.named(key))
        }
        return index
    }

    static func named(_ key: DirtyBitmap.Key) -> String {
        "\"\(String(decoding: key.name, as: UTF8.self).printable)\" "
            + "of node \"\(String(decoding: key.node, as: UTF8.self).printable)\""
    }

    private mutating func startBitmap(_ offset: Int, _ content: inout DirtyBitmapContent) throws(VMStateError) {
        let key = try bitmapKey(offset)
        let granularity = try input.uint32("a bitmap's granularity")
        guard granularity >= 512, granularity & (granularity - 1) == 0 else {
            throw wrong(input.position - 4, "a granularity that is a power of two from 512 on", granularity)
        }
        let flags = try input.byte("a bitmap's flags")
        guard flags & 0xf8 == 0 else { throw wrong(input.position - 1, "bitmap flags 1, 2, 4", flags) }
        if bitmaps.indexes[key] != nil {
            noteBitmap(offset, "bitmap \(Self.named(key)) is started twice")
        }
        guard stream.bitmaps.count < Self.maximumBitmaps else {
            throw wrong(offset, "at most \(Self.maximumBitmaps) bitmaps", "more")
        }
        let index = stream.bitmaps.count
        bitmaps.indexes[key] = index
        stream.bitmaps.append(
            DirtyBitmap(
                key: key,
                granularity: Int(granularity),
                isEnabled: flags & 0x01 != 0,
                isPersistent: flags & 0x02 != 0,
                isAutoloading: flags & 0x04 != 0,
                offset: offset
            )
        )
        content.add(to: index, room: &bitmaps.listRoom) { $0.isStarted = true }
    }

    /// The end of a bitmap, which covers as much of its disk as the others do.
    private mutating func completeBitmap(_ offset: Int, _ content: inout DirtyBitmapContent) throws(VMStateError) {
        let index = try startedBitmap(offset)
        stream.bitmaps[index].isComplete = true
        content.add(to: index, room: &bitmaps.listRoom) { $0.isCompleted = true }
        let bitmap = stream.bitmaps[index]
        let known = bitmaps.sectors[bitmap.key.node] ?? bitmap.sectors
        bitmaps.sectors[bitmap.key.node] = known
        if known != bitmap.sectors {
            noteBitmap(
                offset,
                "bitmap \(Self.named(bitmap.key)) covers \(bitmap.sectors) sectors, another of the node \(known)"
            )
        }
    }

    private mutating func bits(
        of index: Int,
        isZero: Bool,
        _ offset: Int,
        _ content: inout DirtyBitmapContent
    ) throws(VMStateError) {
        let place = input.position
        let first = try input.uint64("a chunk's first sector")
        let sectors = Int(try input.uint32("a chunk's number of sectors"))
        checkPlace(first, sectors, of: stream.bitmaps[index], at: place)
        let granules = stream.bitmaps[index].granules(sectors)
        let needed = (granules + 63) / 64 * 8
        var dirty = 0
        var hash: UInt64 = 0
        if !isZero {
            let length = try input.uint64("the length of a chunk")
            guard length <= Self.maximumBits else {
                throw wrong(input.position - 8, "\(needed) bytes of bits", length)
            }
            let padded = (needed + 31) / 32 * 32
            if !(needed...padded).contains(Int(length)) {
                let granularity = stream.bitmaps[index].granularity
                noteBitmap(
                    input.position - 8,
                    "\(length) bytes of bits, and \(sectors) sectors at a granularity of \(granularity) have \(needed), "
                        + "\(padded) with padding"
                )
            }
            let bits = try input.bytes(Int(length), "the bits of a chunk")
            for byte in bits { dirty += byte.nonzeroBitCount }
            if dirty > 0 { hash = max(1, XXHash64.hash(bits.prefix(needed))) }
        }
        let chunk = DirtyBitmapContent.Chunk(
            range: offset..<input.position,
            first: Int(clamping: first),
            sectors: sectors,
            dirty: dirty,
            hash: hash
        )
        stream.bitmaps[index].add(chunk, keepsHash: bitmaps.hashRoom > 0)
        bitmaps.hashRoom = max(0, bitmaps.hashRoom - 1)
        content.add(to: index, room: &bitmaps.listRoom) { $0.chunks.append(chunk) }
    }

    /// Chunks follow each other, each as long as a chunk may be but the last one.
    private mutating func checkPlace(_ first: UInt64, _ sectors: Int, of bitmap: DirtyBitmap, at offset: Int) {
        let unit = UInt64(64 * bitmap.granularity / DirtyBitmap.sectorSize)
        if first % unit != 0 {
            noteBitmap(
                offset,
                "first sector \(first) is no multiple of \(unit), which 64 bits at a granularity of \(bitmap.granularity) cover"
            )
        } else if first > UInt64(DirtyBitmap.maximumSectors - sectors) {
            noteBitmap(offset, "the \(sectors) sectors from \(first) on are behind the end of any disk")
        } else if let next = bitmap.next, first != UInt64(next) {
            noteBitmap(offset, "first sector \(first), and the chunk before ends at \(next)")
        }
        if sectors > bitmap.chunkSectors {
            noteBitmap(
                offset + 8,
                "\(sectors) sectors, and a chunk has at most \(bitmap.chunkSectors) at a granularity of \(bitmap.granularity)"
            )
        }
    }
}
