// SPDX-License-Identifier: Apache-2.0

/// What the first bytes of a file say.
enum Magic: Sendable, Hashable {
    case migration
    case cprState
    case libvirtSave
    case libvirtPart
    case gzip
    case qcow2
    /// Compressed with something that is not at hand: the name of the format and the command that unpacks it.
    case packed(String, command: String)
    /// A file of another kind that people take for a migration stream.
    case other(String)

    /// How many bytes are enough to tell all of them apart.
    static let length = 16

    private static let known: [(bytes: [UInt8], magic: Magic)] = [
        (Array("QEVM".utf8), .migration),
        (Array("QCPR".utf8), .cprState),
        (Array("LibvirtQemudSave".utf8), .libvirtSave),
        (Array("LibvirtQemudPart".utf8), .libvirtPart),
        ([0x1f, 0x8b], .gzip),
        ([0x51, 0x46, 0x49, 0xfb], .qcow2),
        ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], .packed("xz", command: "xz -dc")),
        ([0x28, 0xb5, 0x2f, 0xfd], .packed("zstd", command: "zstd -dc")),
        (Array("BZh".utf8), .packed("bzip2", command: "bzip2 -dc")),
        ([0x04, 0x22, 0x4d, 0x18], .packed("lz4", command: "lz4 -dc")),
        ([0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a], .packed("lzop", command: "lzop -dc")),
        (
            [0x11, 0x22, 0x33, 0x44],
            .other("a multifd channel, which has RAM pages only; its main channel has the stream")
        ),
        ([0x7f, 0x45, 0x4c, 0x46], .other("an ELF file, such as dump-guest-memory writes: memory without devices")),
        (Array("KDUMP   ".utf8), .other("a kdump file, such as dump-guest-memory writes: memory without devices")),
    ]

    /// What `bytes` begin with; nil for nothing that is known.
    init?(_ bytes: [UInt8]) {
        guard let magic = Magic.known.first(where: { bytes.starts(with: $0.bytes) })?.magic else { return nil }
        self = magic
    }
}
