// SPDX-License-Identifier: Apache-2.0

/// The `virtio` info: transport, device and queues, what the device adds, subsections.
///
/// Source: QEMU hw/virtio/virtio.c, virtio_save().
enum Virtio {
    /// Queues that a device may have.
    static let maximumQueues = 1024

    /// The layout for the device that the description of this name belongs to.
    static func layout(of description: String) -> Layout {
        let device = device(description)
        return .oneOf([pci, channel, mmio].map { record($0, device) })
    }

    /// How one transport differs from the others.
    struct Transport: Sendable {
        let member: Layout.Member
        let hasAlignment: Bool
        let hasVector: @Sendable (Layout.Facts) -> Bool
    }

    private static func record(_ transport: Transport, _ device: Layout) -> Layout {
        let alignment: [Layout.Member] = transport.hasAlignment ? [.value("align", .u32)] : []
        let queue: [Layout.Member] =
            [.value("num", .u32.within(1...UInt64(maximumQueues)))] + alignment
            + [.value("desc", .u64), .value("last_avail_idx", .u16), .when("vector", .u16, transport.hasVector)]
        // Where nothing else tells a device from zeros, a queue must: every device has one.
        let evidence: [Layout.Member] = transport.hasAlignment ? [.note { $1[.queues] != 0 }] : []
        let head: [Layout.Member] = [
            transport.member,
            .value("status", .u8), .value("isr", .u8),
            .value("queue_sel", .u16.within(0...UInt64(maximumQueues - 1))),
            // The low half; all of them are in a subsection.
            .value("guest_features", .u32.noted(.features)),
            .value("config", .measured(width: 4)),
            .value("queues", .counted(width: 4, .record(queue), maximum: maximumQueues, .queues)),
        ]
        return .record(head + evidence + [.before(subsections, "device", device), .sections(subsections)])
    }

    // MARK: Subsections

    private static func perQueue(_ name: String, _ members: [Layout.Member]) -> Layout {
        .record([.value(name, .padded(.record(members), count: maximumQueues))])
    }

    /// In the order in which QEMU writes them.
    static let subsections: [Layout.Section] = [
        Layout.Section(name: "virtio/device_endian", layout: .record([.value("device_endian", .u8)])),
        Layout.Section(name: "virtio/128bit_features", layout: .record([.value("guest_features_hi", .u64)])),
        Layout.Section(name: "virtio/64bit_features", layout: .record([.value("guest_features", .u64)])),
        Layout.Section(
            name: "virtio/virtqueues",
            layout: perQueue("vq", [.value("avail", .u64), .value("used", .u64)])
        ),
        Layout.Section(name: "virtio/ringsize", layout: perQueue("vq", [.value("num_default", .u32)])),
        Layout.Section(name: "virtio/broken", layout: .record([.value("broken", .flag())])),
        Layout.Section(name: "virtio/extra_state", layout: extraState),
        Layout.Section(name: "virtio/started", layout: .record([.value("started", .flag())])),
        Layout.Section(
            name: "virtio/packed_virtqueues",
            layout: perQueue(
                "vq",
                [
                    .value("last_avail_idx", .u16), .value("last_avail_wrap_counter", .flag()),
                    .value("used_idx", .u16), .value("used_wrap_counter", .flag()), .value("inuse", .u32),
                ]
            )
        ),
        Layout.Section(name: "virtio/disabled", layout: .record([.value("disabled", .flag())])),
    ]

    /// The transport's own VMSD: no fields and one subsection.
    static let extraState = Layout.record([
        .sections([
            Layout.Section(
                name: "virtio_pci/modern_state",
                layout: .record([
                    .value("dfselect", .u32), .value("gfselect", .u32),
                    .value("guest_features", .array(.u32, .fixed(2))),
                    // Where `enabled` was an integer of two bytes.
                    .value("vqs", .padded(.record(queueState(.constant([0]))), count: maximumQueues)),
                ])
            ),
            Layout.Section(
                name: "virtio_mmio/state",
                layout: .record([
                    .value("guest_features", .array(.u32, .fixed(2))),
                    .value("vqs", .padded(.record(queueState(nil)), count: maximumQueues)),
                ])
            ),
        ])
    ])

    private static func queueState(_ padding: Layout.Member?) -> [Layout.Member] {
        [.value("num", .u16)] + (padding.map { [$0] } ?? [])
            + [
                .value("enabled", .flag()), .value("desc", .array(.u32, .fixed(2))),
                .value("avail", .array(.u32, .fixed(2))), .value("used", .array(.u32, .fixed(2))),
            ]
    }

    // MARK: Elements of queues

    /// An element of a queue, a C structure of a little-endian 64-bit host; a big-endian one is left as bytes.
    ///
    /// Source: QEMU hw/virtio/virtio.c, VirtQueueElementOld.
    static let element = Layout.record([
        .value("index", .le32.within(0...0xffff)),
        .value("out_num", .le32.within(0...UInt64(maximumQueues))),
        .value("in_num", .le32.within(0...UInt64(maximumQueues))),
        .constant([0, 0, 0, 0]),
        .value("in_addr", .padded(.le64, count: maximumQueues)),
        .value("out_addr", .padded(.le64, count: maximumQueues)),
        .value("in_sg", .padded(buffer, count: maximumQueues)),
        .value("out_sg", .padded(buffer, count: maximumQueues)),
    ])

    private static let buffer = Layout.record([.value("base", .le64), .value("len", .le64)])
}
