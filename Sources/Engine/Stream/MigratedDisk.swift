// SPDX-License-Identifier: Apache-2.0

/// A disk that `block` sends: what all its records say together.
struct MigratedDisk: Sendable {
    /// What a record holds.
    static let blockSize = 1 << 20
    /// How many sectors of 512 bytes that is.
    static let blockSectors = blockSize / 512

    let name: [UInt8]
    /// How many records it has, those of zeros included.
    var blocks = 0
    /// How many of them are of zeros.
    var zeroBlocks = 0
    /// A hash of the last content of each block by its first sector, 0 for zeros; empty where contents are not compared.
    var hashes: [Int: UInt64] = [:]
    /// Whether there are more blocks than there is room for.
    var isUnknown = false

    var text: String { String(decoding: name, as: UTF8.self) }
}

/// What a section of `block` says, disk by disk.
struct DiskContent: Sendable {
    struct Entry: Sendable {
        /// Which of the stream's disks it is.
        let disk: Int
        var blocks = 0
        var zeroBlocks = 0
    }

    /// The first of its disks.
    private(set) var entries: [Entry] = []
    /// Records of all disks.
    private(set) var blocks = 0
    /// Those of them that are of zeros.
    private(set) var zeroBlocks = 0
    /// How much was sent, as the sender says, in percent.
    var progress: Int?
    private var places: [Int: Int] = [:]

    /// Counts a record; a disk for which there is no room counts only in the sums.
    mutating func add(to disk: Int, isZero: Bool, room: inout Int) {
        blocks += 1
        if isZero { zeroBlocks += 1 }
        if places[disk] == nil {
            guard room > 0 else { return }
            room -= 1
            places[disk] = entries.count
            entries.append(Entry(disk: disk))
        }
        guard let place = places[disk] else { return }
        entries[place].blocks += 1
        if isZero { entries[place].zeroBlocks += 1 }
    }
}

/// Where the reader of `block` is.
struct DiskState {
    /// The disks by name.
    var indexes: [[UInt8]: Int] = [:]
    /// How many more disks are listed with sections.
    var listRoom = 1 << 14
    /// How many more hashes are kept.
    var hashRoom: Int
}
