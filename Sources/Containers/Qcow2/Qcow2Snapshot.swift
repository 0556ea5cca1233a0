// SPDX-License-Identifier: Apache-2.0

/// An internal snapshot of a qcow2 image, as its snapshot table has it.
public struct Qcow2Snapshot: Sendable, Hashable {
    /// QEMU's own number for it, such as `1`.
    public let id: String
    /// The name that was given to it.
    public let name: String
    /// When it was taken: seconds since 1970-01-01 00:00 UTC.
    public let seconds: UInt32
    /// The part of the second, in nanoseconds.
    public let nanoseconds: UInt32
    /// How long the guest had run, in nanoseconds.
    public let guestNanoseconds: UInt64
    /// Bytes of VM state, the migration stream; 0 for a snapshot of the disk alone.
    public let stateSize: Int
    /// Virtual size of the disk then; nil where the table does not say.
    public let diskSize: Int?

    let tableOffset: Int
    let tableEntries: Int
}
