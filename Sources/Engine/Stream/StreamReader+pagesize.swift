// SPDX-License-Identifier: Apache-2.0

/// The target's page size where neither the vmdesc nor the configuration gives it.
///
/// The flags of a RAM record are the part of a word below the page size, so records cannot be read without it.
extension StreamReader {
    /// The page sizes that targets have, the likeliest first.
    private static let pageSizes = [4096, 1024, 8192, 16384, 65536, 256, 2048, 32768]
    /// How many records are looked at, and how far ahead.
    private static let maximumRecords = 4096
    private static let maximumAhead = 1 << 20

    /// Does what comes before the first page record while the page size is not known: reads a block list, whose flag any page
    /// size leaves alone, and else finds the page size.
    ///
    /// - Returns: whether a block list was read, so that another record is next.
    mutating func isBeforePages(_ word: UInt64) throws(VMStateError) -> Bool {
        if word & 0xff == 0x04 {
            try blockList(total: Int(truncatingIfNeeded: word & ~0xff))
            return true
        }
        guard !ram.isProbed, word != UInt64(RAMFlag.end), word != UInt64(RAMFlag.flush) else { return false }
        try probePageSize()
        return false
    }

    /// Chooses the page size with which the records ahead can be read.
    ///
    /// Of several the one wins that most pages are apart from the page before, since QEMU sends pages in order.
    private mutating func probePageSize() throws(VMStateError) {
        ram.isProbed = true
        var best: (size: Int, steps: Int)?
        var others = 0
        for size in Self.pageSizes where ram.sizes & (size - 1) == 0 {
            guard let steps = try steps(pageSize: size) else { continue }
            if let known = best, known.steps >= steps {
                others = max(others, known.steps == steps ? 1 : 0)
            } else {
                best = (size, steps)
                others = 0
            }
        }
        guard let best else { return }
        moveSent(to: best.size)
        ram.pageSize = best.size
        // Sizes between which the records ahead do not decide are weighed again in the next section.
        if others == 0 {
            ram.isPageSizeKnown = true
            stream.pageSize = best.size
        }
    }

    /// Keeps what is known of pages that came, for another page size.
    private mutating func moveSent(to size: Int) {
        guard size != ram.pageSize, !ram.sent.isEmpty else { return }
        let old = (ram.sent, ram.pageSize)
        ram.pageSize = size
        prepareSent()
        for (block, words) in old.0.enumerated() {
            for (index, word) in words.enumerated() where word != 0 {
                for bit in 0..<64 where word >> UInt64(bit) & 1 != 0 {
                    let page = (index * 64 + bit) * old.1 / size
                    if page >> 6 < ram.sent[block].count { ram.sent[block][page >> 6] |= 1 << UInt64(page & 63) }
                }
            }
        }
    }

    /// Reads the records ahead as if pages had this size.
    ///
    /// - Returns: how many pages come directly behind the page before them; nil where a record cannot be one.
    private mutating func steps(pageSize: Int) throws(VMStateError) -> Int? {
        var ahead = 0
        var block = ram.last
        var next = -1
        var steps = 0
        for _ in 0..<Self.maximumRecords {
            guard ahead < Self.maximumAhead, try input.has(ahead + 8) else { return steps }
            let word = input.word64(ahead: ahead)
            let flags = Int(word & UInt64(pageSize - 1))
            let address = Int(truncatingIfNeeded: word & ~UInt64(pageSize - 1))
            ahead += 8
            if flags == RAMFlag.end { return address == 0 ? steps : nil }
            if flags == RAMFlag.flush {
                guard address == 0 else { return nil }
                continue
            }
            if flags & RAMFlag.continue == 0 {
                guard try input.has(ahead + 1), try input.has(ahead + 1 + Int(input[ahead])) else { return steps }
                let length = Int(input[ahead])
                guard let index = ram.indexes[input.copy(ahead + 1..<ahead + 1 + length)] else { return nil }
                block = index
                next = -1
                ahead += 1 + length
            }
            guard ram.blocks.indices.contains(block), address >= 0, address <= ram.blocks[block].size - pageSize else {
                return nil
            }
            guard let length = try pageLength(flags & ~RAMFlag.continue, at: ahead, pageSize) else { return nil }
            ahead += length
            if address == next { steps += 1 }
            next = address + pageSize
        }
        return steps
    }

    /// How many bytes a page record has behind its head; nil where the flag is none of a page.
    private mutating func pageLength(_ flag: Int, at ahead: Int, _ pageSize: Int) throws(VMStateError) -> Int? {
        switch flag {
        case RAMFlag.zero: return 1
        case RAMFlag.page: return pageSize
        case RAMFlag.xbzrle:
            guard try input.has(ahead + 3) else { return 3 }
            return 3 + (Int(input[ahead + 1]) << 8 | Int(input[ahead + 2]))
        case RAMFlag.compressed:
            guard try input.has(ahead + 4) else { return 4 }
            return 4 + Int(input.word32(ahead: ahead))
        default: return nil
        }
    }
}
