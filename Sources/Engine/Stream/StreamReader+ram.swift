// SPDX-License-Identifier: Apache-2.0

/// Guest memory.
///
/// Source: QEMU migration/ram.c, ram_load_precopy() and parse_ramblocks().
extension StreamReader {
    enum RAMFlag {
        static let zero = 0x002
        static let blocks = 0x004
        static let page = 0x008
        static let end = 0x010
        static let `continue` = 0x020
        static let xbzrle = 0x040
        static let hook = 0x080
        static let compressed = 0x100
        static let flush = 0x200
    }

    mutating func ramSection(_ section: inout MigrationStream.Section) throws(VMStateError) {
        guard section.versionID == 4 else {
            throw VMStateError(
                .streamInvalid,
                at: section.offset,
                expected: "version 4 of ram",
                found: String(section.versionID),
                rule: StreamRule.version
            )
        }
        ram.counts = RAMCounts()
        ram.isProbed = false
        defer { section.pages = ram.counts }
        try ramRecords()
    }

    private mutating func ramRecords() throws(VMStateError) {
        while true {
            guard try input.has(8) else { throw input.truncated(8, "a RAM record") }
            let word = input.word64()
            if !ram.isPageSizeKnown, try isBeforePages(word) { continue }
            let mask = UInt64(ram.pageSize &- 1)
            let flags = Int(word & mask)
            let address = Int(truncatingIfNeeded: word & ~mask)
            switch flags & ~RAMFlag.continue {
            case RAMFlag.page where !ram.isMapped:
                let block = try pageBlock(flags, address)
                try normal(block, address)
            case RAMFlag.zero where !ram.isMapped:
                let block = try pageBlock(flags, address)
                try fill(block, address)
            case RAMFlag.xbzrle where !ram.isMapped:
                let block = try pageBlock(flags, address)
                try delta(block, address)
            case RAMFlag.compressed where !ram.isMapped:
                let block = try pageBlock(flags, address)
                try compressed(block, address)
            case RAMFlag.end where flags == RAMFlag.end:
                if address != 0 { noteAddress(address) }
                input.advance(8)
                return
            case RAMFlag.blocks where flags == RAMFlag.blocks:
                try blockList(total: address)
            case RAMFlag.flush where flags == RAMFlag.flush && !ram.isMapped:
                if address != 0 { noteAddress(address) }
                input.advance(8)
                ram.counts.multifdFlushes += 1
                ram.hasFlushed = true
            default: throw unknown(flags)
            }
        }
    }

    @inline(never)
    private mutating func noteAddress(_ address: Int) {
        finding(
            StreamRule.ramFlags,
            .error,
            "a record that has no address has 0x\(String(UInt(bitPattern: address), radix: 16))",
            at: input.position,
            section: "ram"
        )
    }

    @inline(never)
    private func unknown(_ flags: Int) -> VMStateError {
        let found: String
        switch flags {
        case 0x001: found = "0x1 (FULL), which no QEMU since 2009 writes"
        case RAMFlag.hook: found = "0x80 (HOOK), which only RDMA has"
        default: found = "0x\(String(flags, radix: 16))"
        }
        return VMStateError(
            .streamInvalid,
            at: input.position,
            expected: ram.isMapped
                ? "a block list (4) or EOS (0x10), as mapped-ram has"
                : "the flags of a RAM record: 2, 4, 8, 0x10, 0x40, 0x100 or 0x200, with or without 0x20",
            found: found,
            rule: StreamRule.ramFlags
        )
    }

    /// Moves past the head of a page record; gives the block.
    @inline(__always)
    private mutating func pageBlock(_ flags: Int, _ address: Int) throws(VMStateError) -> Int {
        let start = input.position
        if flags & RAMFlag.continue != 0 {
            guard ram.last >= 0 else {
                throw VMStateError(
                    .streamInvalid,
                    at: input.position,
                    expected: "a block's name, as no page came before",
                    found: "CONTINUE (0x20)",
                    rule: StreamRule.ramContinue
                )
            }
            input.advance(8)
        } else {
            try namedBlock()
        }
        // The difference may be negative, which no address is behind.
        if address < 0 || address > ram.blocks[ram.last].size &- ram.pageSize { throw outside(address, at: start) }
        return ram.last
    }

    @inline(never)
    private func outside(_ address: Int, at start: Int) -> VMStateError {
        let block = ram.blocks[ram.last]
        return VMStateError(
            .streamInvalid,
            at: start,
            expected: "a page of \"\(block.idstr)\", which has \(block.size) bytes",
            found: "address 0x\(String(UInt(bitPattern: address), radix: 16))",
            rule: StreamRule.ramAddress
        )
    }

    private mutating func namedBlock() throws(VMStateError) {
        let start = input.position
        input.advance(8)
        let length = Int(try input.byte("the length of a RAM block's name"))
        let name = try input.bytes(length, "a RAM block's name")
        guard let index = ram.indexes[name] else {
            throw VMStateError(
                .streamInvalid,
                at: start + 8,
                expected: "the name of a RAM block that is in the list",
                found: "\"\(String(decoding: name, as: UTF8.self))\"",
                rule: StreamRule.ramAddress
            )
        }
        ram.last = index
    }

    // MARK: Pages

    private mutating func normal(_ block: Int, _ address: Int) throws(VMStateError) {
        ram.counts.normal &+= 1
        ram.blocks[block].counts.normal &+= 1
        markSent(block, address)
        if let sink = options.pages, sink.wants(block: block) {
            guard try input.has(ram.pageSize) else { throw input.truncated(ram.pageSize, "a page") }
            try sink.page(input.slice(0..<ram.pageSize), block: block, at: address)
            input.advance(ram.pageSize)
        } else if input.available >= ram.pageSize {
            input.advance(ram.pageSize)
        } else {
            guard try input.has(ram.pageSize) else {
                throw input.truncated(
                    ram.pageSize,
                    "page 0x\(String(address, radix: 16)) of \"\(ram.blocks[block].idstr)\""
                )
            }
            input.advance(ram.pageSize)
        }
    }

    private mutating func fill(_ block: Int, _ address: Int) throws(VMStateError) {
        let byte = try input.byte("the byte that fills a page")
        ram.counts.zero &+= 1
        ram.blocks[block].counts.zero &+= 1
        markSent(block, address)
        if byte != 0, isFull(StreamRule.ramFill) {
            countMore(StreamRule.ramFill, .warning, at: input.position - 1)
        } else if byte != 0 {
            finding(
                StreamRule.ramFill,
                .warning,
                "page 0x\(String(address, radix: 16)) of \"\(ram.blocks[block].idstr)\" is filled with "
                    + "0x\(Hex.text([byte])); QEMU 10.0 and later reject anything but 0",
                at: input.position - 1,
                section: "ram"
            )
        }
        if let sink = options.pages, sink.wants(block: block) {
            try sink.fill(byte, block: block, at: address, size: ram.pageSize)
        }
    }

    @inline(__always)
    private mutating func markSent(_ block: Int, _ address: Int) {
        if ram.sent.isEmpty { prepareSent() }
        let page = address / ram.pageSize
        if page >> 6 < ram.sent[block].count { ram.sent[block][page >> 6] |= 1 << UInt64(page & 63) }
    }

    private mutating func delta(_ block: Int, _ address: Int) throws(VMStateError) {
        let start = input.position
        let encoding = try input.byte("an XBZRLE page")
        let length = Int(try input.uint16("the length of an XBZRLE page"))
        guard encoding == 1, length <= ram.pageSize else {
            throw VMStateError(
                .streamInvalid,
                at: start,
                expected: "encoding 1 and at most \(ram.pageSize) bytes of XBZRLE",
                found: "encoding \(encoding), \(length) bytes",
                rule: StreamRule.ramDelta
            )
        }
        let bytes = try input.bytes(length, "an XBZRLE page")
        let delta: XBZRLE
        do throws(XBZRLE.Failure) {
            delta = try XBZRLE(bytes, pageSize: ram.pageSize)
        } catch {
            throw VMStateError(
                .streamInvalid,
                at: start + 3 + error.offset,
                expected: error.expected,
                found: error.found,
                rule: StreamRule.ramDelta
            )
        }
        ram.counts.xbzrle += 1
        ram.blocks[block].counts.xbzrle += 1
        markSent(block, address)
        if let sink = options.pages, sink.wants(block: block) {
            var page = try sink.current(block: block, at: address, size: ram.pageSize)
            delta.apply(bytes, to: &page)
            try sink.page(page[...], block: block, at: address)
        }
    }

    private mutating func compressed(_ block: Int, _ address: Int) throws(VMStateError) {
        let start = input.position
        let length = Int(try input.uint32("the length of a compressed page"))
        // compressBound() of zlib.
        let bound = ram.pageSize + ram.pageSize >> 12 + ram.pageSize >> 14 + ram.pageSize >> 25 + 13
        guard length > 0, length <= bound else {
            throw VMStateError(
                .streamInvalid,
                at: start,
                expected: "1 … \(bound) bytes of a compressed page",
                found: String(length),
                rule: StreamRule.ramCompressed
            )
        }
        let bytes = try input.bytes(length, "a compressed page")
        ram.counts.compressed += 1
        ram.blocks[block].counts.compressed += 1
        markSent(block, address)
        guard let inflate = options.inflate else { return }
        let page: [UInt8]
        do throws(VMStateError) {
            page = try inflate(bytes, ram.pageSize)
        } catch {
            throw VMStateError(
                .streamInvalid,
                at: start + 4,
                expected: "a zlib stream of \(ram.pageSize) bytes",
                found: error.found,
                rule: StreamRule.ramCompressed
            )
        }
        guard page.count == ram.pageSize else {
            throw VMStateError(
                .streamInvalid,
                at: start + 4,
                expected: "a zlib stream of \(ram.pageSize) bytes",
                found: "one of \(page.count)",
                rule: StreamRule.ramCompressed
            )
        }
        if let sink = options.pages, sink.wants(block: block) { try sink.page(page[...], block: block, at: address) }
    }
}
