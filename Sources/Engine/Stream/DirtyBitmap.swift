// SPDX-License-Identifier: Apache-2.0

/// A dirty bitmap of a disk: what all its chunks say together.
struct DirtyBitmap: Sendable {
    /// How many granules a chunk covers, all but the last of a bitmap.
    static let chunkGranules = 8192
    /// How many sectors the largest disk has that QEMU knows.
    static let maximumSectors = (1 << 54) - (1 << 21)
    /// What a sector has.
    static let sectorSize = 512

    /// How a bitmap is named: by node and name, or their aliases.
    struct Key: Hashable, Sendable {
        let node: [UInt8]
        let name: [UInt8]
    }

    let key: Key
    /// How many bytes of the disk a bit stands for.
    let granularity: Int
    let isEnabled: Bool
    let isPersistent: Bool
    /// Whether the flag is set that releases before 2.12 used for persistent bitmaps, and that is ignored since.
    let isAutoloading: Bool
    /// Where its START is.
    let offset: Int
    /// Whether its COMPLETE came.
    var isComplete = false
    /// Where the last chunk ends; nil: that is not to be believed.
    var next: Int? = 0
    /// How many sectors its chunks cover.
    var sectors = 0
    /// How many granules are dirty.
    var dirty = 0
    /// A hash of all chunks that have dirty granules, with their places.
    var digest: UInt64 = 0
    /// The hashes of all chunks in order; nil: there are too many, or they do not follow each other as they should.
    var hashes: [UInt64]? = []

    var node: String { String(decoding: key.node, as: UTF8.self) }
    var name: String { String(decoding: key.name, as: UTF8.self) }
    /// How many sectors a whole chunk covers.
    var chunkSectors: Int { Self.chunkGranules * granularity / Self.sectorSize }

    /// How many granules so many sectors have, the last one maybe in part.
    func granules(_ sectors: Int) -> Int { (sectors * Self.sectorSize + granularity - 1) / granularity }

    /// Adds what a chunk says.
    mutating func add(_ chunk: DirtyBitmapContent.Chunk, keepsHash: Bool) {
        let isNext = chunk.first == next
        let isInside = chunk.first <= Self.maximumSectors - chunk.sectors
        if keepsHash, isNext, isInside, hashes.map({ $0.count * chunkSectors == chunk.first }) == true {
            hashes?.append(chunk.hash)
        } else {
            hashes = nil
        }
        // After a place that is wrong the next one cannot be judged.
        next = (isNext || next == nil) && isInside ? chunk.first + chunk.sectors : nil
        sectors &+= chunk.sectors
        dirty &+= chunk.dirty
        guard chunk.dirty > 0 else { return }
        let words = [digest, UInt64(bitPattern: Int64(chunk.first)), chunk.hash]
        digest = XXHash64.hash(
            words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }[...]
        )
    }
}

/// What a section of `dirty-bitmap` says, bitmap by bitmap.
struct DirtyBitmapContent: Sendable {
    /// Some sectors of a disk and the bits that stand for them.
    struct Chunk: Sendable {
        /// Where it is in the stream.
        let range: Range<Int>
        let first: Int
        let sectors: Int
        /// How many granules are dirty.
        let dirty: Int
        /// The hash of the bits; 0: none is set.
        let hash: UInt64
    }

    /// What the section says of one bitmap.
    struct Entry: Sendable {
        /// Which of the stream's bitmaps it is.
        let bitmap: Int
        var isStarted = false
        var isCompleted = false
        var chunks: [Chunk] = []
    }

    private(set) var entries: [Entry] = []
    /// How many chunks there is no room for.
    private(set) var unlisted = 0
    private var places: [Int: Int] = [:]

    /// Adds to what is said of a bitmap, as long as there is room.
    mutating func add(to bitmap: Int, room: inout Int, _ change: (inout Entry) -> Void) {
        guard room > 0 else {
            unlisted += 1
            return
        }
        room -= 1
        let place = places[bitmap] ?? entries.count
        if place == entries.count {
            entries.append(Entry(bitmap: bitmap))
            places[bitmap] = place
        }
        change(&entries[place])
    }
}

/// Where the reader of `dirty-bitmap` is.
struct DirtyBitmapState {
    /// The bitmaps that were started, by name.
    var indexes: [DirtyBitmap.Key: Int] = [:]
    /// The names of the last chunk, which the next one may leave out.
    var node: [UInt8]?
    var name: [UInt8]?
    /// How many sectors the complete bitmaps of each node cover.
    var sectors: [[UInt8]: Int] = [:]
    /// How many more chunks are listed.
    var listRoom = 1 << 16
    /// How many more hashes are kept.
    var hashRoom = 1 << 20
}
