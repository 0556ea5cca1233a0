// SPDX-License-Identifier: Apache-2.0

/// `POST /v1/decode`: bytes and their description, to be read as QEMU reads them.
public struct DecodeRequest {
    private let request: CodecRequest
    private let stream: [UInt8]
    private let options: VMStateCodec.DecodeOptions
    private let limits: Limits

    /// Reads the request document.
    ///
    /// - Parameters:
    ///   - node: the document.
    ///   - stream: the bytes, when they come beside the document; otherwise its member `stream` holds them.
    ///   - limits: what the request may use.
    /// - Throws: `request-invalid` for the request itself.
    public init(_ node: JSONNode, stream: [UInt8]? = nil, limits: Limits = .default) throws(VMStateError) {
        request = try CodecRequest(node, ["initial", "partial", "offsets"] + (stream == nil ? ["stream"] : []))
        if let stream {
            self.stream = stream
        } else {
            self.stream = try request.reader.stream(limits: limits)
        }
        var options = VMStateCodec.DecodeOptions()
        options.versionID = request.versionID
        options.initial = request.reader["initial"]
        options.isPartial = try request.reader.bool("partial") ?? false
        options.recordsOffsets = try request.reader.bool("offsets") ?? false
        self.options = options
        self.limits = limits
    }

    /// The state as text for a terminal: a line for each value, with offset, size and type, and with `hexdump` its bytes.
    ///
    /// - Throws: what stopped the decoder, and `limit-exceeded`.
    public func text(hexdump: Bool = false) throws(VMStateError) -> [UInt8] {
        var options = options
        options.recordsOffsets = true
        let codec = try request.codec(limits)
        let decoded = try codec.decode(stream, options)
        return try decoded.text(hexdump: hexdump, under: codec.description.name, limits: limits)
    }

    /// `{"state": …, "version_id": n, "consumed": n}`, with `"eof": true` and `"offsets"` where they apply.
    public func document(_ answer: AnswerOptions = AnswerOptions()) throws(VMStateError) -> [UInt8] {
        var options = options
        options.recordsOffsets = options.recordsOffsets || answer.recordsOffsets
        options.takesApart = answer.takesApart ?? false
        let decoded = try request.codec(limits).decode(stream, options)
        var writer = JSONObjectWriter(limit: limits.outputBytes)
        writer.member("state", decoded.state.root, answer.printing)
        writer.member("version_id", decoded.versionID)
        writer.member("consumed", decoded.consumed)
        if decoded.endsWithEOF { writer.member("eof", json: Array("true".utf8)) }
        if options.recordsOffsets { writer.member("offsets", places: decoded.offsets) }
        return try writer.finish()
    }
}
