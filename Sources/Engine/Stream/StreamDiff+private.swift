// SPDX-License-Identifier: Apache-2.0

/// Sections with a format of their own: how a device is cut into sections does not count.
extension StreamDiff {
    /// What all sections of a device say together.
    mutating func contents(_ own: MigrationStream.Section, _ other: MigrationStream.Section) {
        guard own.idstr != "ram", list.occurrence == 0 else { return }
        switch own.idstr {
        case "dirty-bitmap": bitmaps()
        case "block": disks()
        default: summaries(own, other)
        }
    }

    // MARK: Sums

    private mutating func summaries(_ own: MigrationStream.Section, _ other: MigrationStream.Section) {
        let sums = sums ?? (Self.summaries(of: a), Self.summaries(of: b))
        self.sums = sums
        let (first, second) = (sums.a[Self.key(own)] ?? Summary(), sums.b[Self.key(other)] ?? Summary())
        for name in first.names + second.names.filter({ !first.names.contains($0) }) {
            add([name], first.values[name], second.values[name], at: (own.offset, other.offset))
        }
        note("\"\(own.idstr)\", instance \(own.instanceID): only what its records amount to was compared")
    }

    /// What the sections of one device say.
    struct Summary {
        var names: [String] = []
        var values: [String: Int] = [:]
    }

    /// One for all sections of a device.
    private static func key(_ section: MigrationStream.Section) -> SectionKey {
        SectionKey(idstr: section.idstr, instanceID: Int(section.instanceID), kind: .start)
    }

    private static func summaries(of stream: MigrationStream) -> [SectionKey: Summary] {
        var sums: [SectionKey: Summary] = [:]
        for part in stream.sections {
            guard case .summary(let values) = part.content else { continue }
            let key = key(part)
            for (name, number) in values {
                if sums[key, default: Summary()].values[name] == nil {
                    sums[key, default: Summary()].names.append(name)
                }
                sums[key, default: Summary()].values[name, default: 0] &+= number
            }
        }
        return sums
    }

    private mutating func add(_ path: [String], _ left: Int?, _ right: Int?, at offsets: (Int?, Int?) = (nil, nil)) {
        guard left != right else { return }
        list.add(
            .content,
            path: path,
            left.map { .integer($0) } ?? .absent,
            right.map { .integer($0) } ?? .absent,
            at: offsets
        )
    }

    private mutating func add(_ path: [String], _ left: Bool, _ right: Bool, at offsets: (Int?, Int?)) {
        guard left != right else { return }
        list.add(.content, path: path, .boolean(left), .boolean(right), at: offsets)
    }

    // MARK: Dirty bitmaps

    private mutating func bitmaps() {
        // The last one of a name is that which a destination would have.
        let others = Dictionary(b.bitmaps.map { ($0.key, $0) }) { $1 }
        let own = Dictionary(a.bitmaps.map { ($0.key, $0) }) { $1 }
        for bitmap in a.bitmaps where own[bitmap.key]?.offset == bitmap.offset {
            if let other = others[bitmap.key] {
                compare(bitmap, other)
            } else {
                list.add(.content, path: [bitmap.node, bitmap.name], .present, .absent, at: (bitmap.offset, nil))
            }
        }
        for bitmap in b.bitmaps where own[bitmap.key] == nil && others[bitmap.key]?.offset == bitmap.offset {
            list.add(.content, path: [bitmap.node, bitmap.name], .absent, .present, at: (nil, bitmap.offset))
        }
    }

    private mutating func compare(_ own: DirtyBitmap, _ other: DirtyBitmap) {
        let path = [own.node, own.name]
        let offsets = (own.offset, other.offset)
        add(path + ["granularity"], own.granularity, other.granularity, at: offsets)
        add(path + ["enabled"], own.isEnabled, other.isEnabled, at: offsets)
        add(path + ["persistent"], own.isPersistent, other.isPersistent, at: offsets)
        add(path + ["autoload"], own.isAutoloading, other.isAutoloading, at: offsets)
        add(path + ["complete"], own.isComplete, other.isComplete, at: offsets)
        add(path + ["sectors"], own.sectors, other.sectors, at: offsets)
        guard own.granularity == other.granularity else {
            return note(
                "bitmap \"\(own.name)\" of node \"\(own.node)\": bits of different granularities were not compared"
            )
        }
        guard own.digest != other.digest else { return }
        let chunks = differingChunks(own, other)
        list.add(
            .bitmapBits,
            path: path,
            .integer(own.dirty),
            .integer(other.dirty),
            at: offsets,
            first: chunks?.ranges.first?.lowerBound,
            differing: chunks?.count,
            ranges: chunks?.ranges ?? []
        )
    }

    /// Where on the disk the chunks are that differ; nil: that is not known.
    private func differingChunks(_ own: DirtyBitmap, _ other: DirtyBitmap) -> (count: Int, ranges: [Range<Int>])? {
        guard let left = own.hashes, let right = other.hashes else { return nil }
        let size = own.chunkSectors * DirtyBitmap.sectorSize
        let end = max(own.sectors, other.sectors) * DirtyBitmap.sectorSize
        let places = (0..<max(left.count, right.count)).filter { index in
            (index < left.count ? left[index] : 0) != (index < right.count ? right[index] : 0)
        }
        return (places.count, Self.ranges(places.map { $0 * size..<$0 * size + min(size, end - $0 * size) }))
    }

    /// Ranges in order, those joined that touch.
    private static func ranges(_ all: [Range<Int>]) -> [Range<Int>] {
        all.reduce(into: []) { ranges, range in
            if let last = ranges.last, last.upperBound == range.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
            } else {
                ranges.append(range)
            }
        }
    }

    // MARK: Disks

    private mutating func disks() {
        let others = Dictionary(b.disks.map { ($0.name, $0) }) { $1 }
        for disk in a.disks {
            if let other = others[disk.name] {
                compare(disk, other)
            } else {
                list.add(.content, path: [disk.text], .present, .absent)
            }
        }
        let own = Set(a.disks.map(\.name))
        for disk in b.disks where !own.contains(disk.name) {
            list.add(.content, path: [disk.text], .absent, .present)
        }
        if options.contents == nil, !a.disks.isEmpty, !b.disks.isEmpty {
            note("the contents of disks were not compared")
        }
    }

    private mutating func compare(_ own: MigratedDisk, _ other: MigratedDisk) {
        add([own.text, "blocks"], own.blocks, other.blocks)
        add([own.text, "zero_blocks"], own.zeroBlocks, other.zeroBlocks)
        guard !own.isUnknown, !other.isUnknown else {
            return note("disk \"\(own.text)\" has more blocks than are kept hashes of: contents were not compared")
        }
        let differing = Set(own.hashes.keys).union(other.hashes.keys).filter { own.hashes[$0] != other.hashes[$0] }
            .sorted()
        guard let first = differing.first else { return }
        let unit = MigratedDisk.blockSectors
        let ranges = Self.ranges(differing.map { $0 * 512..<($0 + unit) * 512 })
        list.add(
            .diskContent,
            path: [own.text],
            .present,
            .present,
            first: first * 512,
            differing: differing.count,
            ranges: ranges
        )
    }
}
