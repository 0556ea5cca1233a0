// SPDX-License-Identifier: Apache-2.0

/// PCI: config space, interrupt pins, MSI-X.
enum PCILayouts {
    /// Config space: the registers of the header by name, the rest as bytes; PCI Express has an extended part.
    ///
    /// `isExpress` is noted before by the size of the field, or found among the capabilities.
    /// Source: PCI Local Bus Specification 3.0, 6.1; PCI-to-PCI Bridge Architecture Specification 1.2, 3.2.
    static let config = Layout.record(
        [
            .value("vendor_id", .le16), .value("device_id", .le16), .value("command", .le16), .value("status", .le16),
            .value("revision_id", .u8), .value("class_code", .le24), .value("cache_line_size", .u8),
            .value("latency_timer", .u8), .value("header_type", .u8.noted(.headerType)), .value("bist", .u8),
        ]
            + header.map { member(of: 0, $0) } + bridge.map { member(of: 1, $0) }
            + [
                .when("header", .bytes(.fixed(48))) { kind($0) > 1 },
                .value("device_specific", .bytes(.fixed(192))),
                .note { bytes, facts in
                    if facts[.isExpress] == nil { facts[.isExpress] = capability(0x10, bytes) == nil ? 0 : 1 }
                    return true
                },
                .when("extended", .bytes(.fixed(3840))) { $0[.isExpress] == 1 },
            ]
    )

    /// INTA to INTD, each 0 or 1.
    static let interrupts = Layout.array(.u32.within(0...1), .fixed(4))

    /// The MSI-X table as it lies in the device's memory, and the pending bits.
    static let msix = Layout.record([
        .value(
            "table",
            .array(
                .record([.value("address", .le64), .value("data", .le32), .value("vector_control", .le32)]),
                .known { $0.count(.entries) }
            )
        ),
        .value("pending", .bytes(.known { $0.count(.entries).map { ($0 + 7) / 8 } })),
    ])

    /// How many entries an MSI-X table of 16 bytes each has that takes `size` bytes with its pending bits.
    static func entries(size: Int) -> UInt64? {
        // n entries and ⌈n/8⌉ bytes; eight entries take 129 bytes.
        let count = size / 129 * 8 + size % 129 / 16
        return count > 0 && 16 * count + (count + 7) / 8 == size ? UInt64(count) : nil
    }

    /// The place of a capability in 256 bytes of config space.
    static func capability(_ id: UInt8, _ config: [UInt8]) -> Int? {
        guard config.count >= 256, config[0x06] & 0x10 != 0 else { return nil }
        var at = Int(config[0x34] & 0xfc)
        // Not more than there is room for: a list may be a ring.
        for _ in 0..<48 where at >= 0x40 {
            if config[at] == id { return at }
            at = Int(config[at + 1] & 0xfc)
        }
        return nil
    }

    // MARK: Headers

    private static func kind(_ facts: Layout.Facts) -> UInt64 { (facts[.headerType] ?? 0) & 0x7f }

    private static func member(of type: UInt64, _ part: (name: String, layout: Layout)) -> Layout.Member {
        .when(part.name, part.layout) { kind($0) == type }
    }

    /// Header type 0: a device.
    private static let header: [(name: String, layout: Layout)] = [
        ("bars", .array(.le32, .fixed(6))), ("cardbus_cis", .le32), ("subsystem_vendor_id", .le16),
        ("subsystem_id", .le16), ("expansion_rom", .le32), ("capabilities", .u8), ("reserved", .bytes(.fixed(7))),
        ("interrupt_line", .u8), ("interrupt_pin", .u8), ("min_gnt", .u8), ("max_lat", .u8),
    ]

    /// Header type 1: a bridge.
    private static let bridge: [(name: String, layout: Layout)] = [
        ("bars", .array(.le32, .fixed(2))), ("primary_bus", .u8), ("secondary_bus", .u8), ("subordinate_bus", .u8),
        ("secondary_latency_timer", .u8), ("io_base", .u8), ("io_limit", .u8), ("secondary_status", .le16),
        ("memory_base", .le16), ("memory_limit", .le16), ("prefetch_base", .le16), ("prefetch_limit", .le16),
        ("prefetch_base_upper", .le32), ("prefetch_limit_upper", .le32), ("io_base_upper", .le16),
        ("io_limit_upper", .le16), ("capabilities", .u8), ("reserved", .bytes(.fixed(3))), ("expansion_rom", .le32),
        ("interrupt_line", .u8), ("interrupt_pin", .u8), ("bridge_control", .le16),
    ]
}
