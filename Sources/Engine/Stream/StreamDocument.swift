// SPDX-License-Identifier: Apache-2.0

/// A whole migration stream as a JSON document.
public struct StreamDocument {
    /// What the document is to hold.
    public struct Options {
        /// How values are shown, and whether leaves have their offsets.
        public var answer = AnswerOptions()
        /// Sections to be listed, by idstr or VMSD name; nil: all.
        public var sections: [String]?
        /// Descriptions for streams without a vmdesc, by idstr or VMSD name.
        public var descriptions: SectionDescriptions = [:]
        /// Whether the vmdesc itself is given.
        public var hasVMDesc = false
        /// Where the stream is, if the payloads of sections without a state are to be given too: guest memory above all.
        public var source: (any StreamSource)?

        /// All sections, without the vmdesc.
        public init() {}
    }

    let stream: MigrationStream
    private let options: Options
    private let limits: Limits

    /// The document of a stream that was read with the same selection.
    public init(_ stream: MigrationStream, _ options: Options = Options(), limits: Limits = .default) {
        self.stream = stream
        self.options = options
        self.limits = limits
    }

    /// The document of a whole stream, to be looked at and changed.
    static func parsed(
        _ stream: MigrationStream,
        _ descriptions: SectionDescriptions,
        limits: Limits
    ) throws(VMStateError) -> JSONDocument {
        var options = Options()
        options.descriptions = descriptions
        let text = try StreamDocument(stream, options, limits: limits).json().text
        do throws(JSONError) {
            // States lie three levels deep in the document.
            return try JSONDocument(parsing: text, maximumDepth: limits.jsonDepth + 8, duplicates: .unchecked)
        } catch {
            throw VMStateError(.limitExceeded, expected: "a document", found: error.reason.rawValue)
        }
    }

    /// The text, and what is missing in it.
    ///
    /// - Throws: `limit-exceeded`.
    public func json() throws(VMStateError) -> (text: [UInt8], findings: [Finding]) {
        // A document that is to hold everything lacks sections that are not listed, and what is behind the end of a package.
        let lacking = options.source == nil ? [] : [Rule.ID(reporting: .limitExceeded), StreamRule.package]
        var findings = stream.findings.filter { $0.severity == .error || lacking.contains($0.rule) }
        let text = try JSONObjectWriter.text(capacity: expectedLength, limit: limits.outputBytes) { writer in
            writer.member(
                "header",
                object: { header in
                    header.member("magic", "QEVM")
                    header.member("version", stream.version)
                }
            )
            writer.member("configuration", object: configuration)
            writer.member("page_size", stream.pageSize)
            var offsets: [(path: JSONPointer, range: Range<Int>)] = []
            writer.member("sections", array: { writeSections(&$0, &findings, &offsets) })
            if !stream.commands.isEmpty { writer.member("commands", array: commands) }
            if stream.ends.count > 1 { writer.member("ends", integers: stream.ends) }
            writer.member("ram", object: { $0.member("blocks", array: blocks) })
            if options.hasVMDesc, let devices = stream.devices {
                writer.member("vmdesc", json: devices.text)
            } else {
                writer.member("vmdesc", stream.devices != nil)
            }
            writer.member("size", stream.understood)
            if let sections = options.sections { writer.member("selection", strings: sections) }
            if stream.trailing > 0 { writer.member("trailing", stream.trailing) }
            if let source = options.source {
                if let finding = spacing() { findings.append(finding) }
                if let finding = configurationFinding(source) { findings.append(finding) }
            }
            findings.sort { ($0.offset ?? 0) < ($1.offset ?? 0) }
            if !findings.isEmpty {
                writer.member(
                    "incomplete",
                    array: { array in
                        for finding in findings { array.element { Self.write(finding, &$0) } }
                    }
                )
            }
            if options.answer.recordsOffsets { writer.member("offsets", places: offsets) }
        }
        return (text, findings)
    }

    /// How long the text is going to be, rather more than less.
    private var expectedLength: Int {
        let items = stream.sections.count + stream.commands.count + stream.blocks.count
        let held = stream.sections.reduce(0) { $0 + ($1.bytes?.count ?? 0) }
        // Buffers take two digits a byte; few states are both large and made of anything else.
        var length = 64 << 10 + 256 * items + min(8 * held, 2 * held + 4 << 20)
        if options.hasVMDesc { length += stream.devices?.text.count ?? 0 }
        if options.source != nil { length += 2 * stream.understood }
        return length
    }

    /// JSON tools space a vmdesc as they like, so that its text is printed as QEMU does when the document is encoded.
    private func spacing() -> Finding? {
        guard let devices = stream.devices, let range = stream.vmdesc,
            devices.text != StreamBuilder.text(ofVMDesc: devices.document.root)
        else { return nil }
        return Finding(
            rule: StreamRule.vmdesc,
            severity: .note,
            message: "the text of the vmdesc is not spaced as QEMU writes it, and not in the document",
            offset: range.lowerBound,
            section: nil
        )
    }

    /// The configuration is in the document by what it says, and written again as QEMU writes it.
    private func configurationFinding(_ source: any StreamSource) -> Finding? {
        guard let configuration = stream.configuration else { return nil }
        var writer = JSONObjectWriter()
        self.configuration(&writer)
        var input = StreamInput(source, at: configuration.range.lowerBound, limit: limits.streamWindow)
        let bytes = try? input.bytes(configuration.range.count, "the configuration")
        guard let text = try? writer.finish(), let node = try? JSONDocument(parsing: text).root,
            (try? StreamFraming.configuration(node, before: node)) == bytes
        else {
            return Finding(
                rule: StreamRule.configuration,
                severity: .note,
                message: "the configuration is not as QEMU writes it, and not in the document as it is",
                offset: configuration.range.lowerBound,
                section: nil
            )
        }
        guard let devices = stream.devices, let range = stream.vmdesc else { return nil }
        var changes = VMDescChanges(devices)
        changes.configure(StreamFraming.description(ofConfiguration: node))
        guard changes.text() != nil else { return nil }
        return Finding(
            rule: StreamRule.vmdesc,
            severity: .note,
            message: "the vmdesc does not describe the configuration as QEMU does",
            offset: range.lowerBound,
            section: nil
        )
    }

    private static func write(_ finding: Finding, _ object: inout JSONObjectWriter) {
        object.member("offset", finding.offset)
        object.member("reason", finding.message)
        object.member("rule", finding.rule.description)
        if let section = finding.section { object.member("section", section) }
        if let path = finding.statePath { object.member("state_path", path.shown) }
    }

    private func configuration(_ object: inout JSONObjectWriter) {
        guard let configuration = stream.configuration else { return }
        object.member("len", configuration.machine.utf8.count)
        object.member("name", configuration.machine)
        if let bits = configuration.pageBits {
            object.member("configuration/target-page-bits", object: { $0.member("target_page_bits", bits) })
        }
        if let capabilities = configuration.capabilities {
            object.member(
                "configuration/capabilities",
                object: { inner in
                    inner.member("caps_count", capabilities.count)
                    inner.member("capabilities", strings: capabilities)
                }
            )
        }
        if let uuid = configuration.uuid {
            object.member("configuration/uuid", object: { $0.member("uuid", Hex.text(uuid)) })
        }
    }

    private func writeSections(
        _ array: inout JSONObjectWriter,
        _ findings: inout [Finding],
        _ offsets: inout [(path: JSONPointer, range: Range<Int>)]
    ) {
        let decoder = SectionDecoder(
            descriptions: options.descriptions,
            recordsOffsets: options.answer.recordsOffsets,
            takesApart: options.answer.takesApart ?? true,
            limits: limits
        )
        let selection = SectionSelection(options.sections)
        var exactness = options.source.map { _ in
            ExactnessCheck(stream.devices, options.descriptions, limits: limits)
        }
        var index = 0
        for (number, section) in stream.sections.enumerated()
        where selection.contains(section.idstr) {
            let decoded = decoder.decode(section, of: stream, number: index, undescribed: .error, &findings)
            let isExact =
                decoded.flatMap {
                    exactness?.isExact(
                        $0.state.root,
                        of: SectionEncoder.Header(section, vmsdName: vmsdName(section)),
                        section.bytes ?? [],
                        device: section.device
                    )
                } ?? true
            array.element { object in
                if options.sections != nil { object.member("index", number) }
                write(section, isExact ? decoded : nil, &object)
            }
            for leaf in (isExact ? decoded?.offsets : nil) ?? [] {
                let start = section.payload.lowerBound + leaf.range.lowerBound
                offsets.append(
                    (
                        JSONPointer(["sections", String(index), "state"] + leaf.path.tokens),
                        start..<start + leaf.range.count
                    )
                )
            }
            index += 1
        }
    }

    private func vmsdName(_ section: MigrationStream.Section) -> String {
        let described = section.device.flatMap { device in stream.devices?.all[device].node["vmsd_name"]?.string }
        return described ?? section.vmsdName
    }

    private func write(
        _ section: MigrationStream.Section,
        _ decoded: VMStateCodec.Decoded?,
        _ object: inout JSONObjectWriter
    ) {
        object.member("type", section.kind.word)
        object.member("section_id", Int(section.sectionID))
        object.member("idstr", section.idstr)
        object.member("instance_id", Int(section.instanceID))
        object.member("version_id", section.versionID)
        object.member("vmsd_name", vmsdName(section))
        object.member("offset", section.offset)
        object.member("size", section.payload.count)
        if section.isPackaged { object.member("packaged", true) }
        if !section.hasFooter { object.member("footer", false) }
        if let decoded {
            object.member("state", decoded.state.root, options.answer.printing)
        } else if let bytes = section.bytes ?? raw(section) {
            object.member("data", bytes: bytes, options.answer.printing)
        }
        if let pages = section.pages { object.member("pages", object: { Self.write(pages, &$0) }) }
        if let content = section.content { object.member("content", object: { write(content, &$0) }) }
    }

    /// The payload of a section, read again.
    private func raw(_ section: MigrationStream.Section) -> [UInt8]? {
        guard let source = options.source, section.payload.count <= limits.outputBytes else { return nil }
        var input = StreamInput(source, at: section.payload.lowerBound, limit: limits.outputBytes)
        return try? input.bytes(section.payload.count, "section \"\(section.idstr)\"")
    }

    private static func write(_ counts: RAMCounts, _ object: inout JSONObjectWriter) {
        object.member("zero", counts.zero)
        object.member("normal", counts.normal)
        if counts.xbzrle > 0 { object.member("xbzrle", counts.xbzrle) }
        if counts.compressed > 0 { object.member("compressed", counts.compressed) }
        if counts.multifdFlushes > 0 { object.member("multifd_flush", counts.multifdFlushes) }
    }

    private func commands(_ array: inout JSONObjectWriter) {
        for command in stream.commands {
            array.element { object in
                object.member("command", command.number)
                object.member("name", command.name)
                object.member("offset", command.offset)
                object.member("payload", bytes: command.payload, JSONPrinter.Options())
                if let size = command.packageSize { object.member("package_size", size) }
            }
        }
    }

    private func blocks(_ array: inout JSONObjectWriter) {
        for block in stream.blocks {
            array.element { object in
                object.member("idstr", block.idstr)
                object.member("size", block.size)
                if let size = block.pageSize { object.member("page_size", size) }
                if let address = block.address { object.member("address", Int(clamping: address)) }
                if let mapping = block.mapping {
                    object.member(
                        "mapped_ram",
                        object: { inner in
                            inner.member("bitmap_offset", mapping.bitmap)
                            inner.member("pages_offset", mapping.pages)
                        }
                    )
                }
                object.member("pages", object: { Self.write(block.counts, &$0) })
                if let sent = block.pagesSent { object.member("pages_sent", sent) }
            }
        }
    }
}
