// SPDX-License-Identifier: Apache-2.0

/// The list of RAM blocks.
extension StreamReader {
    /// How many words the bitmaps of pages that came may have together: a bit for each page of 1 TiB.
    private static let maximumSentWords = (1 << 40) / 4096 / 64

    /// Reads the list: blocks until their lengths add up to the total.
    mutating func blockList(total: Int) throws(VMStateError) {
        let start = input.position
        input.advance(8)
        guard total >= 0 else {
            throw blockError(start, "a total below 2^63", "0x\(String(UInt(bitPattern: total), radix: 16))")
        }
        var left = total
        ram.blocks = []
        ram.indexes = [:]
        ram.last = -1
        ram.sent = []
        while left > 0 {
            let offset = input.position
            let length = Int(try input.byte("the length of a RAM block's name"))
            let name = try input.bytes(length, "a RAM block's name")
            let idstr = String(decoding: name, as: UTF8.self)
            guard length > 0, !name.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
                throw blockError(offset, "a RAM block's name", length == 0 ? "an empty one" : "\"\(idstr)\"")
            }
            let size = try input.uint64("the length of RAM block \"\(idstr)\"")
            guard size <= UInt64(left) else {
                throw blockError(
                    input.position - 8,
                    "at most \(left) bytes for \"\(idstr)\", as the total says",
                    String(size)
                )
            }
            left -= Int(size)
            if ram.indexes[name] != nil {
                finding(StreamRule.ramBlocks, .error, "block \"\(idstr)\" is listed twice", at: offset, section: "ram")
            }
            ram.indexes[name] = ram.blocks.count
            let pageSize = try blockPageSize()
            let address = ram.isIgnoringShared ? try input.uint64("the address of RAM block \"\(idstr)\"") : nil
            var block = RAMBlock(
                idstr: idstr,
                size: Int(size),
                pageSize: pageSize,
                address: address,
                mapping: nil
            )
            if ram.isMapped { block = try mapped(block) }
            ram.blocks.append(block)
        }
        if !ram.isPageSizeKnown, let size = Self.largestPageSize(of: ram.blocks) { ram.pageSize = min(size, 4096) }
        if !ram.isMapped { prepareSent() }
        try options.pages?.blocks(ram.blocks)
    }

    private mutating func prepareSent() {
        let words = ram.blocks.map { ($0.size / ram.pageSize + 63) / 64 }
        var room = Self.maximumSentWords
        ram.sent = words.map { count in
            guard ram.isPageSizeKnown || ram.pageSize == 4096, count <= room else { return [] }
            room -= count
            return Array(repeating: 0, count: count)
        }
    }

    /// The page size that all lengths are multiples of, of those that targets have.
    private static func largestPageSize(of blocks: [RAMBlock]) -> Int? {
        [4096, 1024, 256].first { size in blocks.allSatisfy { $0.size % size == 0 } }
    }

    private func blockError(_ offset: Int, _ expected: String, _ found: String) -> VMStateError {
        VMStateError(.streamInvalid, at: offset, expected: expected, found: found, rule: StreamRule.ramBlocks)
    }

    /// The block's own page size, which is there only under postcopy and only where it differs.
    ///
    /// What comes instead is a counted string, whose first byte is not 0, or a record, which has a flag.
    private mutating func blockPageSize() throws(VMStateError) -> Int? {
        guard hasAdvised || !(ram.isIgnoringShared || ram.isMapped), try input.has(8) else { return nil }
        // The version of a mapped-ram header.
        if ram.isMapped, input.word32() == 1 { return nil }
        let value = input.word64()
        guard value >= 4096, value < 1 << 40, value & (value - 1) == 0 else { return nil }
        input.advance(8)
        return Int(value)
    }

    // MARK: mapped-ram

    /// Reads the header behind a block's entry and moves behind its pages.
    ///
    /// Source: QEMU migration/ram.c, parse_ramblock_mapped_ram() and read_ramblock_mapped_ram().
    private mutating func mapped(_ block: RAMBlock) throws(VMStateError) -> RAMBlock {
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
        guard (256...1 << 20).contains(pageSize), pageSize & (pageSize - 1) == 0,
            !ram.isPageSizeKnown || pageSize == UInt64(ram.pageSize)
        else { throw wrong(start + 4, "the target's page size (\(ram.pageSize)) in the header", pageSize) }
        ram.pageSize = Int(pageSize)
        ram.isPageSizeKnown = true
        stream.pageSize = ram.pageSize
        let bitmap = try input.uint64("the mapped-ram header of \"\(block.idstr)\"")
        let pages = try input.uint64("the mapped-ram header of \"\(block.idstr)\"")
        // A block that the destination has already.
        if bitmap == 0, pages == 0 { return block }
        let count = block.size / ram.pageSize
        let length = (count + 63) / 64 * 8
        guard bitmap < 1 << 62, pages < 1 << 62, pages >= bitmap, Int(pages - bitmap) >= (count + 31) / 32 * 4,
            pages % UInt64(ram.pageSize) == 0
        else { throw wrong(start + 12, "a bitmap of \(length) bytes and pages behind it", "\(bitmap) and \(pages)") }
        let base = ram.mappingBase ?? Int(bitmap) - input.position
        ram.mappingBase = base
        guard Int(bitmap) - base == input.position else {
            throw wrong(start + 12, "the bitmap's offset \(input.position + base)", bitmap)
        }
        let mapping = RAMBlock.Mapping(bitmap: Int(bitmap) - base, pages: Int(pages) - base)
        var block = RAMBlock(
            idstr: block.idstr,
            size: block.size,
            pageSize: block.pageSize,
            address: block.address,
            mapping: mapping
        )
        let bits = try bitmapOf(block, length: min(length, mapping.pages - mapping.bitmap))
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

    /// The bits, lowest page first.
    ///
    /// They are in the writer's byte order. A host with the most significant byte first leaves bits behind the last page where a
    /// host of the other kind has pages, and the other way round: the reading that has no such bits is right.
    private mutating func bitmapOf(_ block: RAMBlock, length: Int) throws(VMStateError) -> [UInt8] {
        let bytes = try input.bytes(length, "the bitmap of \"\(block.idstr)\"")
        let count = block.size / ram.pageSize
        func hasStrayBits(_ bytes: [UInt8]) -> Bool {
            (count..<bytes.count * 8).contains { bytes[$0 / 8] >> UInt8($0 % 8) & 1 != 0 }
        }
        guard hasStrayBits(bytes) else { return bytes }
        var swapped = bytes
        for word in stride(from: 0, to: bytes.count - 7, by: 8) { swapped[word..<word + 8].reverse() }
        return hasStrayBits(swapped) ? bytes : swapped
    }

    private mutating func readPages(of block: RAMBlock, _ bits: [UInt8]) throws(VMStateError) {
        let index = ram.blocks.count
        guard let sink = options.pages else {
            return try input.drop(block.size, "the pages of \"\(block.idstr)\"")
        }
        // The sink has to know the block before its first page.
        try sink.blocks(ram.blocks + [block])
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
    }
}
