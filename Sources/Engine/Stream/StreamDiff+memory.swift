// SPDX-License-Identifier: Apache-2.0

/// Guest memory.
extension StreamDiff {
    /// Blocks by name: lengths, records, and contents where they were collected.
    mutating func memory() {
        list.section = "ram"
        list.instanceID = nil
        list.occurrence = 0
        let others = Dictionary(b.blocks.map { ($0.idstr, $0) }) { first, _ in first }
        let names = Set(a.blocks.map(\.idstr))
        for block in a.blocks {
            guard let other = others[block.idstr] else {
                list.add(.ramBlock, path: [block.idstr], .integer(block.size), .absent)
                continue
            }
            compare(block, other)
        }
        for block in b.blocks where !names.contains(block.idstr) {
            list.add(.ramBlock, path: [block.idstr], .absent, .integer(block.size))
        }
        contents()
    }

    private mutating func compare(_ own: RAMBlock, _ other: RAMBlock) {
        func compare(_ kind: StreamDifference.Kind, _ name: String, _ left: Int?, _ right: Int?) {
            guard left != right else { return }
            list.add(
                kind,
                path: [own.idstr, name],
                left.map { .integer($0) } ?? .absent,
                right.map { .integer($0) } ?? .absent
            )
        }
        compare(.ramBlock, "size", own.size, other.size)
        compare(.ramBlock, "page_size", own.pageSize, other.pageSize)
        compare(.ramPages, "zero", own.counts.zero, other.counts.zero)
        compare(.ramPages, "normal", own.counts.normal, other.counts.normal)
        compare(.ramPages, "xbzrle", own.counts.xbzrle, other.counts.xbzrle)
        compare(.ramPages, "compressed", own.counts.compressed, other.counts.compressed)
        compare(.ramPages, "sent", own.pagesSent, other.pagesSent)
    }

    // MARK: Contents

    private mutating func contents() {
        guard let (first, second) = options.contents else {
            if !a.blocks.isEmpty, !b.blocks.isEmpty { note("the contents of guest memory were not compared") }
            return
        }
        let others = Dictionary(second.blocks.map { ($0.idstr, $0) }) { first, _ in first }
        for block in first.blocks {
            guard let other = others[block.idstr] else { continue }
            compare(block, other)
        }
    }

    private mutating func compare(_ own: RAMPageHashes.Block, _ other: RAMPageHashes.Block) {
        let name = "the contents of block \"\(own.idstr)\" were not compared"
        if let gap = own.gap ?? other.gap { return note("\(name): \(gap)") }
        let sides = (own.hashes.isEmpty, other.hashes.isEmpty)
        guard !sides.0, !sides.1 else {
            if sides != (true, true) { note("\(name): no page of it came in \(sides.0 ? "A" : "B")") }
            return
        }
        guard own.pageSize == other.pageSize else {
            return note("\(name): pages of \(own.pageSize) and of \(other.pageSize) bytes")
        }
        var differing = 0
        var unknown = 0
        var ranges: [Range<Int>] = []
        for page in 0..<min(own.hashes.count, other.hashes.count) {
            let (left, right) = (own.hashes[page], other.hashes[page])
            if left == RAMPageHashes.unknown || right == RAMPageHashes.unknown {
                unknown += 1
            } else if left != right {
                differing += 1
                let start = page * own.pageSize
                if let last = ranges.last, last.upperBound == start {
                    ranges[ranges.count - 1] = last.lowerBound..<start + own.pageSize
                } else {
                    ranges.append(start..<start + own.pageSize)
                }
            }
        }
        result.pagesCompared += min(own.hashes.count, other.hashes.count) - unknown
        if unknown > 0 {
            note("\(unknown) pages of block \"\(own.idstr)\" were not compared: they came as differences")
        }
        guard let first = ranges.first?.lowerBound else { return }
        list.add(
            .ramContent,
            path: [own.idstr],
            .present,
            .present,
            first: first,
            differing: differing,
            ranges: ranges
        )
    }
}
