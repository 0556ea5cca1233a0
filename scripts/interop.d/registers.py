# SPDX-License-Identifier: Apache-2.0
"""What is changed, and how QEMU shows it. A row: section, path in its state (a last (offset, size): bytes of a hex string),
the new value, the monitor's commands, and the expression for the value in the last one's answer (hexadecimal)."""

CPU, APIC, IOAPIC = ("cpu", 0), ("apic", 0), ("ioapic", 0)
PIC, SLAVE, DMA, RTC, PIT, HPET = ("i8259", 0), ("i8259", 1), ("dma", 0), ("mc146818rtc", 0), ("i8254", 0), ("hpet", 0)
SERIAL, PARALLEL, KEYBOARD, FLOPPY = ("serial", 0), ("parallel_isa", 0), ("pckbd", 0), ("fdc", 0)
PIIX3, IDE, PM = ("0000:00:01.0/PIIX3", 0), ("0000:00:01.1/ide", 0), ("0000:00:01.3/piix4_pm", 0)
VGA, NIC, AHCI = ("0000:00:02.0/cirrus_vga", 0), ("0000:00:03.0/rtl8139", 0), ("0000:00:04.0/ich9_ahci", 0)
FW_CFG, GLOBAL = ("fw_cfg", 0), ("globalstate", 0)

PORT = r"= 0x(\w+)"
MEMORY = r": 0x(\w+)"


def config(device, function, register, size, value):
    """The commands that write a register of PCI configuration space."""
    return ["o /w 0xcf8 0x%x" % (0x80000000 | device << 11 | function << 8 | register), "o /%s 0xcfc 0x%x" % (size, value)]


# Before the stream is written: QEMU's own values are to be others than after a reset, and BARs mapped.
PREPARE = [
    "o /b 0x70 0x50", "o /b 0x71 0x37", "o /b 0x70 0x7f", "o /b 0x71 0x99", "o /b 0x3ff 0x11", "o /b 0x21 0xb8", "o /b 0xa1 0x8e",
    "o /b 0x4d0 0x20", "o /b 0x87 0x0c", "o /b 0x1f2 0x33", "o /b 0x378 0x42",
    # The PIT's channel 2: mode 3, its status latched.
    "o /b 0x43 0xb6", "o /b 0x43 0xe8",
    # VGA: colour addresses of the CRTC, cursor, a palette entry.
    "o /b 0x3c2 1", "o /b 0x3d4 0x0f", "o /b 0x3d5 0x29",
    "o /b 0x3c8 5", "o /b 0x3c9 0x11", "o /b 0x3c9 0x12", "o /b 0x3c9 0x13",
    *config(1, 0, 0x60, "b", 0x05),
    # Power management at 0xb000, the network card at 0xc000, AHCI at 0xfebf0000.
    *config(1, 3, 0x40, "w", 0xb001), *config(1, 3, 0x80, "b", 1), "o /h 0xb002 0x0100", "o /h 0xb004 0x0001",
    *config(3, 0, 0x10, "w", 0xc001), *config(3, 0, 0x04, "h", 1),
    *config(4, 0, 0x24, "w", 0xfebf0000), *config(4, 0, 0x04, "h", 2),
]

REGISTERS = [
    (CPU, ("env.regs", 3), 0x1234abcd, ["info registers"], r"[ER]BX=(\w+)"),
    (CPU, ("env.regs", 6), 0xcafe0001, ["info registers"], r"[ER]SI=(\w+)"),
    (CPU, ("env.regs", 2), 0x00c0ffee, ["info registers"], r"[ER]DX=(\w+)"),
    (CPU, ("env.cr[2]",), 0x00abc000, ["info registers"], r"CR2=(\w+)"),
    (CPU, ("env.segs", 5, "base"), 0x00076540, ["info registers"], r"GS =\w+ (\w+)"),
    (CPU, ("env.mxcsr",), 0x1fa0, ["info registers"], r"MXCSR=(\w+)"),
    (CPU, ("env.xmm_regs[0]", 0, "_q_ZMMReg[0]"), 0x8877665544332211, ["info registers"], r"XMM00=\w+ (\w+)"),
    (CPU, ("env.fpregs", 0, "tmp", "tmp_mant"), 0xc90fdaa22168c235, ["info registers"], r"FPR0=(\w+)"),
    (APIC, ("spurious_vec",), 0x1e7, ["info lapic"], r"SPIV\s+0x(\w+)"),
    (APIC, ("tpr",), 0x40, ["info lapic"], r"TPR 0x(\w+)"),
    (APIC, ("lvt", 4), 0x10433, ["info lapic"], r"LVT1\s+0x(\w+)"),
    (IOAPIC, ("ioredtbl", 5), 0x1a0d1, ["info pic"], r"pin 5\s+0x(\w+)"),
    (PIC, ("imr",), 0x5e, ["i /b 0x21"], PORT),
    (PIC, ("elcr",), 0x88, ["i /b 0x4d0"], PORT),
    (SLAVE, ("imr",), 0x7b, ["info pic"], r"pic1: .* imr=(\w+)"),
    (DMA, ("regs", 0, "page"), 0x77, ["i /b 0x87"], PORT),
    (RTC, ("cmos_data", (0x50, 1)), 0xa5, ["o /b 0x70 0x50", "i /b 0x71"], PORT),
    (RTC, ("cmos_data", (0x7f, 1)), 0x5a, ["o /b 0x70 0x7f", "i /b 0x71"], PORT),
    (PIT, ("channels", 2, "status"), 0x74, ["i /b 0x42"], PORT),
    (HPET, ("timer", 0, "cmp"), 0x1122334455667788, ["xp /1gx 0xfed00108"], MEMORY),
    (SERIAL, ("state", "scr"), 0xc3, ["i /b 0x3ff"], PORT),
    (PARALLEL, ("state", "dataw"), 0x96, ["i /b 0x378"], PORT),
    (KEYBOARD, ("kbd", "status"), 0x1c, ["i /b 0x64"], PORT),
    (FLOPPY, ("state", "dor_vmstate"), 0x2c, ["i /b 0x3f2"], PORT),
    (PIIX3, ("dev", "config[0]", (0x60, 1)), 0x0b, ["o /w 0xcf8 0x80000860", "i /b 0xcfc"], PORT),
    (IDE, ("bus[0].ifs", 0, "nsector"), 0x6d, ["i /b 0x1f2"], PORT),
    (PM, ("ar.pm1.evt.en",), 0x0120, ["i /h 0xb002"], PORT),
    (PM, ("ar.pm1.cnt.cnt",), 0x1400, ["i /h 0xb004"], PORT),
    (VGA, ("cirrus_vga", "vga.cr", (0x0f, 1)), 0xd2, ["o /b 0x3d4 0x0f", "i /b 0x3d5"], PORT),
    (VGA, ("cirrus_vga", "vga.palette", (15, 1)), 0x2a, ["o /b 0x3c7 5", "i /b 0x3c9"], PORT),
    (NIC, ("phys", (5, 1)), 0xee, ["i /b 0xc005"], PORT),
    (NIC, ("BasicModeCtrl",), 0x2100, ["i /h 0xc062"], PORT),
    (AHCI, ("ahci", "dev", 0, "port_regs.lst_addr"), 0x00123400, ["xp /1wx 0xfebf0100"], MEMORY),
    (AHCI, ("ahci", "dev", 5, "port_regs.fis_addr"), 0x00567800, ["xp /1wx 0xfebf0388"], MEMORY),
]


def name(section, path):
    last = path[-1]
    if isinstance(last, tuple):
        path = (*path[:-2], "%s[0x%x]" % (path[-2], last[0]))
    return section[0] + ("" if section[1] == 0 else "#%d" % section[1]) + " " + "/".join(map(str, path))


def flat(state, path):
    """The path in a state that a vmdesc gives: there a member has the field's name, dots and all, and PCI configuration
    space is taken apart."""
    steps, node = [], state
    while path:
        if isinstance(path[0], tuple) and isinstance(node, dict):
            offset, size = path[0]
            return (*steps, "device_specific", (offset - 0x40, size))
        for length in range(1, len(path) + 1):
            if length == 1 and not isinstance(node, dict):
                step = path[0]
                break
            step = ".".join(map(str, path[:length]))
            if step in node:
                break
        steps.append(step)
        path = path[length:]
        node = node[step] if not isinstance(step, tuple) else None
    return tuple(steps)


def get(state, path):
    for step in path:
        state = int(state[2 * step[0]:2 * sum(step)], 16) if isinstance(step, tuple) else state[step]
    return state


def put(state, path, value):
    *steps, last = path
    if isinstance(last, tuple):
        offset, size = last
        text = get(state, steps)
        return put(state, steps, text[:2 * offset] + "%0*x" % (2 * size, value) + text[2 * (offset + size):])
    get(state, steps)[last] = value
