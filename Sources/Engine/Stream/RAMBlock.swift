// SPDX-License-Identifier: Apache-2.0

/// How many records of each kind there are.
public struct RAMCounts: Sendable, Hashable {
    /// Pages that are filled with one byte.
    public internal(set) var zero = 0
    /// Pages as they are.
    public internal(set) var normal = 0
    /// Pages as a difference from their last content.
    public internal(set) var xbzrle = 0
    /// Pages that are compressed with zlib.
    public internal(set) var compressed = 0
    /// Points at which the multifd channels are waited for.
    public internal(set) var multifdFlushes = 0

    /// Records of pages.
    public var pages: Int { zero + normal + xbzrle + compressed }

    mutating func add(_ other: RAMCounts) {
        zero += other.zero
        normal += other.normal
        xbzrle += other.xbzrle
        compressed += other.compressed
        multifdFlushes += other.multifdFlushes
    }
}

/// A block of guest memory.
public struct RAMBlock: Sendable {
    /// Where the pages of a mapped-ram file are.
    public struct Mapping: Sendable, Hashable {
        /// Where the bitmap starts, counted from the start of the stream.
        public let bitmap: Int
        /// Where the first page is, counted from the start of the stream.
        public let pages: Int
        /// Where both offsets stand in the block's header, as two words that count from the start of the file.
        let words: Range<Int>
        /// What lies between bitmap and pages.
        let gap: Range<Int>
    }

    /// The name, such as `pc.ram`.
    public let idstr: String
    /// Its length in bytes.
    public let size: Int
    /// The page size of the memory that backs it, if it was sent.
    public let pageSize: Int?
    /// The guest physical address, if it was sent.
    public let address: UInt64?
    /// Where its pages are in a mapped-ram file.
    public let mapping: Mapping?
    /// What records it has, over all sections.
    public internal(set) var counts = RAMCounts()
    /// How many of its pages came at all; nil when that was not counted.
    public internal(set) var pagesSent: Int?
}
