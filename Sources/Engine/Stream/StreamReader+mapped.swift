// SPDX-License-Identifier: Apache-2.0

/// Memory at fixed places of the file: the capability mapped-ram.
extension StreamReader {
    /// Reads the header behind a block's entry and moves behind its pages.
    ///
    /// Source: QEMU migration/ram.c, parse_ramblock_mapped_ram() and read_ramblock_mapped_ram().
    mutating func mapped(_ block: RAMBlock) throws(VMStateError) -> RAMBlock {
        let start = input.position
        func wrong(_ offset: Int, _ expected: String, _ found: some CustomStringConvertible) -> VMStateError {
            VMStateError(
                .streamInvalid,
                at: offset,
                expected: "\(expected) of \"\(block.idstr)\"",
                found: "\(found)",
                rule: StreamRule.mappedRAM
            )
        }
        let version = try input.uint32("the mapped-ram header of \"\(block.idstr)\"")
        guard version <= 1 else { throw wrong(start, "version 1 of the mapped-ram header", version) }
        let pageSize = try input.uint64("the mapped-ram header of \"\(block.idstr)\"")
        guard (1 << 8...1 << 16).contains(pageSize), pageSize & (pageSize - 1) == 0,
            !ram.isPageSizeKnown || pageSize == UInt64(ram.pageSize)
        else { throw wrong(start + 4, "the target's page size (\(ram.pageSize)) in the header", pageSize) }
        ram.pageSize = Int(pageSize)
        ram.isPageSizeKnown = true
        stream.pageSize = ram.pageSize
        let bitmap = try input.uint64("the mapped-ram header of \"\(block.idstr)\"")
        let pages = try input.uint64("the mapped-ram header of \"\(block.idstr)\"")
        // A block that the destination has already.
        if ram.isIgnoringShared, bitmap == 0, pages == 0 { return block }
        let count = block.size / ram.pageSize
        let length = (count + 63) / 64 * 8
        guard bitmap < 1 << 62, pages < 1 << 62, pages >= bitmap, Int(pages - bitmap) >= (count + 31) / 32 * 4,
            pages % UInt64(ram.pageSize) == 0
        else { throw wrong(start + 12, "a bitmap of \(length) bytes and pages behind it", "\(bitmap) and \(pages)") }
        let base = stream.fileOffset ?? Int(bitmap) - input.position
        guard base >= 0, Int(bitmap) - base == input.position else {
            throw wrong(start + 12, "the bitmap's offset \(input.position + max(base, 0))", bitmap)
        }
        if stream.fileOffset == nil { checkPlace(base, at: start + 12) }
        stream.fileOffset = base
        let mapping = RAMBlock.Mapping(
            bitmap: Int(bitmap) - base,
            pages: Int(pages) - base,
            words: input.position - 16..<input.position,
            gap: min(Int(bitmap) + length, Int(pages)) - base..<Int(pages) - base
        )
        var block = RAMBlock(
            idstr: block.idstr,
            size: block.size,
            pageSize: block.pageSize,
            address: block.address,
            mapping: mapping
        )
        let bits = try bitmapOf(block, length: mapping.gap.lowerBound - mapping.bitmap)
        block.counts.normal = bits.reduce(0) { $0 + $1.nonzeroBitCount }
        block.counts.zero = count - block.counts.normal
        block.pagesSent = count
        guard block.counts.zero >= 0 else {
            throw wrong(mapping.bitmap, "a bitmap of \(count) pages", "bits of more")
        }
        ram.counts.add(block.counts)
        try input.drop(mapping.pages - input.position, "the gap before the pages of \"\(block.idstr)\"")
        try readPages(of: block, bits)
        return block
    }

    /// QEMU looks for pages in the file, wherever the stream starts in it.
    private mutating func checkPlace(_ base: Int, at offset: Int) {
        guard let place = options.fileOffset, place != base else { return }
        finding(
            StreamRule.mappedRAM,
            .error,
            "the offsets of mapped-ram are those of a file in which the stream starts at \(base), not at \(place)",
            at: offset,
            section: "ram"
        )
    }

    /// The bits, lowest page first.
    ///
    /// They are in the writer's byte order, which nothing names. One reading of two may have bits behind the last page, or a bit
    /// for a page that is zero in the file: the other one is right.
    private mutating func bitmapOf(_ block: RAMBlock, length: Int) throws(VMStateError) -> [UInt8] {
        let bytes = try input.bytes(length, "the bitmap of \"\(block.idstr)\"")
        let count = block.size / ram.pageSize
        func hasStrayBits(_ bytes: [UInt8]) -> Bool {
            (min(count, bytes.count * 8)..<bytes.count * 8).contains { bytes[$0 / 8] >> UInt8($0 % 8) & 1 != 0 }
        }
        var swapped = bytes
        for word in stride(from: 0, to: bytes.count - 7, by: 8) { swapped[word..<word + 8].reverse() }
        switch (hasStrayBits(bytes), hasStrayBits(swapped)) {
        case (true, false): ram.isBitmapSwapped = true
        case (false, true): ram.isBitmapSwapped = false
        default:
            if ram.isBitmapSwapped == nil { ram.isBitmapSwapped = try isSwapped(bytes, swapped, block) }
        }
        return ram.isBitmapSwapped == true ? swapped : bytes
    }

    /// Which of two readings has bits for pages that are zero in the file; nil: that cannot be said.
    private mutating func isSwapped(
        _ bytes: [UInt8],
        _ swapped: [UInt8],
        _ block: RAMBlock
    ) throws(VMStateError) -> Bool? {
        guard let mapping = block.mapping else { return nil }
        var looked = 0
        for index in bytes.indices where bytes[index] != swapped[index] {
            for bit in 0..<8 where (bytes[index] ^ swapped[index]) >> UInt8(bit) & 1 != 0 {
                looked += 1
                let (offset, overflow) = mapping.pages.addingReportingOverflow((index * 8 + bit) * ram.pageSize)
                guard looked <= 256, !overflow, let page = try input.peek(ram.pageSize, at: offset) else { return nil }
                if page.allSatisfy({ $0 == 0 }) { return bytes[index] >> UInt8(bit) & 1 != 0 }
            }
        }
        return nil
    }

    private mutating func readPages(of block: RAMBlock, _ bits: [UInt8]) throws(VMStateError) {
        let index = ram.blocks.count
        guard let sink = options.pages else {
            return try input.drop(block.size, "the pages of \"\(block.idstr)\"")
        }
        // The sink has to know the block before its first page.
        ram.blocks.append(block)
        defer { ram.blocks.removeLast() }
        try sink.blocks(ram.blocks)
        guard sink.wants(block: index) else {
            return try input.drop(block.size, "the pages of \"\(block.idstr)\"")
        }
        for page in 0..<block.size / ram.pageSize {
            if bits[page / 8] >> UInt8(page % 8) & 1 != 0 {
                guard try input.has(ram.pageSize) else { throw input.truncated(ram.pageSize, "a page") }
                try sink.page(input.slice(0..<ram.pageSize), block: index, at: page * ram.pageSize)
            } else {
                try sink.fill(0, block: index, at: page * ram.pageSize, size: ram.pageSize)
            }
            try input.drop(ram.pageSize, "a page of \"\(block.idstr)\"")
        }
        // What is left of a block whose length is not one of pages, as where the pages are not wanted.
        try input.drop(block.size % ram.pageSize, "the pages of \"\(block.idstr)\"")
    }
}
