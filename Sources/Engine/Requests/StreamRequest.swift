// SPDX-License-Identifier: Apache-2.0

/// What a caller says about a whole migration stream: which sections, and what describes them.
public struct StreamRequest {
    static let members = [
        "vmsds", "predicates", "constants", "dialect", "sections", "offsets", "vmdesc", "raw",
    ]

    /// Sections to be decoded, by idstr or VMSD name; nil: all.
    public var sections: [String]?
    /// How values are shown, and whether leaves have their offsets.
    public var answer = AnswerOptions()
    /// Whether the vmdesc itself is given.
    public var hasVMDesc = false
    /// Whether sections without a state have their bytes in the document, guest memory too.
    public var isRaw = false
    /// Descriptions by idstr or VMSD name.
    public private(set) var descriptions: SectionDescriptions = [:]
    /// Gets each page of RAM.
    public var pages: (any RAMPageSink)?
    /// Undoes zlib; see `MigrationStream.ReadOptions`.
    public var inflate: ((_ bytes: [UInt8], _ limit: Int) throws(VMStateError) -> [UInt8])?
    /// Whether the contents of disks get hashes; see `MigrationStream.ReadOptions`.
    public var hashesDisks = false
    /// Where the stream starts in its file, if that is known; see `MigrationStream.ReadOptions`.
    public var fileOffset: Int?
    /// Is told, by a comparison, which names of `sections` neither stream has.
    public var unmatched: (([String]) -> Void)?
    /// Is told the offset, now and then.
    public var progress: ((Int) -> Void)?
    let limits: Limits

    /// The whole stream, by its own vmdesc.
    public init(limits: Limits = .default) {
        self.limits = limits
    }

    /// Reads the request document that comes beside a stream.
    ///
    /// - Throws: `request-invalid`, and `vmsd-invalid` with the place in `vmsds`.
    public init(_ node: JSONNode, limits: Limits = .default) throws(VMStateError) {
        try self.init(try RequestReader(node, known: Self.members), limits: limits)
    }

    init(_ reader: RequestReader, limits: Limits) throws(VMStateError) {
        self.limits = limits
        answer.recordsOffsets = try reader.bool("offsets") ?? false
        isRaw = try reader.bool("raw") ?? false
        hasVMDesc = try reader.bool("vmdesc") ?? isRaw
        if let node = reader["sections"] {
            guard node.kind == .array, node.elements.allSatisfy({ $0.string != nil }) else {
                throw RequestReader.error("\"sections\": an array of names", node.kind.rawValue)
            }
            sections = node.elements.compactMap(\.string)
        }
        let dialect = try reader.dialect()
        let given = try reader.given()
        if let node = reader["vmsds"] { try read(node, dialect, given) }
    }

    private mutating func read(
        _ node: JSONNode,
        _ dialect: Dialect,
        _ given: [String: Predicate]
    ) throws(VMStateError) {
        guard node.kind == .object else { throw RequestReader.error("\"vmsds\": an object", node.kind.rawValue) }
        if node["vmschkmachine"] != nil {
            do throws(VMStateError) {
                descriptions = try SectionDescriptions(dump: VMStateDocument(node, dialect: dialect))
            } catch {
                var error = error
                error.path = JSONPointer(["vmsds"] + (error.path?.tokens ?? []))
                throw error
            }
            return
        }
        // The whole vmdesc of another stream of the machine.
        if let devices = node["devices"], devices.kind == .array {
            for (index, device) in devices.elements.enumerated() {
                guard let name = device["name"]?.string, let number = device["instance_id"]?.int,
                    let instance = UInt32(exactly: number)
                else {
                    throw RequestReader.error("\"vmsds\", device \(index): \"name\" and \"instance_id\"", "another")
                }
                descriptions[name, instance] = try codec(of: device, at: ["devices", String(index)], dialect, given)
            }
            return
        }
        for (name, value) in node.members {
            descriptions[name] = try codec(of: value, at: [name], dialect, given)
        }
    }

    /// The codec of a VMSD, or of a device of a vmdesc, which is the only one to have an instance.
    private func codec(
        of node: JSONNode,
        at tokens: [String],
        _ dialect: Dialect,
        _ given: [String: Predicate]
    ) throws(VMStateError) -> VMStateCodec {
        let isDevice = node["instance_id"] != nil
        do throws(VMStateError) {
            let document = isDevice ? VMStateDocument(device: node) : VMStateDocument(node, dialect: dialect)
            return try VMStateCodec(document, dialect: dialect, given: given, limits: limits)
        } catch {
            var error = error
            error.path = JSONPointer(["vmsds"] + tokens + (error.path?.tokens ?? []))
            throw error
        }
    }

    /// Reads a stream.
    ///
    /// - Throws: `stream-invalid` when it is none, and `input-unreadable`.
    public func read(_ source: any StreamSource, keepsPayloads: Bool = true) throws(VMStateError) -> MigrationStream {
        var options = MigrationStream.ReadOptions()
        options.sections = sections
        options.descriptions = descriptions
        options.pages = pages
        options.inflate = inflate
        options.progress = progress
        options.keepsPayloads = keepsPayloads
        options.hashesDisks = hashesDisks
        options.fileOffset = fileOffset
        return try MigrationStream(reading: source, options, limits: limits)
    }

    private func documentOptions(_ source: any StreamSource) -> StreamDocument.Options {
        var options = StreamDocument.Options()
        options.answer = answer
        options.sections = sections
        options.descriptions = descriptions
        options.hasVMDesc = hasVMDesc || isRaw
        options.source = isRaw && source.size != nil ? source : nil
        return options
    }

    /// The stream as a document, and what is missing in it.
    public func document(
        _ stream: MigrationStream,
        of source: any StreamSource
    ) throws(VMStateError) -> (text: [UInt8], findings: [Finding]) {
        try StreamDocument(stream, documentOptions(source), limits: limits).json()
    }

    /// The stream as text for a terminal; gives the findings.
    ///
    /// - Parameters:
    ///   - stream: the stream that was read.
    ///   - source: its bytes.
    ///   - hexdump: whether the bytes stand beside the lines.
    ///   - receive: gets the text piece by piece.
    /// - Returns: what is wrong with the stream, and what of it cannot be decoded.
    /// - Throws: what `receive` throws, and `input-unreadable`.
    public func text(
        _ stream: MigrationStream,
        of source: any StreamSource,
        hexdump: Bool,
        _ receive: @escaping ([UInt8]) throws(VMStateError) -> Void
    ) throws(VMStateError) -> [Finding] {
        var options = StreamText.Options()
        options.hexdump = hexdump
        options.sections = sections
        options.descriptions = descriptions
        options.takesApart = answer.takesApart ?? true
        options.source = source.size != nil ? source : nil
        return try StreamText(stream, options, limits: limits).write(receive)
    }

    /// The stream as text for a terminal, as a whole.
    ///
    /// - Throws: `limit-exceeded` and `input-unreadable`.
    public func text(
        _ stream: MigrationStream,
        of source: any StreamSource,
        hexdump: Bool
    ) throws(VMStateError) -> [UInt8] {
        let collected = TextCollector(limit: limits.outputBytes)
        _ = try text(stream, of: source, hexdump: hexdump) { (piece) throws(VMStateError) in
            try collected.append(piece)
        }
        return collected.text
    }

    /// What differs between two streams.
    ///
    /// - Parameters:
    ///   - a: the one.
    ///   - b: the other.
    ///   - ignored: what is left out; see `DifferenceFilter`.
    ///   - comparesContents: whether pages of guest memory and the contents of disks that are sent along are compared too.
    /// - Returns: the differences.
    /// - Throws: `stream-invalid` when one is no stream, and `input-unreadable`.
    public func differences(
        _ a: any StreamSource,
        _ b: any StreamSource,
        ignoring ignored: [String] = [],
        comparesContents: Bool = false
    ) throws(VMStateError) -> StreamDiffResult {
        var options = StreamDiff.Options()
        options.sections = sections
        options.ignored = DifferenceFilter(ignored)
        options.descriptions = descriptions
        options.sources = (a, b)
        guard comparesContents else {
            let (first, second) = (try read(a), try behind(a).read(b))
            unmatched?(missingSections(in: [first, second]))
            return StreamDiff.compare(first, second, options, limits: limits)
        }
        let hashes = (a: RAMPageHashes(limits: limits), b: RAMPageHashes(limits: limits))
        let first = try read(a, hashes.a)
        let second = try behind(a).read(b, hashes.b)
        options.contents = hashes
        unmatched?(missingSections(in: [first, second]))
        return StreamDiff.compare(first, second, options, limits: limits)
    }

    /// The names of `sections` that no section of any of the streams has.
    public func missingSections(in streams: [MigrationStream]) -> [String] {
        (sections ?? []).filter { name in
            let selection = SectionSelection([name])
            return !streams.contains { $0.sections.contains { selection.contains($0.idstr) } }
        }
    }

    /// The same request, with its progress counted from the end of `source`.
    private func behind(_ source: any StreamSource) -> StreamRequest {
        guard let progress else { return self }
        let size = source.size ?? 0
        var own = self
        own.progress = { progress(size + $0) }
        return own
    }

    private func read(_ source: any StreamSource, _ hashes: RAMPageHashes) throws(VMStateError) -> MigrationStream {
        var own = self
        own.pages = hashes
        own.hashesDisks = true
        let stream = try own.read(source)
        own.hashesDisks = false
        if hashes.needsSecondReading, source.size != nil {
            hashes.beginSecondReading()
            own.progress = nil
            _ = try own.read(source, keepsPayloads: false)
        }
        return stream
    }

    /// Reads a stream or a CPR state and says what is wrong with it; what is none of them is a finding too.
    ///
    /// - Throws: `input-unreadable` and `limit-exceeded`.
    public func report(reading source: any StreamSource) throws(VMStateError) -> ValidationReport {
        do throws(VMStateError) {
            if source.size != nil, try CPRState.isMagic(of: source) {
                return try CPRState.report(source, limits: limits)
            }
            return report(try read(source))
        } catch {
            guard [.streamInvalid, .streamTruncated].contains(error.code) else { throw error }
            return ValidationReport(error)
        }
    }

    /// Everything that is wrong with a stream: its framing, its RAM records, its devices.
    public func report(_ stream: MigrationStream) -> ValidationReport {
        let checker = SectionDecoder(descriptions: descriptions, recordsOffsets: false, limits: limits)
        var findings = stream.findings
        for (index, section) in stream.sections.enumerated() {
            let decoded = checker.decode(section, of: stream, number: index, undescribed: .warning, &findings)
            if let place = decoded?.oddBoolean, let byte = section.bytes?[place] {
                findings.append(
                    Finding(
                        rule: StreamRule.payload,
                        severity: .warning,
                        message: "a bool of \(byte), where QEMU writes 0 or 1: it is loaded as true",
                        offset: section.payload.lowerBound + place,
                        section: section.idstr
                    )
                )
            }
            if let odd = decoded?.oddSize {
                findings.append(
                    Finding(
                        rule: StreamRule.length,
                        severity: .warning,
                        message:
                            "the vmdesc says that \(odd.name.quoted) takes \(odd.described) bytes, it takes \(odd.found)",
                        offset: section.payload.lowerBound + odd.offset,
                        section: section.idstr
                    )
                )
            }
            findings += GlobalState.check(section, number: index)
        }
        findings.sort { ($0.offset ?? 0) < ($1.offset ?? 0) }
        return ValidationReport(findings)
    }

    /// The pieces of the stream that a document stands for; what the document does not hold is copied.
    ///
    /// - Parameters:
    ///   - document: a document of the stream, changed or not.
    ///   - stream: the stream, read whole.
    ///   - size: how many bytes its source has.
    /// - Returns: the pieces in their order.
    /// - Throws: what cannot be written, with its place in the document.
    public func pieces(
        for document: JSONNode,
        _ stream: MigrationStream,
        size: Int
    ) throws(VMStateError) -> [StreamPiece] {
        let before = try StreamDocument.parsed(stream, descriptions, limits: limits)
        return try StreamEncoder(stream, size: size, descriptions: descriptions, encodesAll: true, limits: limits)
            .pieces(for: document, before: before.root)
    }

    /// The pieces of a stream after JSON Patches on its document: only sections that they change are written anew.
    ///
    /// - Parameters:
    ///   - stream: the stream, read with all its payloads.
    ///   - patches: the patches, in their order.
    ///   - assignments: what is set after them, each `place=value`; a place is a JSON Pointer into the document, in which a section
    ///     may be named by its idstr.
    ///   - size: how many bytes its source has.
    ///   - fileOffset: where the result is going to start in its file, for the offsets of mapped-ram.
    /// - Returns: the pieces, new and of the source.
    /// - Throws: `request-invalid` for what is no assignment, `patch-failed`, and what cannot be written, with its place in the
    ///   document.
    public func pieces(
        patching stream: MigrationStream,
        with patches: [JSONPatch],
        setting assignments: [String] = [],
        size: Int,
        at fileOffset: Int = 0
    ) throws(VMStateError) -> [StreamPiece] {
        let before = try StreamDocument.parsed(stream, descriptions, limits: limits)
        var document = before
        for patch in patches { document = try patch.apply(to: document.root, limits: limits) }
        if !assignments.isEmpty {
            let patch = try StreamAssignment.patch(assignments, of: document.root)
            document = try patch.apply(to: document.root, limits: limits)
        }
        return try StreamEncoder(
            stream,
            size: size,
            descriptions: descriptions,
            fileOffset: fileOffset,
            limits: limits
        ).pieces(for: document.root, before: before.root)
    }
}
