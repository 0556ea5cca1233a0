// SPDX-License-Identifier: Apache-2.0

extension VMStateCodec.Decoded {
    /// The state as text for a terminal, as `StreamText` prints that of a section.
    ///
    /// The state must have been decoded with `recordsOffsets`.
    ///
    /// - Parameters:
    ///   - hexdump: whether the bytes stand beside the values.
    ///   - name: what stands above the state; nil: nothing.
    ///   - receive: gets the text piece by piece.
    /// - Throws: what `receive` throws.
    public func write(
        hexdump: Bool = false,
        under name: String? = nil,
        to receive: @escaping ([UInt8]) throws(VMStateError) -> Void
    ) throws(VMStateError) {
        var sink = TextSink(receive)
        let bytes = Array(state.bytes[..<min(consumed, state.bytes.count)])
        let columns = TextLayout(end: state.bytes.count, hasBytes: hexdump)
        if let name {
            try columns.line(
                at: 0..<consumed,
                type: "vmsd",
                depth: 0,
                "\"\(name.printable)\" version \(versionID)",
                to: &sink
            )
        }
        var tree = StateTree(layout, columns: columns, bytes: bytes, at: 0)
        _ = try tree.print(state.root, depth: name == nil ? 0 : 1, to: &sink)
        if consumed < state.bytes.count {
            try columns.line(
                at: consumed..<state.bytes.count,
                type: endsWithEOF ? "eof" : "data",
                depth: 0,
                endsWithEOF ? "" : ValueText.text(state.bytes[consumed...], hasBytes: hexdump),
                bytes: state.bytes[consumed...],
                to: &sink
            )
        }
        try sink.flush()
    }

    /// The same text as a whole.
    ///
    /// - Throws: `limit-exceeded` when it is longer than `outputBytes`.
    public func text(
        hexdump: Bool = false,
        under name: String? = nil,
        limits: Limits = .default
    ) throws(VMStateError) -> [UInt8] {
        let collected = TextCollector(limit: limits.outputBytes)
        try write(hexdump: hexdump, under: name) { (piece) throws(VMStateError) in try collected.append(piece) }
        return collected.text
    }
}
