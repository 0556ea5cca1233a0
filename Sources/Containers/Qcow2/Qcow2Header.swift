// SPDX-License-Identifier: Apache-2.0

internal import Engine

/// What has to be known of a qcow2 image to find its snapshots and read them.
///
/// Source: QEMU docs/interop/qcow2.txt.
struct Qcow2Header: Sendable {
    let version: Int
    let clusterBits: Int
    /// Virtual size of the disk now; a snapshot may have its own.
    let diskSize: Int
    let snapshotCount: Int
    let snapshotTable: Int
    /// Whether an entry of an L2 table has 16 bytes and tells of 32 subclusters.
    let hasSubclusters: Bool
    /// How compressed clusters are compressed: 0 deflate, 1 zstd.
    let compression: Int
    /// Bytes of the image file.
    let fileSize: Int

    var clusterSize: Int { 1 << clusterBits }
    var entrySize: Int { hasSubclusters ? 16 : 8 }
    /// An L2 table has `1 << tableBits` entries: it fills one cluster.
    var tableBits: Int { clusterBits - (hasSubclusters ? 4 : 3) }

    init(_ source: any StreamSource) throws(VMStateError) {
        guard let size = source.size else {
            throw .unreadable(at: 0, expected: "a file for a qcow2 image", "one that cannot be read out of order")
        }
        fileSize = size
        let fields = FixedFields(try source.bytes(72, at: 0, of: "the header of a qcow2 image"))
        guard Magic(fields.bytes) == .qcow2 else {
            throw .unreadable(at: 0, expected: "the magic of a qcow2 image", fields.bytes.prefix(4).hexadecimal)
        }
        func word(_ offset: Int) -> Int { Int(fields.bigEndian(UInt32.self, at: offset)) }
        version = word(4)
        guard version == 2 || version == 3 else {
            throw .unreadable(at: 4, expected: "version 2 or 3 of qcow2", "\(version)")
        }
        clusterBits = word(20)
        guard (9...21).contains(clusterBits) else {
            throw .unreadable(at: 20, expected: "9 … 21 bits for the size of clusters", "\(clusterBits)")
        }
        diskSize = try Qcow2Header.offset(fields, at: 24, "a size of the disk")
        guard word(32) == 0 else {
            throw .unreadable(at: 32, expected: "an image that is not encrypted", "encryption method \(word(32))")
        }
        snapshotCount = word(60)
        guard snapshotCount <= Qcow2Header.mostSnapshots else {
            throw .unreadable(at: 60, expected: "at most \(Qcow2Header.mostSnapshots) snapshots", "\(snapshotCount)")
        }
        snapshotTable = try Qcow2Header.offset(fields, at: 64, "an offset of the snapshot table")
        (hasSubclusters, compression) = version == 2 ? (false, 0) : try Qcow2Header.features(source, clusterBits)
    }

    /// QEMU's own limit (`QCOW_MAX_SNAPSHOTS`).
    private static let mostSnapshots = 65536

    private static func offset(_ fields: FixedFields, at offset: Int, _ what: String) throws(VMStateError) -> Int {
        let value = fields.bigEndian(UInt64.self, at: offset)
        guard let value = Int(exactly: value) else {
            throw .unreadable(at: offset, expected: "\(what) below 2^63", "\(value)")
        }
        return value
    }

    /// The rest of the header in version 3.
    private static func features(
        _ source: any StreamSource,
        _ clusterBits: Int
    ) throws(VMStateError) -> (hasSubclusters: Bool, compression: Int) {
        let fields = FixedFields(try source.bytes(112, at: 0, of: "the header of a qcow2 image of version 3"))
        let length = fields.bigEndian(UInt32.self, at: 100)
        guard length >= 104, length <= 1 << clusterBits else {
            throw .unreadable(at: 100, expected: "a header of 104 bytes up to a cluster", "\(length) bytes")
        }
        let features = fields.bigEndian(UInt64.self, at: 72)
        // Bits 0 and 1, dirty and corrupt, matter to those who write; what is read is checked anyway.
        guard features & 1 << 2 == 0 else {
            throw .unreadable(at: 72, expected: "an image with its data inside", "one with an external data file")
        }
        guard features & ~0x1f == 0 else {
            throw .unreadable(
                at: 72,
                expected: "incompatible features that are known",
                "0x\(String(features, radix: 16))"
            )
        }
        let hasSubclusters = features & 1 << 4 != 0
        guard !hasSubclusters || clusterBits >= 14 else {
            throw .unreadable(at: 20, expected: "14 … 21 bits for clusters with subclusters", "\(clusterBits)")
        }
        return (hasSubclusters, features & 1 << 3 != 0 && length > 104 ? Int(fields.bytes[104]) : 0)
    }
}
