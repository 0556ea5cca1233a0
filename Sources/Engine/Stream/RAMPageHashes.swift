// SPDX-License-Identifier: Apache-2.0

/// A hash of each page of guest memory as the stream leaves it: 8 bytes a page.
///
/// A page that came as a difference from its last content (XBZRLE) has a hash only after a second reading of the stream with the
/// same sink, in which the contents of just these pages are kept.
public final class RAMPageHashes: RAMPageSink {
    /// The pages of one block.
    struct Block {
        let idstr: String
        let size: Int
        var pageSize = 0
        /// Empty until the first page comes.
        var hashes: [UInt64] = []
        /// Why there are none; nil: there are.
        var gap: String?
    }

    /// In place of a hash: no page came, or its content is not known.
    static let absent: UInt64 = 0
    static let unknown: UInt64 = 1

    private struct Place: Hashable {
        let block: Int
        let offset: Int
    }

    private let limits: Limits
    private(set) var blocks: [Block] = []
    private var room: Int
    /// The hash of pages that are filled with one byte, for the last size.
    private var fills: [UInt64?] = Array(repeating: nil, count: 256)
    private var fillSize = 0
    /// The page that is about to come as a difference from unknown content.
    private var tainted: Place?
    /// In the second reading, the last contents of pages that come as differences.
    private var contents: [Place: [UInt8]]?

    /// Nothing read yet.
    public init(limits: Limits = .default) {
        self.limits = limits
        room = limits.pageHashBytes / 8
    }

    /// Whether pages came as differences whose content only a second reading gives.
    ///
    /// False too when their contents would pass the limit; then they are not compared.
    public var needsSecondReading: Bool {
        guard contents == nil else { return false }
        var bytes = 0
        for block in blocks where block.gap == nil {
            bytes += block.pageSize * block.hashes.count { $0 == Self.unknown }
        }
        return bytes > 0 && bytes <= limits.pageHashBytes
    }

    /// Gets ready for the second reading of the same stream.
    public func beginSecondReading() {
        var contents: [Place: [UInt8]] = [:]
        for (index, block) in blocks.enumerated() where block.gap == nil {
            for (page, hash) in block.hashes.enumerated() where hash == Self.unknown {
                contents[Place(block: index, offset: page * block.pageSize)] = []
            }
        }
        self.contents = contents
    }

    // MARK: RAMPageSink

    /// Notes the blocks; what is known of those that came before stays.
    public func blocks(_ blocks: [RAMBlock]) throws(VMStateError) {
        for (index, block) in blocks.enumerated() {
            if index < self.blocks.count {
                guard self.blocks[index].idstr != block.idstr || self.blocks[index].size != block.size else { continue }
                self.blocks[index] = Block(idstr: block.idstr, size: block.size)
            } else {
                self.blocks.append(Block(idstr: block.idstr, size: block.size))
            }
        }
    }

    /// Whether the block's hashes are within the limit.
    public func wants(block: Int) -> Bool {
        blocks.indices.contains(block) && blocks[block].gap == nil
    }

    /// Takes the hash of a page.
    public func page(_ bytes: ArraySlice<UInt8>, block: Int, at offset: Int) throws(VMStateError) {
        if let place = tainted {
            tainted = nil
            if place == Place(block: block, offset: offset) {
                return set(Self.unknown, block: block, at: offset, size: bytes.count)
            }
        }
        keep(block, offset) { Array(bytes) }
        set(Self.distinct(XXHash64.hash(bytes)), block: block, at: offset, size: bytes.count)
    }

    /// Takes the hash of a page that is filled with one byte.
    public func fill(_ byte: UInt8, block: Int, at offset: Int, size: Int) throws(VMStateError) {
        if size != fillSize {
            fills = Array(repeating: nil, count: 256)
            fillSize = size
        }
        let hash: UInt64
        if let known = fills[Int(byte)] {
            hash = known
        } else {
            hash = Self.distinct(XXHash64.hash(Array(repeating: byte, count: size)[...]))
            fills[Int(byte)] = hash
        }
        keep(block, offset) { Array(repeating: byte, count: size) }
        set(hash, block: block, at: offset, size: size)
    }

    /// The content, if it is known; else zeros, and the page that follows is not believed.
    public func current(block: Int, at offset: Int, size: Int) throws(VMStateError) -> [UInt8] {
        let place = Place(block: block, offset: offset)
        let zeros = [UInt8](repeating: 0, count: size)
        if let kept = contents?[place] {
            // Empty: none came yet in this reading, so it is the page of a fresh guest.
            return kept.count == size ? kept : zeros
        }
        if contents != nil || hash(block, at: offset) != Self.absent { tainted = place }
        return zeros
    }

    // MARK: Storage

    private func hash(_ block: Int, at offset: Int) -> UInt64 {
        guard blocks.indices.contains(block), blocks[block].pageSize > 0 else { return Self.absent }
        let page = offset / blocks[block].pageSize
        return blocks[block].hashes.indices.contains(page) ? blocks[block].hashes[page] : Self.absent
    }

    private func keep(_ block: Int, _ offset: Int, _ content: () -> [UInt8]) {
        let place = Place(block: block, offset: offset)
        if contents?[place] != nil { contents?[place] = content() }
    }

    private func set(_ hash: UInt64, block: Int, at offset: Int, size: Int) {
        guard blocks.indices.contains(block), blocks[block].gap == nil else { return }
        if blocks[block].hashes.isEmpty {
            let (whole, rest) = size > 0 ? blocks[block].size.quotientAndRemainder(dividingBy: size) : (0, 0)
            let count = whole + (rest > 0 ? 1 : 0)
            guard count <= room else {
                blocks[block].gap = "its hashes would take more than \(limits.pageHashBytes) bytes"
                return
            }
            room -= count
            blocks[block].pageSize = size
            blocks[block].hashes = Array(repeating: Self.absent, count: count)
        }
        guard size == blocks[block].pageSize else {
            blocks[block].gap = "its pages come in several sizes"
            blocks[block].hashes = []
            return
        }
        let page = offset / size
        guard blocks[block].hashes.indices.contains(page) else { return }
        blocks[block].hashes[page] = hash
    }

    /// A hash that is none of the words for pages without one.
    private static func distinct(_ hash: UInt64) -> UInt64 {
        hash > unknown ? hash : hash &+ 2
    }
}
