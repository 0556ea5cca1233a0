// SPDX-License-Identifier: Apache-2.0

/// A whole migration stream as text for a terminal: a line for each part, with offset, size and type.
///
/// The text is made section by section and passed on in pieces of some 64 KiB.
public struct StreamText {
    /// What the text is to hold.
    public struct Options {
        /// Whether the bytes stand beside the lines, as `hexdump -C` lays them out.
        public var hexdump = false
        /// Sections to be listed, by idstr or VMSD name; nil: all.
        public var sections: [String]?
        /// Descriptions for streams without a vmdesc, by idstr or VMSD name.
        public var descriptions: SectionDescriptions = [:]
        /// Whether elements of opaque infos are taken apart where their layout is known.
        public var takesApart = true
        /// Where the stream is, for bytes that the reader does not keep: framing as it is, and, in sections that are selected
        /// by name, guest memory.
        public var source: (any StreamSource)?

        /// All sections, without bytes.
        public init() {}
    }

    let stream: MigrationStream
    let options: Options
    let limits: Limits
    let columns: TextLayout

    /// The text of a stream that was read with the same selection.
    public init(_ stream: MigrationStream, _ options: Options = Options(), limits: Limits = .default) {
        self.stream = stream
        self.options = options
        self.limits = limits
        columns = TextLayout(end: stream.understood + stream.trailing, hasBytes: options.hexdump)
    }

    /// Writes the text, piece by piece; each piece ends with a line.
    ///
    /// - Returns: the stream's findings and those of sections that were not decoded.
    /// - Throws: what `receive` throws, and `input-unreadable` of the source.
    @discardableResult
    public func write(_ receive: @escaping ([UInt8]) throws(VMStateError) -> Void) throws(VMStateError) -> [Finding] {
        var sink = TextSink(receive)
        var all = stream.findings
        var queue = FindingQueue(stream.findings)
        try header(to: &sink)
        try configuration(&queue, to: &sink)
        for item in items {
            try queue.print(before: item.offset, columns, depth: 0, to: &sink)
            switch item {
            case .section(let index, _): try section(index, &queue, &all, to: &sink)
            case .command(let index, _): try command(index, to: &sink)
            case .end(let offset):
                try columns.line(at: offset..<offset + 1, type: "eof", depth: 0, "", bytes: [0], to: &sink)
            case .vmdesc: try description(to: &sink)
            }
        }
        try queue.printAll(columns, to: &sink)
        try sink.flush()
        return all.sorted { ($0.offset ?? .max) < ($1.offset ?? .max) }
    }

    /// The text as a whole, and the findings.
    ///
    /// - Throws: `limit-exceeded` when it is longer than `outputBytes`.
    public func text() throws(VMStateError) -> (text: [UInt8], findings: [Finding]) {
        let collected = TextCollector(limit: limits.outputBytes)
        let findings = try write { (piece) throws(VMStateError) in try collected.append(piece) }
        return (collected.text, findings)
    }

    // MARK: Items

    /// What comes between configuration and the end.
    private enum Item {
        case section(Int, at: Int)
        case command(Int, at: Int)
        case end(Int)
        case vmdesc(Int)

        var offset: Int {
            switch self {
            case .section(_, let offset), .command(_, let offset), .end(let offset), .vmdesc(let offset): offset
            }
        }
    }

    private var items: [Item] {
        var items: [Item] = []
        let selection = SectionSelection(options.sections)
        for (index, section) in stream.sections.enumerated()
        where selection.contains(section.idstr) {
            items.append(.section(index, at: section.offset))
        }
        guard options.sections == nil else { return items }
        for (index, command) in stream.commands.enumerated() { items.append(.command(index, at: command.offset)) }
        for end in stream.ends { items.append(.end(end)) }
        if let vmdesc = stream.vmdesc { items.append(.vmdesc(vmdesc.lowerBound)) }
        return items.sorted { $0.offset < $1.offset }
    }

    // MARK: Parts that are no sections

    private func header(to sink: inout TextSink) throws(VMStateError) {
        guard options.sections == nil else { return }
        let magic: [UInt8] = [0x51, 0x45, 0x56, 0x4d]
        let version = UInt32(truncatingIfNeeded: stream.version)
        try columns.line(
            at: 0..<8,
            type: "header",
            depth: 0,
            "QEMU migration stream, version \(stream.version)",
            bytes: (magic + version.bigEndianBytes)[...],
            to: &sink
        )
    }

    private func configuration(_ queue: inout FindingQueue, to sink: inout TextSink) throws(VMStateError) {
        guard options.sections == nil, let configuration = stream.configuration else { return }
        try queue.print(before: configuration.range.lowerBound, columns, depth: 0, to: &sink)
        try columns.line(
            at: configuration.range,
            type: "configuration",
            depth: 0,
            "machine type \"\(configuration.machine.printable)\"",
            bytes: try bytes(configuration.range)?[...] ?? [],
            to: &sink
        )
        func more(_ text: String) throws(VMStateError) {
            try columns.line(at: nil, type: "", depth: 1, text, to: &sink)
        }
        if let bits = configuration.pageBits { try more("target page bits: \(bits)") }
        if let capabilities = configuration.capabilities {
            try more("capabilities: \(capabilities.map(\.printable).joined(separator: ", "))")
        }
        if let uuid = configuration.uuid { try more("uuid: \(Hex.text(uuid))") }
        try queue.print(before: configuration.range.upperBound, columns, depth: 1, to: &sink)
    }

    private func command(_ index: Int, to sink: inout TextSink) throws(VMStateError) {
        let command = stream.commands[index]
        let length = command.payload.count
        var text = "\(command.number) \(command.name)"
        if let meaning = command.meaning {
            text += ": \(meaning)"
        } else if length > 0 {
            text += ": \(ValueText.text(command.payload[...], hasBytes: options.hexdump))"
        }
        if let size = command.packageSize { text += ", a package of \(size) bytes" }
        let head: [UInt8] = [0x08] + [command.number, length].flatMap { [UInt8($0 >> 8 & 0xff), UInt8($0 & 0xff)] }
        try columns.line(
            at: command.offset..<command.offset + 5 + length,
            type: "command",
            depth: 0,
            text,
            bytes: (head + command.payload)[...],
            to: &sink
        )
    }

    private func description(to sink: inout TextSink) throws(VMStateError) {
        guard let range = stream.vmdesc else { return }
        let devices = stream.devices.map { ", \($0.all.count) devices" } ?? ""
        try columns.line(
            at: range,
            type: "vmdesc",
            depth: 0,
            "\(range.count - 5) bytes of JSON\(devices)",
            to: &sink
        )
    }

    /// Bytes of the stream; nil where they cannot be had again.
    func bytes(_ range: Range<Int>) throws(VMStateError) -> [UInt8]? {
        guard options.hexdump, let source = options.source, let size = source.size, range.upperBound <= size else {
            return nil
        }
        var input = StreamInput(source, at: range.lowerBound, limit: max(range.count, 1))
        return try input.bytes(range.count, "the stream")
    }
}

/// Keeps the pieces of a text together.
final class TextCollector {
    private(set) var text: [UInt8] = []
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    func append(_ piece: [UInt8]) throws(VMStateError) {
        guard piece.count <= limit - text.count else {
            throw VMStateError(.limitExceeded, expected: "an answer within the limit on output")
        }
        text += piece
    }
}

extension UInt32 {
    /// The bytes as QEMU writes them.
    var bigEndianBytes: [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: self >> $0) } }
}
