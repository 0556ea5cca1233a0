// SPDX-License-Identifier: Apache-2.0

public import Engine

/// The VM state of a snapshot, read through the snapshot's L1 and L2 tables.
///
/// It lies on the virtual disk behind all that the guest sees, from the first L1 entry on that describes nothing of it.
public final class Qcow2StateSource: StreamSource {
    private let source: any StreamSource
    private let map: Qcow2ClusterMap
    private let length: Int
    private var inflated: (entry: UInt64, bytes: [UInt8])?

    init(_ source: any StreamSource, _ header: Qcow2Header, _ snapshot: Qcow2Snapshot) throws(VMStateError) {
        guard snapshot.stateSize > 0 else {
            throw .unreadable(expected: "a snapshot with VM state", "\(snapshot.name.shown), which is one of the disk")
        }
        self.source = source
        length = snapshot.stateSize
        map = try Qcow2ClusterMap(source, header, snapshot)
    }

    /// How many bytes of VM state there are.
    public var size: Int? { length }

    /// Where the VM state starts on the virtual disk.
    public var diskOffset: Int { map.diskOffset }

    /// Reads from `offset` on; see `StreamSource`.
    ///
    /// - Throws: `input-unreadable` when a table or a cluster is outside the image, with the offset in the image.
    public func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int {
        guard offset >= 0, offset < length, buffer.byteCount > 0 else { return 0 }
        let room = min(buffer.byteCount, length - offset)
        var extent = try map.extent(at: offset)
        // Clusters that follow each other in the image are read at once.
        while extent.length < room {
            // An error there comes with the read that needs it.
            guard let next = try? map.extent(at: offset + extent.length), extent.grow(by: next) else { break }
        }
        let count = min(room, extent.length)
        switch extent.content {
        case .zeros:
            buffer.fillWithZeros(count)
            return count
        case .bytes(let place):
            var part = buffer._mutatingExtracting(first: count)
            let count = try source.read(into: &part, at: place)
            guard count > 0 else { throw .unreadable(at: place, expected: "a cluster", "the end of the image") }
            return count
        case .compressed(let entry, let skipped):
            buffer.fill(from: try inflate(entry), skipped..<skipped + count)
            return count
        }
    }

    /// How many bytes from `offset` on are in clusters that the image does not hold.
    public func zeros(at offset: Int) -> Int {
        guard offset >= 0, offset < length, let extent = try? map.extent(at: offset), case .zeros = extent.content
        else {
            return 0
        }
        return min(extent.length, length - offset)
    }

    private func inflate(_ entry: UInt64) throws(VMStateError) -> [UInt8] {
        if let inflated, inflated.entry == entry { return inflated.bytes }
        let bytes = try map.inflate(entry)
        inflated = (entry, bytes)
        return bytes
    }
}
