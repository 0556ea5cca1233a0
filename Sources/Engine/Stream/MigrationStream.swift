// SPDX-License-Identifier: Apache-2.0

/// What a migration stream consists of, in the order of its bytes: the framing, without RAM contents.
public struct MigrationStream: Sendable {
    /// A section.
    public struct Section: Sendable {
        /// By what byte a section announces itself.
        public enum Kind: UInt8, Sendable {
            case start = 0x01
            case part = 0x02
            case end = 0x03
            case full = 0x04

            /// The word that answers use.
            public var word: String {
                switch self {
                case .start: "start"
                case .part: "part"
                case .end: "end"
                case .full: "full"
                }
            }
        }

        /// What kind of section it is.
        public let kind: Kind
        /// The number of the registration, unique in the stream.
        public let sectionID: UInt32
        /// The device path and the VMSD's name; of a PART or END that of its START.
        public let idstr: String
        /// The instance.
        public let instanceID: UInt32
        /// The version that was saved.
        public let versionID: Int
        /// Where the section's type byte is.
        public let offset: Int
        /// Where the payload is; it ends where it was understood to end.
        public internal(set) var payload: Range<Int>
        /// Whether a footer follows.
        public internal(set) var hasFooter = false
        /// Whether the section lies in a postcopy package.
        public let isPackaged: Bool
        /// Which device of the vmdesc describes it.
        public internal(set) var device: Int?
        /// What records a RAM section has.
        public internal(set) var pages: RAMCounts?
        /// Whether the payload's end is known and not guessed.
        public internal(set) var isMeasured = true
        /// The payload of a section that is to be decoded.
        var bytes: [UInt8]?
        /// The payload of a section whose format needs no description.
        var content: PrivateContent?
    }

    /// A command between sections.
    public struct Command: Sendable {
        /// Its number, `MIG_CMD_…`.
        public let number: Int
        /// Where its type byte is.
        public let offset: Int
        /// What follows the length.
        public let payload: [UInt8]
        /// How many bytes of nested sections follow; PACKAGED only.
        public internal(set) var packageSize: Int?
    }

    /// What comes before the sections.
    public struct Configuration: Sendable {
        /// The machine type.
        public internal(set) var machine = ""
        /// log2 of the target page size, if it was sent.
        public internal(set) var pageBits: Int?
        /// The capabilities that both sides must have; nil: not sent.
        public internal(set) var capabilities: [String]?
        /// The VM's UUID, 16 bytes, if it was sent.
        public internal(set) var uuid: [UInt8]?
        /// Where it lies, from its type byte on.
        public internal(set) var range = 0..<0
    }

    /// The version in the header.
    public internal(set) var version = 0
    /// The configuration; nil: the sender leaves it out.
    public internal(set) var configuration: Configuration?
    /// Every section.
    public internal(set) var sections: [Section] = []
    /// Every command.
    public internal(set) var commands: [Command] = []
    /// The RAM blocks of the last block list.
    public internal(set) var blocks: [RAMBlock] = []
    /// The target page size as far as it is known.
    public internal(set) var pageSize: Int?
    /// Where the EOF bytes are: one, or one a checkpoint.
    public internal(set) var ends: [Int] = []
    /// Those that end the stream or a checkpoint of it, not a package.
    var ownEnds: [Int] = []
    /// Where the vmdesc is, from its type byte on.
    public internal(set) var vmdesc: Range<Int>?
    /// Where the stream starts in the file whose offsets mapped-ram has; nil: it has none.
    public internal(set) var fileOffset: Int?
    /// Up to where the stream was understood.
    public internal(set) var understood = 0
    /// How many bytes follow what belongs to the stream, as far as is known.
    public internal(set) var trailing = 0
    /// What is wrong with it, in the order of offsets.
    public internal(set) var findings: [Finding] = []
    var devices: DeviceDescriptions?
    /// The dirty bitmaps, one for each START.
    var bitmaps: [DirtyBitmap] = []
    /// The disks that were sent along.
    var disks: [MigratedDisk] = []
}
