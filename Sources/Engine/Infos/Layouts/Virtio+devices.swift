// SPDX-License-Identifier: Apache-2.0

extension Virtio {
    /// What a device adds behind its queues; bytes for one that is not known here.
    static func device(_ description: String) -> Layout {
        let known: [Layout] =
            switch description {
            case "virtio-net": net
            case "virtio-blk": [block(isPacked: false), block(isPacked: true)]
            case "virtio-console": [serial(isPacked: false), serial(isPacked: true)]
            case "virtio-balloon": [balloon]
            default: []
            }
        return .oneOf(known + [.bytes(.rest)])
    }

    // MARK: virtio-net

    /// With one pair of queues or several.
    ///
    /// Source: QEMU hw/net/virtio-net.c, vmstate_virtio_net_device.
    private static let net: [Layout] = {
        let pairs: [Layout.Member] = [
            .value("max_queue_pairs", .u16), .value("curr_queue_pairs", .u16.noted(.length)),
            .value("other_tx_waiting", .array(.u32, .known { $0.count(.length).map { max($0 - 1, 0) } })),
        ]
        // VIRTIO_NET_F_CTRL_GUEST_OFFLOADS
        let offloads = Layout.Member.when("curr_guest_offloads", .u64) { ($0[.features] ?? 0) & 0x4 != 0 }
        return [[], pairs].map { .record(netHead + $0 + [offloads, .sections(netSubsections)]) }
    }()

    private static let netHead: [Layout.Member] =
        [
            .value("mac", .bytes(.fixed(6))), .value("tx_waiting", .u32), .value("mergeable_rx_bufs", .u32),
            .value("status", .u16), .value("promisc", .u8), .value("allmulti", .u8),
            .value("mac_table", .counted(width: 4, .bytes(.fixed(6)), maximum: 64)),
            .value("vlans", .bytes(.fixed(512))),
            .value("has_vnet_hdr", .u32),
        ]
        + Layout.Member.values(
            .u8,
            "multi_overflow",
            "uni_overflow",
            "alluni",
            "nomulti",
            "nouni",
            "nobcast",
            "has_ufo"
        )

    private static let netSubsections = [
        Layout.Section(
            name: "virtio-net-device/rss",
            layout: .record([
                .value("enabled", .flag()), .value("redirect", .flag()), .value("populate_hash", .flag()),
                .value("hash_types", .u32), .length(of: "indirections_table", width: 2), .value("default_queue", .u16),
                .value("key", .bytes(.fixed(40))),
                .value("indirections_table", .array(.u16, .known { $0.count(.length) })),
            ])
        )
    ]

    // MARK: virtio-blk, virtio-serial, virtio-balloon

    private static func packedPart(_ isPacked: Bool) -> [Layout.Member] {
        isPacked ? [.value("ndescs", .u32)] : []
    }

    /// Requests that wait, up to a byte 0.
    ///
    /// Source: QEMU hw/block/virtio-blk.c, virtio_blk_save_device().
    private static func block(isPacked: Bool) -> Layout {
        .record([
            .value(
                "requests",
                .terminated(
                    width: 1,
                    .record(
                        [.constant([1]), .when("queue", .u32) { ($0[.queues] ?? 0) > 1 }] + packedPart(isPacked)
                            + [.value("element", element)]
                    )
                )
            )
        ])
    }

    /// Source: QEMU hw/char/virtio-serial-bus.c, virtio_serial_save_device().
    private static func serial(isPacked: Bool) -> Layout {
        func withElement(_ name: String, _ layout: Layout) -> Layout.Member {
            .when(name, layout) { $0[.hasElement] == 1 }
        }
        let port: [Layout.Member] =
            [
                .value("id", .u32), .value("guest_connected", .flag()), .value("host_connected", .flag()),
                .value("has_element", .u32.within(0...1).noted(.hasElement)),
                withElement("iov_idx", .u32), withElement("iov_offset", .u64),
            ]
            + (isPacked ? [withElement("ndescs", .u32)] : []) + [withElement("element", element)]
        return .record([
            .value("cols", .u16), .value("rows", .u16),
            .value("max_nr_ports", .u32.within(0...UInt64(1 << 16)).noted(.ports)),
            .value("ports_map", .array(.u32, .known { $0.count(.ports).map { ($0 + 31) / 32 } })),
            .value("ports", .counted(width: 4, .record(port), maximum: 1 << 16)),
        ])
    }

    /// Source: QEMU hw/virtio/virtio-balloon.c, vmstate_virtio_balloon_device.
    private static let balloon = Layout.record([
        .value("num_pages", .u32), .value("actual", .u32),
        .sections([
            Layout.Section(
                name: "virtio-balloon-device/free-page-report",
                layout: .record(Layout.Member.values(.u32, "free_page_hint_cmd_id", "free_page_hint_status"))
            ),
            Layout.Section(
                name: "virtio-balloon-device/page-poison",
                layout: .record([.value("poison_val", .u32)])
            ),
        ]),
    ])

    // MARK: virtio-gpu

    private static let pages = Layout.counted(
        width: 4,
        .record([.value("addr", .u64), .value("length", .u32)]),
        maximum: Int(Int32.max)
    )

    /// Resources with their pixels, up to an id of 0, then the outputs.
    ///
    /// Source: QEMU hw/display/virtio-gpu.c, virtio_gpu_save().
    static let gpu = Layout.record([
        .value(
            "resources",
            .terminated(
                width: 4,
                .record([
                    .value("resource_id", .u32), .value("width", .u32.noted(.width)),
                    .value("height", .u32.noted(.height)),
                    // Every format has 32 bits a pixel.
                    .value("format", .u32.within(1...134)), .value("pages", pages),
                    .value("pixels", .bytes(.known(pixels))),
                ])
            )
        ),
        .value("enable", .s32),
        .value("scanouts", .counted(width: 4, .record(scanout), maximum: 16)),
    ])

    private static func pixels(_ facts: Layout.Facts) -> Int? {
        guard let width = facts.count(.width), let height = facts.count(.height) else { return nil }
        // 2^32 − 1 by 2^32 − 1 pixels are less than 2^64 but more than an Int holds four times.
        let (count, overflow) = width.multipliedReportingOverflow(by: height)
        return overflow || count > Int(Int32.max) ? -1 : 4 * count
    }

    private static let scanout: [Layout.Member] =
        Layout.Member.values(.u32, "resource_id", "width", "height") + Layout.Member.values(.s32, "x", "y")
        + Layout.Member.values(.u32, "cursor_resource_id", "hot_x", "hot_y", "cursor_x", "cursor_y")

    /// Resources that lie in the guest's memory, up to an id of 0.
    static let gpuBlobs = Layout.terminated(
        width: 4,
        .record([.value("resource_id", .u32), .value("blob_size", .u32), .value("pages", pages)])
    )
}
