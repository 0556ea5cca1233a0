// SPDX-License-Identifier: Apache-2.0

/// What differs between two migration streams, by device and field.
///
/// Sections are paired by idstr and instance id, in the order in which they occur; where they are in the stream, and their
/// section ids, do not count. The streams must have been read with payloads kept.
public struct StreamDiff {
    /// What is compared.
    public struct Options {
        /// Sections to be compared, by idstr or VMSD name; nil: all, and what is no section.
        public var sections: [String]?
        /// What is left out.
        public var ignored = DifferenceFilter()
        /// Descriptions for streams without a vmdesc, by idstr or VMSD name.
        public var descriptions: SectionDescriptions = [:]
        /// The contents of guest memory, collected when the streams were read; nil: they are not compared.
        public var contents: (a: RAMPageHashes, b: RAMPageHashes)?

        /// Where the streams were read from, for what is not kept of them; nil: such bytes cannot be compared.
        public var sources: (a: any StreamSource, b: any StreamSource)?

        /// Everything but the contents of guest memory.
        public init() {}
    }

    let a: MigrationStream
    let b: MigrationStream
    let options: Options
    let limits: Limits
    private let selection: SectionSelection
    var list: DifferenceList
    /// What sections of private formats amount to, once it is asked for.
    var sums: (a: [SectionKey: Summary], b: [SectionKey: Summary])?
    var result = StreamDiffResult()

    /// Compares two streams.
    public static func compare(
        _ a: MigrationStream,
        _ b: MigrationStream,
        _ options: Options = Options(),
        limits: Limits = .default
    ) -> StreamDiffResult {
        var diff = StreamDiff(a, b, options, limits)
        return diff.run()
    }

    /// Compares two states of a device; both must have been decoded with `recordsOffsets` for types and offsets to be compared.
    public static func compare(
        _ a: VMStateCodec.Decoded,
        _ b: VMStateCodec.Decoded,
        section: String = "",
        ignoring filter: DifferenceFilter = DifferenceFilter(),
        limits: Limits = .default
    ) -> StreamDiffResult {
        var list = DifferenceList(filter, limit: limits.differences)
        list.section = section
        if a.versionID != b.versionID { list.add(.version, .integer(a.versionID), .integer(b.versionID)) }
        list = StateDiff(.init(a, at: 0), .init(b, at: 0), into: list).run()
        var result = StreamDiffResult()
        result.sectionsCompared = 1
        result.take(list)
        return result
    }

    private init(_ a: MigrationStream, _ b: MigrationStream, _ options: Options, _ limits: Limits) {
        self.a = a
        self.b = b
        self.options = options
        self.limits = limits
        selection = SectionSelection(options.sections)
        list = DifferenceList(options.ignored, limit: limits.differences)
    }

    private mutating func run() -> StreamDiffResult {
        for (name, stream) in [("A", a), ("B", b)] {
            let errors = stream.findings.filter { $0.severity == .error }
            guard let first = errors.first else { continue }
            note("stream \(name) has \(errors.count) \(errors.count == 1 ? "error" : "errors"): \(first.message)")
        }
        if options.sections == nil {
            configuration()
            commands()
        }
        sections()
        if wants("ram") { memory() }
        rest()
        result.take(list)
        return result
    }

    /// Notes what was not compared.
    mutating func note(_ text: String) {
        switch result.notes.count {
        case ..<limits.findings: result.notes.append(text)
        case limits.findings: result.notes.append("what else was not compared is not listed")
        default: break
        }
    }

    /// Whether a section is to be compared.
    func wants(_ idstr: String) -> Bool {
        selection.contains(idstr) && !options.ignored.excludes(section: idstr)
    }

    // MARK: What is no section

    mutating func begin(_ section: String) {
        list.section = section
        list.instanceID = nil
        list.occurrence = 0
    }

    private mutating func configuration() {
        begin("configuration")
        let offsets = (a.configuration?.range.lowerBound, b.configuration?.range.lowerBound)
        func value(_ text: String?) -> StreamDifference.Value { text.map { .text($0) } ?? .absent }
        func value(_ number: Int?) -> StreamDifference.Value { number.map { .integer($0) } ?? .absent }
        if a.version != b.version {
            list.add(.configuration, path: ["version"], .integer(a.version), .integer(b.version), at: (4, 4))
        }
        let machines = (a.configuration?.machine, b.configuration?.machine)
        if machines.0 != machines.1 {
            list.add(.configuration, path: ["machine"], value(machines.0), value(machines.1), at: offsets)
        }
        let bits = (a.configuration?.pageBits, b.configuration?.pageBits)
        if bits.0 != bits.1 {
            list.add(.configuration, path: ["target_page_bits"], value(bits.0), value(bits.1), at: offsets)
        }
        let uuids = (a.configuration?.uuid, b.configuration?.uuid)
        if uuids.0 != uuids.1 {
            list.add(
                .configuration,
                path: ["uuid"],
                value(uuids.0.map { Hex.text($0) }),
                value(uuids.1.map { Hex.text($0) }),
                at: offsets
            )
        }
        if a.pageSize != b.pageSize {
            list.add(.pageSize, path: ["page_size"], value(a.pageSize), value(b.pageSize))
        }
        let own = a.configuration?.capabilities ?? []
        let others = b.configuration?.capabilities ?? []
        for name in own where !others.contains(name) {
            list.add(.capability, path: ["capabilities"], .text(name), .absent, at: offsets)
        }
        for name in others where !own.contains(name) {
            list.add(.capability, path: ["capabilities"], .absent, .text(name), at: offsets)
        }
    }

    /// Commands by name, in the order in which they occur.
    private mutating func commands() {
        begin("commands")
        var others: [Int: [MigrationStream.Command]] = [:]
        for command in b.commands { others[command.number, default: []].append(command) }
        var seen: [Int: Int] = [:]
        for command in a.commands {
            let index = seen[command.number, default: 0]
            seen[command.number] = index + 1
            list.occurrence = index
            guard let other = others[command.number].flatMap({ index < $0.count ? $0[index] : nil }) else {
                list.add(.command, path: [command.name], .bytes(command.payload), .absent, at: (command.offset, nil))
                continue
            }
            if let difference = BufferDifference(command.payload[...], other.payload[...]) {
                list.add(
                    .command,
                    path: [command.name],
                    .bytes(command.payload),
                    .bytes(other.payload),
                    at: (command.offset, other.offset),
                    first: difference.first,
                    differing: difference.count
                )
            }
        }
        for command in b.commands {
            let index = seen[command.number, default: 0]
            guard let all = others[command.number], index < all.count, all[index].offset == command.offset else {
                continue
            }
            seen[command.number] = index + 1
            list.occurrence = index
            list.add(.command, path: [command.name], .absent, .bytes(command.payload), at: (nil, command.offset))
        }
        list.occurrence = 0
    }
}
