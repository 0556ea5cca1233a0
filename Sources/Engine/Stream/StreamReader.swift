// SPDX-License-Identifier: Apache-2.0

/// Reads the framing of a migration stream in one pass and with bounded memory.
///
/// Source: QEMU migration/savevm.c, qemu_loadvm_state() and qemu_loadvm_state_main().
struct StreamReader {
    /// What a reader is to do beside checking.
    struct Options {
        /// Whether the payload of a FULL section is kept, by idstr.
        var keeps: (String) -> Bool = { _ in true }
        /// Descriptions for streams that have none, by idstr or VMSD name.
        var descriptions: SectionDescriptions = [:]
        /// Gets each page of RAM.
        var pages: (any RAMPageSink)?
        /// Undoes zlib, for pages of old releases; nil: such pages are not looked into.
        var inflate: ((_ bytes: [UInt8], _ limit: Int) throws(VMStateError) -> [UInt8])?
        /// Whether the contents of disks get hashes.
        var hashesDisks = false
        var fileOffset: Int?
        /// Is told how far the reader is, now and then.
        var progress: ((Int) -> Void)?
    }

    let options: Options
    let limits: Limits
    var input: StreamInput
    var stream = MigrationStream()
    var ram = RAMState()
    var bitmaps = DirtyBitmapState()
    var disks: DiskState
    /// START and FULL sections by their id.
    var started: [UInt32: Started] = [:]
    /// Whether sections have footers; nil: not known before the first section's end.
    var hasFooters: Bool?
    /// Where the open packages end.
    var packages: [Int] = []
    /// The place of the next FULL section among the devices of the vmdesc, as far as the order is kept.
    var nextDevice = 0
    /// The devices of the vmdesc that have their section.
    var used: Set<Int> = []
    /// Whether there is a vmdesc behind the EOF, of which not everything need be there.
    var hasDescription = false
    /// Bytes of payloads that are kept.
    var held = 0
    /// Bytes in which footers were looked for in vain.
    var searched = 0
    /// Whether there were sections for which the list has no room.
    private var hasUnlisted = false
    /// How many PARTs and discards are in it.
    private var listedRepeats = 0
    /// Whether the item that is read is going to be in the list.
    var isListed = true
    /// How many findings each rule has, and what stands for those that are not listed.
    var found: [Rule.ID: Int] = [:]
    var omitted: [Rule.ID: (count: Int, severity: Rule.Severity, offset: Int?)] = [:]
    /// Where the vmdesc is that was found before the stream was read.
    let located: Int?
    /// Which commands came, a bit for each number.
    var commandsSeen: UInt64 = 0
    /// The page sizes of all RAM blocks, or-ed, as POSTCOPY_ADVISE says; nil: it did not come.
    var advised: UInt64?

    struct Started {
        let idstr: String
        let instanceID: UInt32
        let versionID: Int
        let isIterative: Bool
        var hasEnded: Bool
    }

    init(
        _ source: any StreamSource,
        _ options: Options,
        devices: DeviceDescriptions?,
        at located: Int? = nil,
        limits: Limits
    ) {
        self.options = options
        self.limits = limits
        self.located = located
        // An entry of a dictionary takes some 32 bytes.
        disks = DiskState(hashRoom: limits.pageHashBytes / 32)
        input = StreamInput(source, limit: limits.streamWindow, progress: options.progress)
        stream.devices = devices
        if let size = devices?.pageSize {
            stream.pageSize = size
            ram.pageSize = size
            ram.isPageSizeKnown = true
        }
    }

    /// Reads everything; what is wrong is noted in the stream's findings.
    ///
    /// - Throws: `stream-invalid` when the bytes are no migration stream at all, and `input-unreadable`.
    mutating func read() throws(VMStateError) {
        try header()
        stream.understood = input.position
        do throws(VMStateError) {
            try configuration()
            try items()
        } catch {
            guard !error.isOfSystem else { throw error }
            note(error)
        }
        try conclude()
        stream.findings += more
        stream.findings.sort { ($0.offset ?? 0) < ($1.offset ?? 0) }
    }

    // MARK: Header

    private mutating func header() throws(VMStateError) {
        guard try input.has(4), input.word32() == 0x5145_564d else {
            let found = input.copy(0..<min(4, input.available))
            throw VMStateError(
                .streamInvalid,
                at: input.position,
                expected: "the magic of a migration stream, \"QEVM\"",
                found: found.isEmpty ? "no bytes" : "bytes \(Hex.text(found))",
                rule: StreamRule.header
            )
        }
        input.advance(4)
        let version = try input.uint32("the stream's version")
        stream.version = Int(version)
        guard version == 3 else {
            throw VMStateError(
                .streamInvalid,
                at: input.position - 4,
                expected: "version 3",
                found: version == 2 ? "2, which no QEMU since 0.13 writes" : String(version),
                rule: StreamRule.header
            )
        }
    }

    // MARK: Items

    private mutating func items() throws(VMStateError) {
        while true {
            closePackages()
            stream.understood = input.position
            isListed = try hasRoom()
            if !isListed { try beyondList() }
            guard try input.has(1) else {
                throw VMStateError(
                    .streamTruncated,
                    at: input.position,
                    expected: "a section, a command or EOF",
                    found: "the end of the data",
                    rule: StreamRule.noEnd
                )
            }
            switch input[0] {
            case 0x00: if try end() { return }
            case 0x01, 0x02, 0x03, 0x04: try section()
            case 0x08: try command()
            default:
                throw VMStateError(
                    .streamInvalid,
                    at: input.position,
                    expected: "a section (1, 2, 3, 4), a command (8) or EOF (0)",
                    found: "byte 0x\(Hex.text([input[0]]))\(Self.hint(input[0]))",
                    rule: StreamRule.item
                )
            }
        }
    }

    /// Whether the list has room for the next item: PARTs and discards, of which there may be any number, leave half of it to the others.
    private mutating func hasRoom() throws(VMStateError) -> Bool {
        guard stream.sections.count + stream.commands.count < limits.streamItems else { return false }
        guard try isRepeated() else { return true }
        guard listedRepeats < limits.streamItems / 2 else { return false }
        listedRepeats += 1
        return true
    }

    /// Whether the next item is one of those that a stream has more of the longer the migration took or the more memory was written.
    private mutating func isRepeated() throws(VMStateError) -> Bool {
        guard try input.has(1) else { return false }
        if input[0] == MigrationStream.Section.Kind.part.rawValue { return true }
        guard input[0] == 0x08, try input.has(3) else { return false }
        // POSTCOPY_RAM_DISCARD
        return input[1] == 0 && input[2] == 6
    }

    /// An item that the list has no room for.
    private mutating func beyondList() throws(VMStateError) {
        guard try input.has(1), input[0] != 0x00 else { return }
        guard try isRepeated() else {
            throw VMStateError(
                .limitExceeded,
                at: input.position,
                expected: "at most \(limits.streamItems) sections and commands"
            )
        }
        guard !hasUnlisted else { return }
        hasUnlisted = true
        finding(
            Rule.ID(reporting: .limitExceeded),
            .note,
            "parts of sections and discards of pages from here on are checked and not listed",
            at: input.position
        )
    }

    private static func hint(_ byte: UInt8) -> String {
        switch byte {
        case 0x05: ", a subsection outside of a section"
        case 0x06: ", a vmdesc before EOF"
        case 0x07: ", a configuration in the wrong place"
        case 0x7e: ", a footer without a section"
        default: ""
        }
    }

    /// EOF: the vmdesc may follow, and in COLO the next checkpoint.
    ///
    /// - Returns: whether the stream ends here.
    private mutating func end() throws(VMStateError) -> Bool {
        guard stream.ends.count < limits.streamItems else {
            throw VMStateError(
                .limitExceeded,
                at: input.position,
                expected: "at most \(limits.streamItems) EOF bytes, one a checkpoint"
            )
        }
        stream.ends.append(input.position)
        if packages.isEmpty { stream.ownEnds.append(input.position) }
        input.advance(1)
        stream.understood = input.position
        if let end = packages.last {
            try leavePackage(at: end)
            return false
        }
        guard try input.has(1) else { return true }
        if input[0] == 0x06 {
            try description()
            stream.understood = input.position
            return true
        }
        return try !isPlausibleItem(at: 0) || input[0] == 0x00
    }

    // MARK: Sections

    private mutating func section() throws(VMStateError) {
        let offset = input.position
        guard let kind = MigrationStream.Section.Kind(rawValue: input[0]) else { return }
        input.advance(1)
        let id = try input.uint32("a section id")
        var section: MigrationStream.Section
        switch kind {
        case .start, .full: section = try announced(kind, id, offset)
        case .part, .end: section = try continued(kind, id, offset)
        }
        let index = stream.sections.count
        stream.sections.append(section)
        defer { if !isListed { stream.sections.removeLast() } }
        do throws(VMStateError) {
            try payload(&section)
            stream.sections[index] = section
            try footer(of: &section)
            stream.sections[index] = section
        } catch {
            guard !error.isOfSystem else { throw error }
            var error = error
            error.section = section.idstr
            note(error)
            section.payload = section.payload.lowerBound..<max(input.reached, section.payload.lowerBound)
            section.isMeasured = false
            stream.sections[index] = section
            guard try recover(&section) else { throw alreadyNoted }
            stream.sections[index] = section
        }
    }

    /// What ends the reading after an error that is in the findings.
    private var alreadyNoted: VMStateError {
        VMStateError(.streamInvalid, at: nil, rule: StreamRule.item)
    }

    private mutating func announced(
        _ kind: MigrationStream.Section.Kind,
        _ id: UInt32,
        _ offset: Int
    ) throws(VMStateError) -> MigrationStream.Section {
        let nameOffset = input.position
        let name = try input.countedBytes("a section's idstr")
        let idstr = String(decoding: name, as: UTF8.self)
        let instance = try input.uint32("the instance id of section \"\(idstr)\"")
        let version = try input.uint32("the version of section \"\(idstr)\"")
        if name.isEmpty || name.contains(where: { $0 < 0x20 || $0 == 0x7f }) || !idstr.utf8.elementsEqual(name) {
            throw VMStateError(
                .streamInvalid,
                at: nameOffset,
                expected: "an idstr of 1 … 255 printable characters in UTF-8",
                found: idstr.isEmpty ? "an empty one" : String(decoding: JSONText.escape(idstr), as: UTF8.self),
                rule: StreamRule.sectionHeader
            )
        }
        if kind == .start, instance != 0, Self.singular.contains(idstr) {
            finding(
                StreamRule.sectionHeader,
                .error,
                "instance \(instance) of \"\(idstr)\", of which there is one",
                at: input.position - 8,
                section: idstr
            )
        }
        checkVersion(version, of: idstr, at: offset)
        if let known = started[id], known.idstr != idstr || known.instanceID != instance {
            finding(
                StreamRule.sectionID,
                .error,
                "section id \(id) is that of \"\(known.idstr)\" already",
                at: offset,
                section: idstr
            )
        }
        started[id] = Started(
            idstr: idstr,
            instanceID: instance,
            versionID: Int(version),
            isIterative: kind == .start || started[id]?.isIterative == true,
            hasEnded: kind == .full ? started[id]?.hasEnded ?? true : false
        )
        return MigrationStream.Section(
            kind: kind,
            sectionID: id,
            idstr: idstr,
            instanceID: instance,
            versionID: Int(version),
            offset: offset,
            payload: input.position..<input.position,
            isPackaged: !packages.isEmpty
        )
    }

    private mutating func continued(
        _ kind: MigrationStream.Section.Kind,
        _ id: UInt32,
        _ offset: Int
    ) throws(VMStateError) -> MigrationStream.Section {
        guard let known = started[id], known.isIterative else {
            throw VMStateError(
                .streamInvalid,
                at: offset,
                expected: "the id of a section that was started",
                found: "\(id)",
                rule: StreamRule.noStart
            )
        }
        // The checkpoints of COLO end their sections again and again.
        if known.hasEnded, stream.ownEnds.isEmpty {
            finding(
                StreamRule.unfinished,
                .warning,
                "section \(id) goes on behind its END",
                at: offset,
                section: known.idstr
            )
        }
        if kind == .end { started[id]?.hasEnded = true }
        return MigrationStream.Section(
            kind: kind,
            sectionID: id,
            idstr: known.idstr,
            instanceID: known.instanceID,
            versionID: known.versionID,
            offset: offset,
            payload: input.position..<input.position,
            isPackaged: !packages.isEmpty
        )
    }

    private mutating func payload(_ section: inout MigrationStream.Section) throws(VMStateError) {
        let start = input.position
        switch (section.idstr, section.kind) {
        case ("ram", .start), ("ram", .part), ("ram", .end):
            try ramSection(&section)
        case (_, .full):
            try fullSection(&section)
        default:
            try privateSection(&section)
        }
        section.payload = start..<input.position
    }

    private mutating func footer(of section: inout MigrationStream.Section) throws(VMStateError) {
        let isThere = try input.has(1) && input[0] == 0x7e
        if hasFooters == nil, try input.has(1) { hasFooters = isThere }
        guard isThere else {
            if hasFooters == true {
                throw VMStateError(
                    try input.has(1) ? .streamInvalid : .streamTruncated,
                    at: input.position,
                    expected: "the footer (0x7e) of the section",
                    found: try input.has(1) ? "byte 0x\(Hex.text([input[0]]))" : "the end of the data",
                    rule: StreamRule.footerMissing
                )
            }
            return
        }
        guard hasFooters == true else {
            throw VMStateError(
                .streamInvalid,
                at: input.position,
                expected: "no footer, as after the sections before",
                found: "one",
                rule: StreamRule.footerMissing
            )
        }
        input.advance(1)
        let id = try input.uint32("a section footer")
        section.hasFooter = true
        if id != section.sectionID {
            finding(
                StreamRule.footerMismatch,
                .error,
                "the footer is that of section \(id), not of section \(section.sectionID)",
                at: input.position - 4,
                section: section.idstr
            )
        }
    }

    /// After a payload that was not understood, goes on behind its footer if there is one.
    private mutating func recover(_ section: inout MigrationStream.Section) throws(VMStateError) -> Bool {
        guard hasFooters != false, let size = try findFooter(of: section.sectionID, from: 0) else { return false }
        hasFooters = true
        input.advance(size)
        section.payload = section.payload.lowerBound..<input.position
        input.advance(5)
        section.hasFooter = true
        return true
    }

    private mutating func closePackages() {
        while let end = packages.last, input.position >= end {
            if input.position > end {
                finding(
                    StreamRule.package,
                    .error,
                    "the last section of a package ends \(input.position - end) bytes behind the package",
                    at: end
                )
            }
            packages.removeLast()
        }
    }
}
