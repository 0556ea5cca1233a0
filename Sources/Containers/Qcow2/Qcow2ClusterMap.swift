// SPDX-License-Identifier: Apache-2.0

internal import Compression
internal import Engine

/// Where the bytes of a VM state lie in the image.
final class Qcow2ClusterMap {
    /// Bytes of the state that are next to each other.
    struct Extent {
        enum Content {
            case zeros
            /// From this offset of the image on.
            case bytes(at: Int)
            /// In the cluster that this L2 entry describes, behind so many of its bytes.
            case compressed(UInt64, skipped: Int)
        }

        var content: Content
        var length: Int

        /// Takes in what follows, if it does so in the image as well.
        mutating func grow(by next: Extent) -> Bool {
            switch (content, next.content) {
            case (.zeros, .zeros): break
            case (.bytes(let place), .bytes(let other)) where other == place + length: break
            default: return false
            }
            length += next.length
            return true
        }
    }

    private let source: any StreamSource
    private let header: Qcow2Header
    private let table: Int
    /// The entry of the L1 table with which the state starts.
    private let firstEntry: Int
    private var cache: Qcow2TableCache

    /// Bits of a table entry that are an offset in the image.
    private static let offsetBits: UInt64 = 0x00ff_ffff_ffff_fe00

    init(_ source: any StreamSource, _ header: Qcow2Header, _ snapshot: Qcow2Snapshot) throws(VMStateError) {
        self.source = source
        self.header = header
        cache = Qcow2TableCache(source, fileSize: header.fileSize)
        table = snapshot.tableOffset
        guard table % 8 == 0, table <= header.fileSize, snapshot.tableEntries <= (header.fileSize - table) / 8 else {
            throw .unreadable(
                expected: "an L1 table inside the image of \(header.fileSize) bytes",
                "\(snapshot.tableEntries) entries at \(table)"
            )
        }
        // The L1 entry behind the disk: its size, in what one L1 entry describes, rounded up.
        let bits = header.clusterBits + header.tableBits
        let diskSize = snapshot.diskSize ?? header.diskSize
        firstEntry = diskSize >> bits + (diskSize & (1 << bits - 1) == 0 ? 0 : 1)
        // At least 1, since the state has bytes.
        let entries = (snapshot.stateSize - 1) >> bits + 1
        guard firstEntry <= snapshot.tableEntries, entries <= snapshot.tableEntries - firstEntry else {
            throw .unreadable(
                expected: "\(snapshot.stateSize) bytes of VM state behind a disk of \(diskSize) bytes",
                "an L1 table of \(snapshot.tableEntries) entries"
            )
        }
    }

    /// Where the VM state starts on the virtual disk.
    var diskOffset: Int {
        // Below 2^32 entries of up to 2^39 bytes; what is shown may be cut, nothing is read by it.
        firstEntry << (header.clusterBits + header.tableBits)
    }

    /// What lies at `offset` of the state, up to the end of its cluster or subcluster at most.
    func extent(at offset: Int) throws(VMStateError) -> Extent {
        let inCluster = offset & (header.clusterSize - 1)
        let entries = offset >> header.clusterBits
        let l1 = try cache.word(at: table + 8 * (firstEntry + entries >> header.tableBits))
        let l2Table = Int(l1 & Self.offsetBits)
        guard l2Table != 0 else { return Extent(content: .zeros, length: header.clusterSize - inCluster) }
        guard l2Table & (header.clusterSize - 1) == 0 else {
            throw .unreadable(
                at: table + 8 * (firstEntry + entries >> header.tableBits),
                expected: "an L2 table at the start of a cluster",
                "one with offset \(l2Table)"
            )
        }
        let place = l2Table + header.entrySize * (entries & (1 << header.tableBits - 1))
        let entry = try cache.word(at: place)
        if entry & 1 << 62 != 0 {
            return Extent(
                content: .compressed(entry, skipped: inCluster),
                length: header.clusterSize - inCluster
            )
        }
        let cluster = Int(entry & Self.offsetBits)
        guard header.hasSubclusters else {
            let isZero = cluster == 0 || header.version > 2 && entry & 1 != 0
            return try extent(isZero ? nil : cluster, inCluster, unit: header.clusterSize, place)
        }
        let unit = header.clusterSize / 32
        let bitmap = try cache.word(at: place + 8) >> UInt64(inCluster / unit)
        let isAllocated = bitmap & 1 != 0
        guard !isAllocated || bitmap >> 32 & 1 == 0 && cluster != 0 else {
            throw .unreadable(
                at: place + 8,
                expected: "subclusters that are allocated or zero",
                cluster == 0 ? "allocated ones without a cluster" : "one that is both"
            )
        }
        return try extent(isAllocated ? cluster : nil, inCluster, unit: unit, place)
    }

    private func extent(
        _ cluster: Int?,
        _ inCluster: Int,
        unit: Int,
        _ place: Int
    ) throws(VMStateError) -> Extent {
        let length = unit - inCluster % unit
        guard let cluster else { return Extent(content: .zeros, length: length) }
        // 56 bits at most, so that nothing below can overflow.
        guard cluster & (header.clusterSize - 1) == 0, cluster + inCluster < header.fileSize else {
            let isCut = cluster < header.fileSize && inCluster > 0
            throw .unreadable(
                at: place,
                expected: "a cluster inside the image of \(header.fileSize) bytes",
                isCut ? "one with offset \(cluster) that goes on behind its end" : "one with offset \(cluster)"
            )
        }
        return Extent(content: .bytes(at: cluster + inCluster), length: length)
    }

    /// The cluster that the L2 entry of a compressed one describes.
    func inflate(_ entry: UInt64) throws(VMStateError) -> [UInt8] {
        let offsetBits = UInt64(62 - (header.clusterBits - 8))
        let offset = Int(entry & (1 << offsetBits - 1))
        let sectors = Int(entry >> offsetBits & (1 << UInt64(header.clusterBits - 8) - 1)) + 1
        guard header.compression == 0 else {
            throw .unreadable(at: offset, expected: "clusters compressed with zlib", "method \(header.compression)")
        }
        guard offset < header.fileSize else {
            throw .unreadable(at: offset, expected: "a cluster inside the image", "the end at \(header.fileSize)")
        }
        let data = try source.bytes(upTo: 512 * sectors - offset % 512, at: offset)
        let cluster: [UInt8]
        do {
            cluster = try inflateStream(data, .raw, limit: header.clusterSize, isWhole: false)
        } catch {
            throw .unreadable(at: offset + (error.offset ?? 0), expected: "a compressed cluster", error.message)
        }
        guard cluster.count == header.clusterSize else {
            throw .unreadable(
                at: offset,
                expected: "a cluster of \(header.clusterSize) bytes when inflated",
                "\(cluster.count)"
            )
        }
        return cluster
    }
}
