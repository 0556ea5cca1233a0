// SPDX-License-Identifier: Apache-2.0

/// Writes the document of a stream as a stream.
///
/// What the document does not hold, guest memory above all, is copied from the stream that it was made of.
struct StreamEncoder {
    let original: MigrationStream
    private let size: Int
    private let descriptions: SectionDescriptions
    private let limits: Limits
    /// Whether every section with a state is written anew; otherwise only those that were changed.
    private let encodesAll: Bool
    /// Where the result starts in its file; nil: where the original did.
    let fileOffset: Int?

    private let encoder: SectionEncoder
    var changes = StreamChanges()
    private var vmdesc: VMDescChanges?

    /// An encoder for documents of a stream.
    ///
    /// - Parameters:
    ///   - original: the stream, read with all its payloads.
    ///   - size: how many bytes its source has.
    ///   - descriptions: those that the stream was decoded with, if it has no vmdesc.
    ///   - encodesAll: whether sections that were not changed are written anew too.
    ///   - fileOffset: where the result is going to start in its file, for the offsets of mapped-ram; nil: where the original did.
    ///   - limits: what an answer may have.
    init(
        _ original: MigrationStream,
        size: Int,
        descriptions: SectionDescriptions = [:],
        encodesAll: Bool = false,
        fileOffset: Int? = nil,
        limits: Limits = .default
    ) {
        self.original = original
        self.fileOffset = fileOffset
        self.size = size
        self.descriptions = descriptions
        self.encodesAll = encodesAll
        self.limits = limits
        encoder = SectionEncoder(original.devices, descriptions, limits: limits)
        vmdesc = original.devices.map { VMDescChanges($0) }
    }

    /// The pieces of the stream that a document stands for.
    ///
    /// - Parameters:
    ///   - document: the document, changed or not.
    ///   - before: the document of the original, as `StreamDocument.parsed` makes it.
    /// - Returns: the pieces, new and of the source.
    /// - Throws: what cannot be written, with its place in the document.
    consuming func pieces(for document: JSONNode, before: JSONNode) throws(VMStateError) -> [StreamPiece] {
        try checkUnchanged(document, before)
        try configuration(document, before)
        try sections(document, before)
        packages()
        mappings()
        if let text = vmdesc?.text(), let range = original.vmdesc {
            changes.replace(range, with: [0x06] + StreamFraming.word(UInt32(truncatingIfNeeded: text.count)) + text)
        }
        return changes.pieces(size: size)
    }

    /// What is not configuration or section cannot be changed: silently dropping a change would be worse than refusing it.
    private func checkUnchanged(_ document: JSONNode, _ before: JSONNode) throws(VMStateError) {
        try StreamDocumentShape.check(document)
        let fixed = [
            "header", "page_size", "commands", "ends", "ram", "size", "vmdesc", "trailing", "incomplete", "selection",
            "offsets",
        ]
        let secondary = ["trailing", "incomplete", "selection", "offsets"]
        for name in fixed where encodesAll || before[name] != nil || document[name] != nil {
            let value = document[name]
            // What a document does not have is copied, but an edit has taken it out. A vmdesc that the document holds is one
            // that was asked for; what was not understood depends on the descriptions.
            if encodesAll, value == nil || secondary.contains(name) { continue }
            if encodesAll, name == "vmdesc", value?.kind == .object { continue }
            guard let own = before[name], let value, own.isEqual(to: value) else {
                throw VMStateError(
                    .valueTypeMismatch,
                    expected: "\"\(name)\" as it was: only configuration and sections can be changed",
                    found: value == nil ? "none" : "another",
                    statePath: JSONPointer([name])
                )
            }
        }
    }

    private mutating func configuration(_ document: JSONNode, _ before: JSONNode) throws(VMStateError) {
        guard let node = document["configuration"] else {
            if encodesAll { return }
            throw VMStateError(
                .stateMissingField,
                expected: "\"configuration\"",
                found: "none",
                statePath: JSONPointer(["configuration"])
            )
        }
        guard let old = original.configuration else {
            guard node.members.isEmpty else {
                throw VMStateError(
                    .stateUnknownMember,
                    expected: "no configuration, as the stream has none",
                    found: "one",
                    statePath: JSONPointer(["configuration"])
                )
            }
            return
        }
        if let own = before["configuration"], own.isEqual(to: node) { return }
        try checkMemory(node, old)
        let bytes: [UInt8]
        // Names that are no UTF-8 cannot be written back from a document.
        if let own = before["configuration"],
            (try? StreamFraming.configuration(own, before: own))?.count != old.range.count
        {
            throw VMStateError(
                .valueTypeMismatch,
                expected: "\"configuration\" as it was: it has what a document cannot hold",
                found: "another",
                statePath: JSONPointer(["configuration"])
            )
        }
        do throws(VMStateError) {
            bytes = try StreamFraming.configuration(node, before: before["configuration"])
        } catch {
            throw error.under("configuration")
        }
        changes.replace(old.range, with: bytes)
        vmdesc?.configure(StreamFraming.description(ofConfiguration: node))
    }

    /// Guest memory is copied as it is, so that what says how it was written cannot change.
    ///
    /// Source: QEMU migration/ram.c, ram_save_setup(); migration/savevm.c, vmstate_target_page_bits.
    private func checkMemory(_ node: JSONNode, _ old: MigrationStream.Configuration) throws(VMStateError) {
        let capabilities = "configuration/capabilities"
        let names = (node[capabilities]?["capabilities"]?.elements ?? []).compactMap(\.string)
        for name in ["x-ignore-shared", "mapped-ram"] {
            let has = old.capabilities?.contains(name) ?? false
            guard names.contains(name) != has else { continue }
            throw VMStateError(
                .valueOutOfRange,
                expected: "\"\(name)\" as it was: guest memory was written \(has ? "with" : "without") it",
                found: has ? "none" : "\"\(name)\"",
                statePath: JSONPointer(["configuration", capabilities, "capabilities"])
            )
        }
        let bits = "configuration/target-page-bits"
        guard node[bits]?["target_page_bits"]?.int == old.pageBits else {
            throw VMStateError(
                .valueOutOfRange,
                expected: "\(old.pageBits.map(String.init) ?? "no page bits"), by which guest memory was written",
                found: node[bits].map { String(decoding: $0.json(), as: UTF8.self) } ?? "none",
                statePath: JSONPointer(["configuration", bits, "target_page_bits"])
            )
        }
    }

    // MARK: Sections

    private mutating func sections(_ document: JSONNode, _ before: JSONNode) throws(VMStateError) {
        var byOffset: [Int: Int] = [:]
        for (index, section) in original.sections.enumerated() { byOffset[section.offset] = index }
        let old = before["sections"]?.elements ?? []
        var last = -1
        var kept: Set<Int> = []
        var ids = SectionIDs()
        for (position, node) in (document["sections"]?.elements ?? []).enumerated() {
            do throws(VMStateError) {
                let section = try SectionNode(node)
                guard let offset = section.offset, let index = byOffset[offset], index < old.count else {
                    throw VMStateError(
                        .valueOutOfRange,
                        expected:
                            "the offset of a section of the stream: sections are changed and taken out, not added",
                        found: section.offset.map(String.init) ?? "none",
                        statePath: JSONPointer(["offset"])
                    )
                }
                guard index > last else {
                    throw VMStateError(
                        .valueOutOfRange,
                        expected: "sections in the order of the stream, each once",
                        found: "offset \(offset) after others",
                        statePath: JSONPointer(["offset"])
                    )
                }
                last = index
                kept.insert(index)
                try write(section, index, old[index])
                ids.note(section, at: position, wasID: original.sections[index].sectionID)
            } catch {
                throw error.under(String(position)).under("sections")
            }
        }
        try ids.check()
        guard document["selection"] == nil else { return }
        let described = Set(kept.compactMap { original.sections[$0].device })
        for index in original.sections.indices where !kept.contains(index) {
            let section = original.sections[index]
            guard section.kind == .full else {
                throw VMStateError(
                    .stateMissingField,
                    expected:
                        "section \(section.sectionID) (\"\(section.idstr)\", \(section.kind.word)), which only a FULL "
                        + "section can do without",
                    statePath: JSONPointer(["sections"])
                )
            }
            changes.replace(section.range, with: [])
            // Two sections can be one to the vmdesc.
            if let device = section.device, !described.contains(device) { vmdesc?.remove(device) }
        }
    }

    private mutating func write(_ section: SectionNode, _ index: Int, _ before: JSONNode) throws(VMStateError) {
        let old = original.sections[index]
        let isChanged = !before.isEqual(to: section.node, tellsZeros: true)
        guard isChanged || encodesAll else { return }
        let announced = ["section_id", "idstr", "instance_id", "version_id"]
        var fixed = ["type", "vmsd_name", "packaged", "pages", "content", "footer"]
        // START says for all parts what they are, and what it says is that of a format that has no other version or instance.
        if old.kind != .full { fixed += announced }
        // A document of some sections says which they are.
        if !encodesAll { fixed.append("index") }
        for name in fixed {
            let own = before[name]
            let new = section.node[name]
            guard own == nil ? new == nil : new.map({ own?.isEqual(to: $0) ?? false }) ?? false else {
                let isAnnounced = announced.contains(name)
                throw VMStateError(
                    .valueTypeMismatch,
                    expected: "\"\(name)\" as it was" + (isAnnounced ? ": that of a section in parts is fixed" : ""),
                    found: new == nil ? "none" : "another",
                    statePath: JSONPointer([name])
                )
            }
        }
        if !encodesAll, section.state == nil, section.data == nil,
            let kept = ["state", "data"].first(where: { before[$0] != nil })
        {
            throw VMStateError(
                .stateMissingField,
                expected: "\"\(kept)\": a section goes as a whole or not at all",
                found: "none",
                statePath: JSONPointer([kept])
            )
        }
        let payload = try payload(section, old)
        let written = payload?.bytes.count ?? old.payload.count
        let size = section.node["size"]
        if size == nil ? !encodesAll : size?.int != old.payload.count && size?.int != written {
            throw VMStateError(
                .valueOutOfRange,
                expected: "\(written), the size that the payload has",
                found: size.map { String(decoding: $0.json(), as: UTF8.self) } ?? "none",
                statePath: JSONPointer(["size"])
            )
        }
        guard isChanged else {
            // The document stands for these very bytes: framing that is wrong and values that nobody writes stay as they are.
            if let payload, payload.bytes == old.bytes { changes.replace(old.payload, with: payload.bytes) }
            return
        }
        let isAnnounced = announced.allSatisfy { name in
            before[name].flatMap { own in section.node[name].map { own.isEqual(to: $0) } } ?? false
        }
        // The same values written in another way, 64 bits in a string or buffers in base64, change nothing.
        if isAnnounced, let payload, let was = try? self.payload(SectionNode(before), old), was.bytes == payload.bytes {
            return
        }
        if !isAnnounced { changes.replace(old.offset..<old.payload.lowerBound, with: section.header) }
        if let payload { changes.replace(old.payload, with: payload.bytes) }
        if !isAnnounced, old.hasFooter {
            changes.replace(
                old.payload.upperBound..<old.range.upperBound,
                with: StreamFraming.footer(id: section.sectionID)
            )
        }
        if let device = old.device { describe(section, old, device, payload) }
    }

    /// The payload that a section's state or data makes; nil: that of the source.
    private func payload(_ section: SectionNode, _ old: MigrationStream.Section) throws(VMStateError)
        -> SectionEncoder.Payload?
    {
        if let data = section.data {
            do throws(VMStateError) {
                return SectionEncoder.Payload(bytes: try data.decodedBytes(limits: limits))
            } catch {
                throw error.under("data")
            }
        }
        guard let state = section.state else { return nil }
        do throws(VMStateError) {
            let payload = try encoder.encode(
                state,
                of: SectionEncoder.Header(section, as: old),
                old.device,
                was: (old, original)
            )
            try checkTaken(state, payload, Int(section.versionID))
            return payload
        } catch {
            var error = error.under("state")
            error.section = section.idstr
            throw error
        }
    }

    /// Whether everything in a state is in its bytes: a description leaves out what a version does not have or nobody needs, which
    /// is right for a state of another version and wrong for an edit.
    private func checkTaken(_ state: JSONNode, _ payload: SectionEncoder.Payload, _ version: Int) throws(VMStateError) {
        guard !encodesAll, let codec = payload.codec else { return }
        var options = VMStateCodec.DecodeOptions()
        options.takesApart = true
        options.showsUnusedZeros = true
        options.versionID = codec.version(version)
        guard let taken = try? codec.decode(payload.bytes, options).state.root,
            let place = state.firstMember(notIn: taken)
        else { return }
        throw VMStateError(
            .stateUnknownMember,
            expected: "only what version \(version) of the section has and its description does not rule out",
            found: "\"\(place.last ?? "")\"",
            statePath: JSONPointer(place)
        )
    }

    /// Has the vmdesc say what the section holds now.
    private mutating func describe(
        _ section: SectionNode,
        _ old: MigrationStream.Section,
        _ device: Int,
        _ payload: SectionEncoder.Payload?
    ) {
        // A VMSD says its version itself.
        vmdesc?.name(device, section, hasVersion: payload?.isWhole != true && section.versionID != old.versionID)
        guard let payload else { return }
        if let description = payload.description {
            vmdesc?.describe(device, by: description, isWhole: payload.isWhole)
        } else if payload.bytes.count != old.payload.count {
            vmdesc?.describe(device, size: payload.bytes.count)
        }
    }

    /// The lengths of packages whose sections have changed.
    private mutating func packages() {
        let changed = changes.growth
        for command in original.commands {
            guard let size = command.packageSize else { continue }
            let start = command.offset + 5 + command.payload.count
            let growth = changed[start..<start + size]
            guard growth != 0 else { continue }
            changes.replace(
                command.offset + 5..<start,
                with: StreamFraming.word(UInt32(truncatingIfNeeded: size + growth))
            )
        }
    }
}

/// The ids of sections after an edit.
private struct SectionIDs {
    private var owners: [UInt32: SectionKey] = [:]
    private var shared: Set<UInt32> = []
    private var changed: [(position: Int, id: UInt32)] = []

    mutating func note(_ section: SectionNode, at position: Int, wasID: UInt32) {
        if section.sectionID != wasID { changed.append((position, section.sectionID)) }
        let key = SectionKey(idstr: section.idstr, instanceID: Int(section.instanceID))
        if owners.updateValue(key, forKey: section.sectionID).map({ $0 != key }) ?? false {
            shared.insert(section.sectionID)
        }
    }

    /// - Throws: when a section got the id of another one, of which the parts would be read as its.
    func check() throws(VMStateError) {
        guard let (position, id) = changed.first(where: { shared.contains($0.id) }) else { return }
        throw VMStateError(
            .valueOutOfRange,
            expected: "an id that no other section has",
            found: String(id),
            statePath: JSONPointer(["sections", String(position), "section_id"])
        )
    }
}

extension MigrationStream.Section {
    /// The whole section: header, payload, footer.
    public var range: Range<Int> { offset..<payload.upperBound + (hasFooter ? 5 : 0) }
}

extension JSONNode {
    /// The first member of an object in this value that the same object of another does not have, with its place.
    fileprivate func firstMember(notIn other: JSONNode) -> [String]? {
        switch (kind, other.kind) {
        case (.object, .object):
            let others = Dictionary(other.members.map { ($0.name, $0.value) }) { first, _ in first }
            for (name, value) in members {
                guard let found = others[name] else { return [name] }
                if let place = value.firstMember(notIn: found) { return [name] + place }
            }
        case (.array, .array):
            var index = 0
            var place: [String]?
            _ = allPairs(with: other) { own, other in
                // Of numbers there are many, and nothing is in them.
                if own.kind == .object || own.kind == .array { place = own.firstMember(notIn: other) }
                index += 1
                return place == nil
            }
            if let place { return [String(index - 1)] + place }
        default: break
        }
        return nil
    }
}
