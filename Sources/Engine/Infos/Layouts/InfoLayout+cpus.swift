// SPDX-License-Identifier: Apache-2.0

extension InfoLayout {
    /// An integer of 64 bits stands in an object: alone it could be printed as a string, which would be hex.
    private static let value = Layout.record([.value("value", .u64)])

    /// The infos of CPUs.
    ///
    /// Source: QEMU target/*/machine.c.
    static let cpus: [String: InfoLayout] = [
        // arm; fpcr is also alpha's
        "cpsr": .bySize([4: .u32]),
        "fpscr": .bySize([4: .u32]),
        "fpcr": .bySize([8: value]),
        "fpsr": .bySize([8: value]),
        "pstate64": .bySize([8: value]),
        "powered_off": .bySize([1: .flag()]),
        // ppc, mips
        "fpr": .bySize([8: value, 16: .array(.u64, .fixed(2))]),
        "vsr": .bySize([8: value]),
        "avr": .bySize([16: .array(.u64, .fixed(2))]),
        "slbe": .bySize([16: .record(Layout.Member.values(.u64, "esid", "vsid"))]),
        "cpu/altivec/vscr": .bySize([4: .u32]),
        "tlb_entry": .bySize([32: mipsTLB(.u32), 36: mipsTLB(.u64)]),
        // x86 up to 2.10: the mantissa, sign and exponent
        "fpreg": .bySize([10: .record([.value("mantissa", .u64), .value("exponent", .u16)])]),
        // sparc
        "psr": .bySize([4: .u32]),
        "fsr": .bySize([4: .u32, 8: value]),
        "xcc": .bySize([4: .u32]),
        // microblaze, openrisc
        "msr": .bySize([4: .u32]),
        "sr": .bySize([4: .u32]),
        // hppa: 10.x, and 7.2
        "psw": .bySize([4: .u32, 8: value]),
        "tlb entry": .bySize([
            16: .record([.value("va_b", .u64), .value("pa", .u32), .value("packed", .u32)]),
            32: .record(Layout.Member.values(.u64, "start", "last", "pa", "packed")),
        ]),
        // avr
        "sreg": .bySize([1: .u8]),
        "rampD": .bySize([1: .u8]),
        "rampX": .bySize([1: .u8]),
        "rampY": .bySize([1: .u8]),
        "rampZ": .bySize([1: .u8]),
        "eind": .bySize([1: .u8]),
    ]

    private static func mipsTLB(_ word: Layout) -> Layout {
        .record([
            .value("VPN", word), .value("PageMask", .u32), .value("ASID", .u16), .value("MMID", .u32),
            .value("flags", .u16), .value("PFN", .array(.u64, .fixed(2))),
        ])
    }
}
