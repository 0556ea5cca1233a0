// SPDX-License-Identifier: Apache-2.0

/// Channel devices of s390x.
enum ChannelLayouts {
    /// A subchannel of a virtio device, whose control unit has the type 0x3832.
    ///
    /// Source: QEMU hw/s390x/css.c, vmstate_subch_dev.
    static let subchannel = Layout.record([
        .value("cssid", .u8), .value("ssid", .u8), .value("migrated_schid", .u16), .value("devno", .u16),
        .value("thinint_active", .flag()),
        .value(
            "curr_status",
            .record([
                .value("pmcw", path), .value("scsw", status), .value("mba", .u64), .value("mda", .bytes(.fixed(4))),
            ])
        ),
        .value("sense_data", .bytes(.fixed(32))),
        .value("channel_prog", .u64),
        .value(
            "last_cmd",
            .record([.value("cmd_code", .u8), .value("flags", .u8), .value("count", .u16), .value("cda", .u32)])
        ),
        .value("last_cmd_valid", .flag()),
        .value("id", identity),
        .value("ccw_fmt_1", .flag()),
        .value("ccw_no_data_cnt", .u8),
        .sections([
            Layout.Section(
                name: "s390_subch_dev/orb",
                layout: .record([
                    .value("intparm", .u32), .value("ctrl0", .u16), .value("lpm", .u8), .value("ctrl1", .u8),
                    .value("cpa", .u32),
                ])
            )
        ]),
    ])

    /// Source: QEMU hw/s390x/ccw-device.c, hw/s390x/css.c: the address of an indicator.
    static let indicator = Layout.record([.value("len", .s32), .value("addr", .u64)])

    /// Source: QEMU hw/s390x/css.c, vmstate_adapter_info.
    static let routes = Layout.record([
        .value(
            "adapter",
            .record([
                .value("ind_offset", .u64),
                .sections([
                    Layout.Section(
                        name: "s390_adapter_info/summary_offset",
                        layout: .record([.value("summary_offset", .u32)])
                    )
                ]),
            ])
        )
    ])

    private static let path = Layout.record(
        [.value("intparm", .u32), .value("flags", .u16), .value("devno", .u16)]
            + Layout.Member.values(.u8, "lpm", "pnom", "lpum", "pim") + [.value("mbi", .u16)]
            + Layout.Member.values(.u8, "pom", "pam")
            + [.value("chpid", .bytes(.fixed(8))), .value("chars", .u32)]
    )

    private static let status = Layout.record([
        .value("flags", .u16), .value("ctrl", .u16), .value("cpa", .u32), .value("dstat", .u8), .value("cstat", .u8),
        .value("count", .u16),
    ])

    private static let identity = Layout.record([
        .value("reserved", .u8.within(0xff...0xff)), .value("cu_type", .u16.within(0x3832...0x3832)),
        .value("cu_model", .u8), .value("dev_type", .u16),
        .value("dev_model", .u8), .value("unused", .u8),
        .value(
            "ciw",
            .padded(.record([.value("type", .u8), .value("command", .u8), .value("count", .u16)]), count: 62)
        ),
    ])
}
