// SPDX-License-Identifier: Apache-2.0

extension VMStateInfo {
    /// A row of the table: the vmdesc name, the C identifiers, the bytes.
    struct Row {
        let name: String
        let identifiers: [String]
        let encoding: Encoding

        init(_ name: String, _ identifiers: String..., encoding: Encoding) {
            self.name = name
            self.identifiers = identifiers
            self.encoding = encoding
        }
    }

    /// The infos of the core.
    ///
    /// Source: QEMU migration/vmstate-types.c, migration/savevm.c.
    static let coreInfos: [Row] = [
        Row("bool", "vmstate_info_bool", encoding: .bool),
        Row("int8", "vmstate_info_int8", encoding: .integer(width: 1, isSigned: true, .none)),
        Row("int16", "vmstate_info_int16", encoding: .integer(width: 2, isSigned: true, .none)),
        Row("int32", "vmstate_info_int32", encoding: .integer(width: 4, isSigned: true, .none)),
        Row("int64", "vmstate_info_int64", encoding: .integer(width: 8, isSigned: true, .none)),
        Row("uint8", "vmstate_info_uint8", encoding: .integer(width: 1, isSigned: false, .none)),
        Row("uint16", "vmstate_info_uint16", encoding: .integer(width: 2, isSigned: false, .none)),
        Row("uint32", "vmstate_info_uint32", encoding: .integer(width: 4, isSigned: false, .none)),
        Row("uint64", "vmstate_info_uint64", encoding: .integer(width: 8, isSigned: false, .none)),
        Row("uint8 equal", "vmstate_info_uint8_equal", encoding: .integer(width: 1, isSigned: false, .equal)),
        Row("uint16 equal", "vmstate_info_uint16_equal", encoding: .integer(width: 2, isSigned: false, .equal)),
        Row("uint32 equal", "vmstate_info_uint32_equal", encoding: .integer(width: 4, isSigned: false, .equal)),
        // QEMU calls the check of a uint64 "int64 equal".
        Row(
            "int64 equal",
            "vmstate_info_uint64_equal",
            "uint64 equal",
            encoding: .integer(width: 8, isSigned: false, .equal)
        ),
        Row("int32 equal", "vmstate_info_int32_equal", encoding: .integer(width: 4, isSigned: true, .equal)),
        // "le" is less or equal, not little-endian.
        Row("int32 le", "vmstate_info_int32_le", encoding: .integer(width: 4, isSigned: true, .lessOrEqual)),
        Row("timer", "vmstate_info_timer", encoding: .integer(width: 8, isSigned: true, .none)),
        Row("CPU_Double_U", "vmstate_info_cpudouble", encoding: .double),
        Row("float64", "vmstate_info_float64", encoding: .double),
        Row("fd", "vmstate_info_fd", encoding: .opaque(.fixed(1))),
        Row("nullptr", "vmstate_info_nullptr", encoding: .nullPointer),
        Row("ptr-marker", "vmstate_info_ptr_marker", encoding: .pointerMarker),
        Row("buffer", "vmstate_info_buffer", encoding: .buffer),
        Row("unused_buffer", "vmstate_info_unused_buffer", encoding: .unusedBuffer),
        Row("bitmap", "vmstate_info_bitmap", encoding: .bitmap),
        Row("tmp", "vmstate_info_tmp", encoding: .tmp),
        Row("qtailq", "vmstate_info_qtailq", encoding: .qtailq),
        Row("qlist", "vmstate_info_qlist", encoding: .qlist),
        Row("gtree", "vmstate_info_gtree", encoding: .gtree),
        Row("GByteArray", "vmstate_info_g_byte_array", encoding: .byteArray),
        Row("capability", "vmstate_info_capability", encoding: .name),
    ]

    /// The infos of devices and CPUs, as far as their length is known without the device.
    ///
    /// A name that several targets use with different lengths (`fpr`, `fpcr`, `psw`, `tlb entry`) has none here: the
    /// field's `size` decides.
    static let deviceInfos: [Row] = [
        // hw/pci: 256 bytes, 4096 for PCI Express.
        Row("pci config", "vmstate_info_pci_config", encoding: .opaque(.sized)),
        Row("pci irq state", "vmstate_info_pci_irq_state", encoding: .opaque(.fixed(16))),
        Row("msix state", "vmstate_info_msix", encoding: .opaque(.sized)),
        Row("shpc", "shpc_vmstate_info", encoding: .opaque(.sized)),
        // hw/virtio, hw/display, hw/scsi, hw/usb
        Row("virtio", "virtio_vmstate_info", encoding: .opaque(.sized)),
        Row("virtqueue_extra_state", "vmstate_info_extra_state", encoding: .opaque(.sized)),
        Row("virtio-gpu", encoding: .opaque(.sized)),
        Row("virtio-gpu/blob", encoding: .opaque(.sized)),
        Row("virtio-net vhost-user backend state", encoding: .opaque(.chunked)),
        Row("virtio-fs back-end state", encoding: .opaque(.chunked)),
        Row("scsi-requests", "vmstate_info_scsi_requests", encoding: .opaque(.sized)),
        Row("usb-redir-parser", "usbredir_parser_vmstate_info", encoding: .opaque(.counted(width: 4, stride: 1))),
        Row("usb-redir-bufpq", "usbredir_ep_bufpq_vmstate_info", encoding: .opaque(.sized)),
        Row(
            "usb-redir-packet-id-q",
            "usbredir_ep_packet_id_q_vmstate_info",
            encoding: .opaque(.counted(width: 4, stride: 8))
        ),
        Row("irqs", encoding: .opaque(.counted(width: 8, stride: 72))),
        Row("int32_as_uint16", "vmstate_hack_uint32_as_uint16", encoding: .opaque(.fixed(2))),
        Row("uint16_from_uint8", "vmstate_hack_uint16_from_uint8", encoding: .opaque(.fixed(1))),
        Row("vdagent/cbinfos", encoding: .opaque(.sized)),
        // target/arm
        Row("cpsr", "vmstate_cpsr", encoding: .opaque(.fixed(4))),
        Row("fpscr", "vmstate_fpscr", encoding: .opaque(.fixed(4))),
        Row("fpsr", "vmstate_fpsr", encoding: .opaque(.fixed(8))),
        Row("pstate64", "vmstate_pstate64", encoding: .opaque(.fixed(8))),
        Row("powered_off", "vmstate_powered_off", encoding: .opaque(.fixed(1))),
        // target/ppc
        Row("vsr", "vmstate_info_vsr", encoding: .opaque(.fixed(8))),
        Row("avr", "vmstate_info_avr", encoding: .opaque(.fixed(16))),
        Row("slbe", "vmstate_info_slbe", encoding: .opaque(.fixed(16))),
        Row("cpu/altivec/vscr", "vmstate_vscr", encoding: .opaque(.fixed(4))),
        // ppc and mips; arm and alpha; hppa 7.2 and later; hppa
        Row("fpr", "vmstate_info_fpr", encoding: .opaque(.sized)),
        Row("fpcr", "vmstate_fpcr", encoding: .opaque(.sized)),
        Row("psw", "vmstate_psw", encoding: .opaque(.sized)),
        Row("tlb entry", "vmstate_tlb", encoding: .opaque(.sized)),
        // target/mips, sparc, microblaze, openrisc, avr
        Row("tlb_entry", "vmstate_info_tlb", encoding: .opaque(.sized)),
        Row("psr", "vmstate_psr", encoding: .opaque(.fixed(4))),
        Row("fsr", "vmstate_fsr", encoding: .opaque(.sized)),
        Row("xcc", "vmstate_xcc", encoding: .opaque(.fixed(4))),
        Row("msr", "vmstate_msr", encoding: .opaque(.fixed(4))),
        Row("sr", "vmstate_sr", encoding: .opaque(.fixed(4))),
        Row("sreg", "vms_sreg", encoding: .opaque(.fixed(1))),
        Row("rampD", encoding: .opaque(.fixed(1))),
        Row("rampX", encoding: .opaque(.fixed(1))),
        Row("rampY", encoding: .opaque(.fixed(1))),
        Row("rampZ", encoding: .opaque(.fixed(1))),
        Row("eind", "vms_eind", encoding: .opaque(.fixed(1))),
    ]
}
