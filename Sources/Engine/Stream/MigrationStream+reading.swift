// SPDX-License-Identifier: Apache-2.0

extension MigrationStream {
    /// What a reader is told beside the bytes.
    public struct ReadOptions {
        /// Sections to be decoded, by idstr or VMSD name; nil: all.
        public var sections: [String]?
        /// Descriptions for streams without a vmdesc, by idstr or VMSD name.
        public var descriptions: SectionDescriptions = [:]
        /// Gets each page of RAM.
        public var pages: (any RAMPageSink)?
        /// Undoes zlib, for the compressed pages of QEMU up to 9.0; nil: such pages are counted and not looked into.
        ///
        /// It gets the bytes and the most that may come out.
        public var inflate: ((_ bytes: [UInt8], _ limit: Int) throws(VMStateError) -> [UInt8])?
        /// Whether the contents of disks that are sent along get hashes, by which they can be compared.
        public var hashesDisks = false
        /// Where the stream starts in the file that QEMU is to read, for the offsets of mapped-ram; nil: that is not known.
        public var fileOffset: Int?
        /// Is told the offset, now and then.
        public var progress: ((Int) -> Void)?
        /// Whether payloads are kept at all.
        public var keepsPayloads = true

        /// All sections, nothing but what the stream says of itself.
        public init() {}
    }

    /// Reads a stream.
    ///
    /// The stream is read once, and only the device sections that are wanted are kept. Where the size of the source is known,
    /// the vmdesc is looked for at its end first; of a pipe the sections' ends are found by their footers, and checked when the
    /// vmdesc has come.
    ///
    /// - Throws: `stream-invalid` when it is no migration stream, and `input-unreadable`. Anything else that is wrong is in
    ///   `findings`.
    public init(
        reading source: any StreamSource,
        _ options: ReadOptions = ReadOptions(),
        limits: Limits = .default
    ) throws(VMStateError) {
        let located: (devices: DeviceDescriptions, offset: Int)?
        if let size = source.size {
            located = try VMDescLocator.find(in: source, size: size, limits: limits)
        } else {
            located = nil
        }
        var own = StreamReader.Options()
        own.descriptions = options.descriptions
        own.pages = options.pages
        own.inflate = options.inflate
        own.hashesDisks = options.hashesDisks
        own.fileOffset = options.fileOffset
        own.progress = options.progress
        let wanted = SectionSelection(options.sections)
        let keeps = options.keepsPayloads
        own.keeps = { idstr in keeps && wanted.contains(idstr) }
        var reader = StreamReader(source, own, devices: located?.devices, at: located?.offset, limits: limits)
        try reader.read()
        if let located, reader.stream.isAnother(than: located.offset) {
            // What looked like the vmdesc lies in guest memory, or behind the stream.
            reader = StreamReader(source, own, devices: nil, limits: limits)
            try reader.read()
        }
        self = reader.stream
    }

    /// Whether the stream was read to an end at which the vmdesc is not the one that lies at `offset`.
    private func isAnother(than offset: Int) -> Bool {
        ownEnds.count == 1 && vmdesc?.lowerBound != offset
    }
}
