// SPDX-License-Identifier: Apache-2.0

/// The requests of a SCSI device that were not finished.
enum SCSILayouts {
    /// Up to a byte 0; a virtio HBA adds the queue and its element.
    ///
    /// Source: QEMU hw/scsi/scsi-bus.c, put_scsi_requests(); hw/scsi/scsi-disk.c, scsi_disk_save_request();
    /// hw/scsi/virtio-scsi.c, virtio_scsi_save_request().
    static let requests = Layout.oneOf([
        list([]),
        list([.value("queue", .u32), .value("element", Virtio.element)]),
        list([.value("queue", .u32), .value("ndescs", .u32), .value("element", Virtio.element)]),
    ])

    private static func list(_ adapter: [Layout.Member]) -> Layout {
        .terminated(width: 1, .record(head + adapter + disk))
    }

    private static let head: [Layout.Member] = [
        .value("retry", .flag(no: 2, yes: 1, .isRetry)),
        .value("cdb", .bytes(.fixed(16))),
        .note { bytes, facts in
            let opcode = bytes[1]
            facts[.isWrite] = writes.contains(opcode) ? 1 : 0
            facts[.isTransfer] = writes.contains(opcode) || reads.contains(opcode) ? 1 : 0
            return true
        },
        .value("tag", .u32), .value("lun", .u32),
    ]

    /// What a disk adds to a request that moves blocks; others have nothing.
    private static let disk: [Layout.Member] = [
        .when("sector", .u64, isTransfer),
        .when("sector_count", .u32.noted(.sectors), isTransfer),
        .when("buflen", .u32.noted(.length), isTransfer),
        .when("data", .bytes(.known(dataLength))) { isTransfer($0) && $0[.isWrite] == 1 && hasBuffer($0) },
        .when("data", .measured(width: 4)) {
            isTransfer($0) && $0[.isWrite] == 0 && hasBuffer($0) && $0[.isRetry] == 0
        },
    ]

    private static func isTransfer(_ facts: Layout.Facts) -> Bool { facts[.isTransfer] == 1 }
    private static func hasBuffer(_ facts: Layout.Facts) -> Bool { (facts[.length] ?? 0) > 0 }

    /// What is written to the device: no more than the buffer, nor than the blocks that are left.
    private static func dataLength(_ facts: Layout.Facts) -> Int? {
        // Both are 32-bit integers.
        guard let sectors = facts.count(.sectors), let length = facts.count(.length) else { return nil }
        return min(sectors * 512, length)
    }

    /// READ, WRITE and WRITE AND VERIFY, by their lengths: SBC-3, 5.
    private static let reads: Set<UInt8> = [0x08, 0x28, 0xa8, 0x88]
    private static let writes: Set<UInt8> = [0x0a, 0x2a, 0xaa, 0x8a, 0x2e, 0xae, 0x8e]
}
