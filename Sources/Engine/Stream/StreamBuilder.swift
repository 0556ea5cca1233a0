// SPDX-License-Identifier: Apache-2.0

/// Writes the document of a stream without the stream that it was made of.
///
/// Every section needs its `state`, described by the document's own vmdesc or by what the caller gives, or its `data`.
struct StreamBuilder: ~Copyable {
    private let descriptions: SectionDescriptions
    private let limits: Limits
    private var buffer: ByteBuffer
    /// The document's vmdesc, which follows what its sections hold.
    private var vmdesc: VMDescChanges?
    /// The open packages: where they ended in the stream of the document, and where they start in the new one.
    private var packages: [(end: Int, start: Int)] = []
    /// The sizes of closed ones, and where they stand.
    private var packageSizes: [(place: Int, value: UInt32)] = []

    init(_ descriptions: SectionDescriptions, limits: Limits) {
        self.descriptions = descriptions
        self.limits = limits
        buffer = ByteBuffer(capacity: 1 << 16, limit: limits.outputBytes)
        buffer.append(contentsOf: StreamFraming.header)
    }

    /// The bytes of a document.
    ///
    /// - Throws: what cannot be written, with its place in the document.
    static func bytes(
        of document: JSONNode,
        _ descriptions: SectionDescriptions,
        limits: Limits
    ) throws(VMStateError) -> [UInt8] {
        var builder = StreamBuilder(descriptions, limits: limits)
        try StreamDocumentShape.check(document)
        try checkWhole(document)
        if let node = document["configuration"], !node.members.isEmpty {
            do throws(VMStateError) {
                builder.buffer.append(contentsOf: try StreamFraming.configuration(node))
            } catch {
                throw error.under("configuration")
            }
        }
        let devices = try builder.devices(document["vmdesc"])
        builder.vmdesc = devices.map { VMDescChanges($0) }
        if let node = document["configuration"], !node.members.isEmpty {
            builder.vmdesc?.configure(StreamFraming.description(ofConfiguration: node))
        }
        try builder.items(document, devices)
        if let devices {
            let text = builder.vmdesc?.text() ?? devices.text
            builder.buffer.append(0x06)
            builder.buffer.append(bigEndian: UInt32(truncatingIfNeeded: text.count))
            builder.buffer.append(contentsOf: text)
        }
        guard !builder.buffer.isOverLimit else {
            throw VMStateError(.limitExceeded, expected: "a stream of at most \(limits.outputBytes) bytes")
        }
        return builder.finish()
    }

    /// What was not understood is not in the document, whatever else it holds.
    private static func checkWhole(_ document: JSONNode) throws(VMStateError) {
        let held = [StreamRule.undescribed, StreamRule.payload].map(\.description)
        for (index, reason) in (document["incomplete"]?.elements ?? []).enumerated() {
            guard let rule = reason["rule"]?.string, !held.contains(rule) else { continue }
            throw VMStateError(
                .stateMissingField,
                expected: "the stream itself as source, as it was not understood to its end",
                statePath: JSONPointer(["incomplete", String(index)])
            )
        }
        if let trailing = document["trailing"]?.int, trailing > 0 {
            throw VMStateError(
                .stateMissingField,
                expected: "the stream itself as source, as \(trailing) bytes behind it are not in the document",
                statePath: JSONPointer(["trailing"])
            )
        }
    }

    private consuming func finish() -> [UInt8] {
        let sizes = packageSizes
        var bytes = buffer.array()
        for size in sizes { bytes.replaceSubrange(size.place..<size.place + 4, with: StreamFraming.word(size.value)) }
        return bytes
    }

    /// The text as QEMU writes it.
    static func text(ofVMDesc node: JSONNode) -> [UInt8] {
        var printing = JSONPrinter.Options()
        printing.isSpaced = true
        return node.json(printing)
    }

    private func devices(_ node: JSONNode?) throws(VMStateError) -> DeviceDescriptions? {
        guard let node, node.kind == .object else { return nil }
        do throws(JSONError) {
            return try DeviceDescriptions(Self.text(ofVMDesc: node), limits: limits)
        } catch {
            throw VMStateError(
                .valueTypeMismatch,
                expected: "a vmdesc",
                found: error.reason.rawValue,
                statePath: JSONPointer(["vmdesc"])
            )
        }
    }

    private mutating func items(_ document: JSONNode, _ devices: DeviceDescriptions?) throws(VMStateError) {
        var others = try Self.others(document, limits)[...]
        var next = 0
        var used: Set<Int> = []
        var started: [UInt32: SectionNode] = [:]
        let encoder = SectionEncoder(devices, descriptions, limits: limits)
        for (position, node) in (document["sections"]?.elements ?? []).enumerated() {
            do throws(VMStateError) {
                let section = try SectionNode(node)
                switch section.kind {
                case .full: break
                case .start: started[section.sectionID] = section
                case .part, .end: try Self.check(section, started[section.sectionID])
                }
                // A new section that is in no package comes behind the one around its neighbours.
                let isPackaged = node["packaged"]?.bool ?? false
                if let offset = section.offset ?? (isPackaged ? nil : packages.first?.end) {
                    while let other = others.first, other.offset < offset { append(others.removeFirst(), other.offset) }
                    closePackages(before: offset)
                }
                let found = section.kind == .full ? devices?.find(section, ordinal: next) : nil
                let device = found.flatMap { used.contains($0) ? nil : $0 }
                if let device {
                    next = device + 1
                    used.insert(device)
                }
                buffer.append(contentsOf: section.header)
                buffer.append(contentsOf: try payload(section, device, encoder))
                if section.hasFooter { buffer.append(contentsOf: StreamFraming.footer(id: section.sectionID)) }
            } catch {
                throw error.under(String(position)).under("sections")
            }
        }
        for other in others { append(other, other.offset) }
        closePackages(before: .max)
        for device in devices?.all.indices ?? 0..<0 where !used.contains(device) { vmdesc?.remove(device) }
    }

    /// Of a part only the id is written: the rest must be what its START says.
    private static func check(_ part: SectionNode, _ start: SectionNode?) throws(VMStateError) {
        guard let start else {
            throw VMStateError(
                .valueOutOfRange,
                expected: "the id of a section that was started",
                found: String(part.sectionID),
                statePath: JSONPointer(["section_id"])
            )
        }
        let name = ["idstr", "instance_id", "version_id"].first { name in
            !(part.node[name].flatMap { own in start.node[name]?.isEqual(to: own) } ?? false)
        }
        guard let name else { return }
        throw VMStateError(
            .valueOutOfRange,
            expected: "\"\(name)\" of the START of section \(part.sectionID)",
            found: part.node[name].map { String(decoding: $0.json(), as: UTF8.self) } ?? "none",
            statePath: JSONPointer([name])
        )
    }

    // MARK: Commands, packages and ends

    /// What is not a section: a command or EOF.
    private struct Other {
        let offset: Int
        let bytes: [UInt8]
        /// How many bytes behind a PACKAGED it says belong to it.
        var packageSize: Int?
    }

    /// Everything but sections, in its order.
    private static func others(_ document: JSONNode, _ limits: Limits) throws(VMStateError) -> [Other] {
        var others: [Other] = []
        for (index, node) in (document["commands"]?.elements ?? []).enumerated() {
            do throws(VMStateError) {
                others.append(try command(node, limits))
            } catch {
                throw error.under(String(index)).under("commands")
            }
        }
        guard let ends = document["ends"]?.elements else { return others + [Other(offset: .max, bytes: [0])] }
        for (index, node) in ends.enumerated() {
            guard let offset = node.int else {
                throw VMStateError(
                    .valueTypeMismatch,
                    expected: "the offset of an EOF",
                    found: node.kind.rawValue,
                    statePath: JSONPointer(["ends", String(index)])
                )
            }
            others.append(Other(offset: offset, bytes: [0]))
        }
        return others.enumerated().sorted { ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset) }.map(
            \.element
        )
    }

    private static func command(_ node: JSONNode, _ limits: Limits) throws(VMStateError) -> Other {
        let size = node["package_size"]
        let offset = node["offset"]?.int ?? 0
        var payload: [UInt8]?
        do throws(VMStateError) {
            payload = try node["payload"]?.decodedBytes(limits: limits)
        } catch {
            throw error.under("payload")
        }
        guard let number = node["command"]?.int, (1..<0x10000).contains(number), let payload, payload.count < 0x10000,
            size == nil
                || number == 7 && payload.count == 4 && (1..<1 << 62).contains(offset)
                    && (0..<1 << 32).contains(size?.int ?? -1)
        else {
            throw VMStateError(
                .valueTypeMismatch,
                expected: "a command with number and payload, of a package also with offset and size",
                found: "another",
                statePath: JSONPointer()
            )
        }
        let name = MigrationStream.Command.name(of: number)
        if let given = node["name"], given.string != name {
            throw VMStateError(
                .valueOutOfRange,
                expected: "\"\(name)\", the name of command \(number)",
                found: given.string.map { "\"\($0)\"" } ?? given.kind.rawValue,
                statePath: JSONPointer(["name"])
            )
        }
        let head =
            [0x08] + [number >> 8, number, payload.count >> 8, payload.count].map { UInt8(truncatingIfNeeded: $0) }
        return Other(offset: offset, bytes: head + payload, packageSize: size?.int)
    }

    private mutating func append(_ other: Other, _ offset: Int) {
        closePackages(before: offset)
        buffer.append(contentsOf: other.bytes)
        guard let size = other.packageSize else { return }
        packages.append((other.offset + other.bytes.count + size, buffer.count))
    }

    /// What a package holds now is known when something comes that was behind it.
    private mutating func closePackages(before offset: Int) {
        while let package = packages.last, package.end <= offset {
            packages.removeLast()
            packageSizes.append((package.start - 4, UInt32(truncatingIfNeeded: buffer.count - package.start)))
        }
    }

    private mutating func payload(
        _ section: SectionNode,
        _ device: Int?,
        _ encoder: SectionEncoder
    ) throws(VMStateError) -> [UInt8] {
        if let data = section.data {
            do throws(VMStateError) {
                let bytes = try data.decodedBytes(limits: limits)
                if let device {
                    vmdesc?.name(device, section, hasVersion: true)
                    if let size = section.node["size"]?.int, size != bytes.count {
                        vmdesc?.describe(device, size: bytes.count)
                    }
                }
                return bytes
            } catch {
                throw error.under("data")
            }
        }
        guard let state = section.state else {
            throw VMStateError(
                .stateMissingField,
                expected:
                    "\"state\" or \"data\": the bytes of \"\(section.idstr)\" are in the stream that the document was "
                    + "made of, to be sent as part \"source\"",
                found: "none",
                statePath: JSONPointer()
            )
        }
        do throws(VMStateError) {
            let encoded = try encoder.encode(state, of: SectionEncoder.Header(section), device)
            if let device {
                vmdesc?.name(device, section, hasVersion: !encoded.isWhole)
                if let description = encoded.description {
                    vmdesc?.describe(device, by: description, isWhole: encoded.isWhole)
                }
            }
            return encoded.bytes
        } catch {
            throw error.code == .stateMissingField && error.statePath == nil ? error : error.under("state")
        }
    }
}

extension StreamRequest {
    /// The bytes of a document that holds everything.
    public static func bytes(of document: JSONNode, limits: Limits = .default) throws(VMStateError) -> [UInt8] {
        try StreamBuilder.bytes(of: document, [:], limits: limits)
    }
}
