// SPDX-License-Identifier: Apache-2.0

public import Engine

/// A qcow2 image (versions 2 and 3), for the VM states in its internal snapshots.
///
/// Encrypted images and those with an external data file are refused. A backing file is not looked at: VM states lie
/// behind the disk, where it has nothing.
///
/// Source: QEMU docs/interop/qcow2.txt.
public struct Qcow2Image {
    /// All snapshots, in the order of the table.
    public let snapshots: [Qcow2Snapshot]

    private let source: any StreamSource
    private let header: Qcow2Header

    /// Reads header and snapshot table.
    ///
    /// - Parameters:
    ///   - source: the image; has a size.
    ///   - limits: `snapshotTableBytes` counts.
    /// - Throws: `input-unreadable`, `limit-exceeded`.
    public init(_ source: any StreamSource, limits: ContainerLimits = .default) throws(VMStateError) {
        self.source = source
        header = try Qcow2Header(source)
        var table = Qcow2SnapshotTable(source, header, limits: limits)
        snapshots = try table.snapshots()
    }

    /// The snapshot with this name, or else with this id.
    ///
    /// - Throws: `input-unreadable` when there is none, or more than one.
    public func snapshot(named name: String) throws(VMStateError) -> Qcow2Snapshot {
        let named = snapshots.filter { $0.name == name }
        let found = named.isEmpty ? snapshots.filter { $0.id == name } : named
        guard let snapshot = found.first else {
            throw .unreadable(
                expected: "the snapshot \(name.shown)",
                snapshots.isEmpty ? "an image without snapshots" : "an image with \(shownSnapshots)"
            )
        }
        guard found.count == 1 else {
            let ids = found.prefix(10).map(\.id.shown).joined(separator: ", ")
            throw .unreadable(expected: "one snapshot \(name.shown)", "several, with the ids \(ids)")
        }
        return snapshot
    }

    /// The VM state of a snapshot: a migration stream.
    ///
    /// - Throws: `input-unreadable` when it has none, or its tables lie outside the image.
    public func state(of snapshot: Qcow2Snapshot) throws(VMStateError) -> Qcow2StateSource {
        try Qcow2StateSource(source, header, snapshot)
    }

    /// The names for a message.
    var shownSnapshots: String {
        let names = snapshots.prefix(10).map { "\($0.name.shown) (id \($0.id.shown))" }.joined(separator: ", ")
        return "the snapshots \(names)\(snapshots.count > 10 ? " and \(snapshots.count - 10) more" : "")"
    }
}
