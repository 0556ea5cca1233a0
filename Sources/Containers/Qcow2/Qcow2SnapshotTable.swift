// SPDX-License-Identifier: Apache-2.0

internal import Engine

/// Reads the snapshot table: entries of variable length, one behind the other.
struct Qcow2SnapshotTable {
    private let source: any StreamSource
    private let header: Qcow2Header
    private let end: Int
    private let limit: Int
    private var position: Int

    private static let fixedLength = 40

    init(_ source: any StreamSource, _ header: Qcow2Header, limits: ContainerLimits) {
        self.source = source
        self.header = header
        position = header.snapshotTable
        let (sum, isBeyond) = position.addingReportingOverflow(limits.snapshotTableBytes)
        end = isBeyond ? Int.max : sum
        limit = limits.snapshotTableBytes
    }

    mutating func snapshots() throws(VMStateError) -> [Qcow2Snapshot] {
        var snapshots: [Qcow2Snapshot] = []
        for _ in 0..<header.snapshotCount {
            snapshots.append(try next())
        }
        return snapshots
    }

    private mutating func next() throws(VMStateError) -> Qcow2Snapshot {
        let start = position
        let fields = FixedFields(try take(Self.fixedLength))
        func word(_ offset: Int) -> Int { Int(fields.bigEndian(UInt32.self, at: offset)) }
        func half(_ offset: Int) -> Int { Int(fields.bigEndian(UInt16.self, at: offset)) }
        let tableOffset = try Self.size(fields.bigEndian(UInt64.self, at: 0), at: start, "an offset of the L1 table")
        let extra = FixedFields(try take(word(36)))
        let id = String(decoding: try take(half(12)), as: UTF8.self)
        let name = String(decoding: try take(half(14)), as: UTF8.self)
        // To the next multiple of 8, counted from the table's start.
        position += (8 - (position - header.snapshotTable) % 8) % 8

        var stateSize = UInt64(word(32))
        if extra.bytes.count >= 8 { stateSize = extra.bigEndian(UInt64.self, at: 0) }
        var diskSize: Int?
        if extra.bytes.count >= 16 {
            diskSize = try Self.size(extra.bigEndian(UInt64.self, at: 8), at: start + 48, "a size of the disk")
        }
        return Qcow2Snapshot(
            id: id,
            name: name,
            seconds: UInt32(word(16)),
            nanoseconds: UInt32(word(20)),
            guestNanoseconds: fields.bigEndian(UInt64.self, at: 24),
            stateSize: try Self.size(stateSize, at: start + 32, "a size of the VM state"),
            diskSize: diskSize,
            tableOffset: tableOffset,
            tableEntries: word(8)
        )
    }

    private mutating func take(_ count: Int) throws(VMStateError) -> [UInt8] {
        // Whatever is not in the file is not reserved for either.
        guard position <= header.fileSize, count <= header.fileSize - position else {
            throw .unreadable(
                at: position,
                expected: "\(count) bytes of the snapshot table",
                "the end of the image at \(header.fileSize)"
            )
        }
        guard count <= end - position else {
            throw .exceeds(at: position, expected: "at most \(limit) bytes of the snapshot table")
        }
        defer { position += count }
        return try source.bytes(count, at: position, of: "the snapshot table of a qcow2 image")
    }

    private static func size(_ value: UInt64, at offset: Int, _ what: String) throws(VMStateError) -> Int {
        guard let value = Int(exactly: value) else {
            throw .unreadable(at: offset, expected: "\(what) below 2^63", "\(value)")
        }
        return value
    }
}
