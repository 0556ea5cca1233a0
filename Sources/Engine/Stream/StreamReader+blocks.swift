// SPDX-License-Identifier: Apache-2.0

/// The list of RAM blocks.
extension StreamReader {
    /// How many words the bitmaps of pages that came may have together: a bit for each page of 1 TiB.
    private static let maximumSentWords = (1 << 40) / 4096 / 64
    /// How many blocks there may be.
    private static let maximumBlocks = 1 << 14

    /// Reads the list: blocks until their lengths add up to the total.
    mutating func blockList(total: Int) throws(VMStateError) {
        let start = input.position
        input.advance(8)
        guard total >= 0 else {
            throw blockError(start, "a total below 2^63", "0x\(String(UInt(bitPattern: total), radix: 16))")
        }
        let before = ram
        ram.blocks = []
        ram.sizes = 0
        ram.indexes = [:]
        ram.last = -1
        ram.sent = []
        do throws(VMStateError) {
            try readBlocks(total, before)
        } catch {
            // Pages of those that were read may follow.
            try options.pages?.blocks(ram.blocks)
            throw error
        }
        for block in before.blocks where ram.indexes[Array(block.idstr.utf8)] == nil {
            finding(
                StreamRule.ramBlocks,
                .error,
                "block \"\(block.idstr)\" of the list before is not in this one",
                at: start,
                section: "ram"
            )
        }
        if !before.sent.isEmpty {
            prepareSent()
            for (index, block) in ram.blocks.enumerated() {
                guard let old = before.indexes[Array(block.idstr.utf8)], before.blocks[old].size == block.size else {
                    continue
                }
                ram.sent[index] = before.sent[old]
            }
        }
        try options.pages?.blocks(ram.blocks)
    }

    /// Reads the blocks of a list, which go on where `before` has them too.
    private mutating func readBlocks(_ total: Int, _ before: RAMState) throws(VMStateError) {
        var left = total
        while left > 0 {
            let offset = input.position
            let length = Int(try input.byte("the length of a RAM block's name"))
            let name = try input.bytes(length, "a RAM block's name")
            let idstr = String(decoding: name, as: UTF8.self)
            guard length > 0, !name.contains(where: { $0 < 0x20 || $0 == 0x7f }), idstr.utf8.elementsEqual(name) else {
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
            guard ram.blocks.count < Self.maximumBlocks else {
                throw blockError(offset, "at most \(Self.maximumBlocks) blocks", "more")
            }
            if ram.indexes[name] != nil {
                finding(StreamRule.ramBlocks, .error, "block \"\(idstr)\" is listed twice", at: offset, section: "ram")
            }
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
            if let index = before.indexes[name] {
                // A list that comes again says the same; what came of its blocks still counts.
                block.counts = before.blocks[index].counts
                let known = before.blocks[index].size
                if known != block.size {
                    finding(
                        StreamRule.ramBlocks,
                        .error,
                        "block \"\(idstr)\" has \(size) bytes in this list and had \(known) in the one before",
                        at: offset,
                        section: "ram"
                    )
                }
            }
            ram.indexes[name] = ram.blocks.count
            ram.blocks.append(block)
            ram.sizes |= block.size
        }
    }

    /// Makes room for a bit a page, in as many blocks as there is room for.
    ///
    /// A stream that lists blocks again and again gets no more than a few lists' worth.
    mutating func prepareSent() {
        var room = min(Self.maximumSentWords, ram.sentRoom)
        ram.sent = ram.blocks.map { block in
            let count = (block.size / ram.pageSize + 63) / 64
            guard count <= room else { return [] }
            room -= count
            ram.sentRoom -= count
            return Array(repeating: 0, count: count)
        }
    }

    private func blockError(_ offset: Int, _ expected: String, _ found: String) -> VMStateError {
        VMStateError(.streamInvalid, at: offset, expected: expected, found: found, rule: StreamRule.ramBlocks)
    }

    /// The block's own page size, which is there only under postcopy and only where it differs.
    ///
    /// What comes instead is a counted string, whose first byte is not 0, or a record, which has a flag.
    private mutating func blockPageSize() throws(VMStateError) -> Int? {
        guard advised != nil || !(ram.isIgnoringShared || ram.isMapped), try input.has(8) else { return nil }
        // The version of a mapped-ram header.
        if ram.isMapped, input.word32() == 1 { return nil }
        let value = input.word64()
        guard value >= 4096, value < 1 << 40, value & (value - 1) == 0, value & (advised ?? value) != 0 else {
            return nil
        }
        input.advance(8)
        return Int(value)
    }
}
