// SPDX-License-Identifier: Apache-2.0

extension InfoLayout {
    /// The infos of buses and devices but for `virtio`, which depends on the device.
    static let devices: [String: InfoLayout] = [
        "pci config": .any(PCILayouts.config) { size, facts in
            facts[.isExpress] = size == 4096 ? 1 : 0
            return size == 256 || size == 4096
        },
        "pci irq state": .bySize([16: PCILayouts.interrupts]),
        "msix state": .any(PCILayouts.msix) { size, facts in
            facts[.entries] = PCILayouts.entries(size: size)
            return facts[.entries] != nil
        },
        "virtqueue_extra_state": .any(Virtio.extraState),
        "virtio-gpu": .any(Virtio.gpu),
        "virtio-gpu/blob": .any(Virtio.gpuBlobs),
        "virtio-net vhost-user backend state": .any(chunks),
        "virtio-fs back-end state": .any(chunks),
        "scsi-requests": .any(SCSILayouts.requests),
        // hw/usb/redirect.c
        "usb-redir-parser": .any(.record(data)),
        "usb-redir-bufpq": .any(
            .counted(
                width: 4,
                .record([.length(of: "data", width: 4), .value("status", .u32), data[1]]),
                maximum: Int(Int32.max)
            )
        ),
        "usb-redir-packet-id-q": .any(.counted(width: 4, .u64, maximum: Int(Int32.max))),
        // hw/intc/s390_flic_kvm.c: struct kvm_s390_irq
        "irqs": .any(.counted(width: 8, .bytes(.fixed(72)), maximum: Int(Int32.max))),
        "int32_as_uint16": .bySize([2: .u16]),
        "uint16_from_uint8": .bySize([1: .u8]),
        // The number of a descriptor; the byte of one that was passed along says nothing.
        "fd": .bySize([4: .s32]),
    ]

    /// What a back end says of itself.
    private static let chunks = Layout.terminated(width: 4, .measured(width: 4))

    private static let data: [Layout.Member] = [
        .length(of: "data", width: 4), .value("data", .bytes(.known { $0.count(.length) })),
    ]
}
