// SPDX-License-Identifier: Apache-2.0

extension StreamText {
    /// A section: its header, what it holds, and with bytes its footer.
    func section(
        _ index: Int,
        _ queue: inout FindingQueue,
        _ all: inout [Finding],
        to sink: inout TextSink
    ) throws(VMStateError) {
        let section = stream.sections[index]
        let end = section.payload.upperBound + (section.hasFooter ? 5 : 0)
        if section.kind == .full || section.kind == .start { try sink.line("") }
        try columns.line(
            at: section.offset..<end,
            type: section.kind.word,
            depth: 0,
            title(section),
            bytes: try header(of: section)[...],
            to: &sink
        )
        try queue.print(before: section.payload.lowerBound, columns, depth: 1, to: &sink)
        let decoder = SectionDecoder(
            descriptions: options.descriptions,
            recordsOffsets: true,
            takesApart: options.takesApart,
            limits: limits
        )
        var found: [Finding] = []
        let decoded = decoder.decode(section, of: stream, number: nil, undescribed: .error, &found)
        for finding in found { queue.insert(finding) }
        all += found
        if let decoded, let bytes = section.bytes {
            var tree = StateTree(
                decoded.layout,
                columns: columns,
                bytes: bytes,
                at: section.payload.lowerBound,
                notes: queue
            )
            queue = try tree.print(decoded.state.root, depth: 1, to: &sink)
        } else {
            try contents(of: section, to: &sink)
            try payload(of: section, to: &sink)
        }
        try queue.print(before: max(section.payload.upperBound, section.offset + 1), columns, depth: 1, to: &sink)
        guard options.hexdump, section.hasFooter else { return }
        try columns.line(
            at: end - 5..<end,
            type: "footer",
            depth: 0,
            "",
            bytes: (try bytes(end - 5..<end) ?? [0x7e] + section.sectionID.bigEndianBytes)[...],
            to: &sink
        )
    }

    private func title(_ section: MigrationStream.Section) -> String {
        var text =
            "\"\(section.idstr.printable)\" instance \(section.instanceID), version \(section.versionID), "
            + "section \(section.sectionID)"
        let described = section.device.flatMap { device in stream.devices?.all[device].node["vmsd_name"]?.string }
        if let described, described != section.idstr { text += ", vmsd \"\(described.printable)\"" }
        text += ", payload \(section.payload.count)"
        if section.isPackaged { text += ", packaged" }
        text += section.hasFooter ? ", footer" : ", no footer"
        if let pages = section.pages { text += "; " + Self.text(pages) }
        return text
    }

    /// The header as it is in the stream, or as its values give it.
    private func header(of section: MigrationStream.Section) throws(VMStateError) -> [UInt8] {
        guard options.hexdump else { return [] }
        if let bytes = try bytes(section.offset..<section.payload.lowerBound) { return bytes }
        let start = [section.kind.rawValue] + section.sectionID.bigEndianBytes
        let length = section.payload.lowerBound - section.offset
        guard length > start.count else { return start }
        let name = Array(section.idstr.utf8)
        let header =
            start + [UInt8(truncatingIfNeeded: name.count)] + name + section.instanceID.bigEndianBytes
            + UInt32(truncatingIfNeeded: section.versionID).bigEndianBytes
        // A name that is no UTF-8 is known only in part.
        return header.count == length ? header : []
    }

    // MARK: What is not decoded

    private func contents(of section: MigrationStream.Section, to sink: inout TextSink) throws(VMStateError) {
        if section.idstr == "ram", section.kind == .start {
            for block in stream.blocks {
                try columns.line(at: nil, type: "block", depth: 1, Self.text(block), to: &sink)
            }
        }
        if let content = section.content { try write(content, to: &sink) }
    }

    /// The bytes of a payload without a state.
    ///
    /// Those of guest memory and its like come from the source, and only when they were asked for by name.
    private func payload(of section: MigrationStream.Section, to sink: inout TextSink) throws(VMStateError) {
        let range = section.payload
        guard !range.isEmpty else { return }
        if let bytes = section.bytes {
            return try columns.line(
                at: range,
                type: "data",
                depth: 1,
                ValueText.text(bytes[...], hasBytes: options.hexdump),
                bytes: bytes[...],
                to: &sink
            )
        }
        guard options.hexdump || section.kind == .full else { return }
        let isWanted = section.kind == .full || options.sections != nil
        guard options.hexdump, isWanted, let source = options.source, let size = source.size,
            range.upperBound <= size
        else {
            return try columns.line(at: range, type: "data", depth: 1, "(not shown)", to: &sink)
        }
        var input = StreamInput(source, at: range.lowerBound, limit: 1 << 20)
        var at = range.lowerBound
        while at < range.upperBound {
            let count = min(64 << 10, range.upperBound - at)
            try columns.line(
                at: at..<at + count,
                type: at == range.lowerBound ? "data" : "",
                depth: 1,
                at == range.lowerBound ? "(\(range.count) bytes)" : "",
                bytes: try input.bytes(count, "section \"\(section.idstr)\"")[...],
                to: &sink
            )
            at += count
        }
    }

    // MARK: Guest memory

    private static func text(_ pages: RAMCounts) -> String {
        var parts = ["zero \(pages.zero)", "normal \(pages.normal)"]
        if pages.xbzrle > 0 { parts.append("xbzrle \(pages.xbzrle)") }
        if pages.compressed > 0 { parts.append("compressed \(pages.compressed)") }
        if pages.multifdFlushes > 0 { parts.append("multifd flushes \(pages.multifdFlushes)") }
        return "pages: " + parts.joined(separator: ", ")
    }

    private static func text(_ block: RAMBlock) -> String {
        var text = "\"\(block.idstr.printable)\" \(block.size) bytes (0x\(String(block.size, radix: 16)))"
        if let size = block.pageSize { text += ", page size \(size)" }
        if let address = block.address { text += ", at 0x\(String(address, radix: 16))" }
        if let mapping = block.mapping {
            text +=
                ", bitmap at 0x\(String(mapping.bitmap, radix: 16)), pages at 0x"
                + String(mapping.pages, radix: 16)
        }
        text += "; " + Self.text(block.counts)
        if let sent = block.pagesSent { text += ", sent \(sent)" }
        return text
    }
}
