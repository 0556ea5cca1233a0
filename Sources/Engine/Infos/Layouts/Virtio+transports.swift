// SPDX-License-Identifier: Apache-2.0

extension Virtio {
    /// The device's config space and pins, then MSI-X where a capability says so.
    ///
    /// Source: QEMU hw/virtio/virtio-pci.c, virtio_pci_save_config().
    static let pci = Transport(
        member: .value(
            "pci",
            .record([
                .value("version", .s32),
                .value("config", PCILayouts.config),
                .note(noteVectors),
                .value("irq_state", PCILayouts.interrupts),
                .when("msix", PCILayouts.msix, hasVectors),
                .when("config_vector", .u16, hasVectors),
            ])
        ),
        hasAlignment: false,
        hasVector: hasVectors
    )

    /// Source: QEMU hw/virtio/virtio-mmio.c, virtio_mmio_save_config().
    static let mmio = Transport(
        member: .value(
            "mmio",
            .record([
                .value("host_features_sel", .u32), .value("guest_features_sel", .u32),
                .value("guest_page_shift", .u32.within(0...31)),
            ])
        ),
        hasAlignment: true,
        hasVector: { _ in false }
    )

    /// Source: QEMU hw/s390x/virtio-ccw.c, vmstate_virtio_ccw_dev.
    static let channel = Transport(
        member: .value(
            "ccw",
            .record([
                .value("sch", ChannelLayouts.subchannel),
                .value("indicators", ChannelLayouts.indicator),
                .value("indicators2", ChannelLayouts.indicator),
                .value("summary_indicator", ChannelLayouts.indicator),
                .value("config_vector", .u16),
                .value("routes", ChannelLayouts.routes),
                .value("thinint_isc", .u8),
                .value("revision", .s32),
            ])
        ),
        hasAlignment: false,
        hasVector: { _ in true }
    )

    /// Notes how many vectors there are, of a device whose vendor is Red Hat's: any other bytes are no PCI device.
    private static func noteVectors(_ bytes: [UInt8], _ facts: inout Layout.Facts) -> Bool {
        let config = Array(bytes.dropFirst(4).prefix(256))
        guard config.count == 256, config[0] == 0xf4, config[1] == 0x1a else { return false }
        facts[.entries] = nil
        if let at = PCILayouts.capability(0x11, config) {
            facts[.entries] = UInt64(config[at + 2]) + UInt64(config[at + 3] & 0x07) << 8 + 1
        }
        return true
    }

    private static func hasVectors(_ facts: Layout.Facts) -> Bool { facts[.entries] != nil }
}
