// SPDX-License-Identifier: Apache-2.0

/// Lays out a small qcow2 image by hand, after QEMU's docs/interop/qcow2.txt; refcounts are left out.
///
/// Cluster 0 holds the header, 1 the snapshot table, 2 the L1 table, 3 the L2 table of the VM state; data follow.
struct Qcow2ImageBuilder {
    var version: UInt32 = 3
    var clusterBits = 9
    var encryption: UInt32 = 0
    var features: UInt64 = 0
    var headerLength: UInt32 = 104
    var compression: UInt8 = 0
    /// The disk of this size has one L1 entry, or the number that fits.
    var diskSize: UInt64 = 1
    var snapshotDiskSize: UInt64?
    var extraLength: UInt32?
    var l1Entries: UInt32?
    var l1Offset: UInt64?
    var names = [("1", "snap")]
    var snapshotCount: UInt32?
    /// What the snapshot table says; nil for the bytes of all clusters.
    var stateSize: UInt64?

    /// What a cluster of the state is.
    enum Cluster {
        case data([UInt8])
        case unallocated
        /// With the zero flag, and an offset that is not to be read.
        case zero
        /// Deflated, at an offset that is no multiple of anything.
        case deflated([UInt8])
        /// A descriptor that is given.
        case entry(UInt64)
        /// Data with the bitmap of subclusters.
        case subclusters([UInt8], bitmap: UInt64)
    }

    var clusterSize: Int { 1 << clusterBits }

    func bytes(_ clusters: [Cluster]) -> [UInt8] {
        let hasSubclusters = features & 1 << 4 != 0
        var l2: [UInt8] = []
        var data: [UInt8] = []
        for cluster in clusters {
            let place = 4 * clusterSize + data.count
            var bitmap: UInt64 = 0
            switch cluster {
            case .data(let bytes):
                l2 += word(UInt64(place) | 1 << 63)
                bitmap = 0xffff_ffff
                data += padded(bytes, to: clusterSize)
            case .unallocated: l2 += word(UInt64(0))
            case .zero: l2 += word(UInt64(1 << 40) | 1)
            case .deflated(let bytes):
                let (start, end) = (place + 3, place + 3 + bytes.count)
                let sectors = (end - 1) / 512 - start / 512
                l2 += word(UInt64(start) | UInt64(sectors) << UInt64(62 - (clusterBits - 8)) | 1 << 62)
                let length = (bytes.count + 3 + clusterSize - 1) / clusterSize * clusterSize
                data += padded([0xdd, 0xdd, 0xdd] + bytes, to: length, with: 0xdd)
            case .entry(let entry): l2 += word(entry)
            case .subclusters(let bytes, let bits):
                l2 += word(UInt64(place))
                bitmap = bits
                data += padded(bytes, to: clusterSize)
            }
            if hasSubclusters { l2 += word(bitmap) }
        }
        // The first entry of L1 describes the disk, the second the state.
        let l1 = word(UInt64(0)) + word(UInt64(3 * clusterSize) | 1 << 63)
        return [header(), table(clusters.count), l1, l2].flatMap { padded($0, to: clusterSize) } + data
    }

    private func header() -> [UInt8] {
        var bytes: [UInt8] = [0x51, 0x46, 0x49, 0xfb]
        bytes += word(version) + word(UInt64(0)) + word(UInt32(0)) + word(UInt32(clusterBits)) + word(diskSize)
        bytes += word(encryption) + word(UInt32(0)) + word(UInt64(0)) + word(UInt64(0)) + word(UInt32(0))
        bytes += word(snapshotCount ?? UInt32(names.count)) + word(UInt64(clusterSize))
        guard version > 2 else { return bytes }
        bytes += word(features) + word(UInt64(0)) + word(UInt64(0)) + word(UInt32(4)) + word(headerLength)
        return bytes + [compression]
    }

    private func table(_ clusters: Int) -> [UInt8] {
        let size = stateSize ?? UInt64(clusters * clusterSize)
        var bytes: [UInt8] = []
        for (id, name) in names {
            let extra = word(size) + word(snapshotDiskSize ?? diskSize)
            let extraLength = extraLength ?? UInt32(extra.count)
            bytes += word(l1Offset ?? UInt64(2 * clusterSize)) + word(l1Entries ?? 2)
            bytes += word(UInt16(id.utf8.count)) + word(UInt16(name.utf8.count))
            bytes += word(UInt32(1_700_000_000)) + word(UInt32(5)) + word(UInt64(9))
            bytes += word(UInt32(truncatingIfNeeded: size)) + word(extraLength)
            bytes += extra.prefix(Int(extraLength)) + Array(id.utf8) + Array(name.utf8)
            bytes = padded(bytes, to: (bytes.count + 7) / 8 * 8)
        }
        return bytes
    }

    private func padded(_ bytes: [UInt8], to count: Int, with filler: UInt8 = 0) -> [UInt8] {
        bytes + [UInt8](repeating: filler, count: max(0, count - bytes.count))
    }

    private func word<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (Value.bitWidth - 8 - 8 * $0)) }
    }
}
