// SPDX-License-Identifier: Apache-2.0

/// `POST /v1/encode`: a state and its description, to be written as QEMU writes them.
public struct EncodeRequest {
    private let request: CodecRequest
    private let state: JSONNode
    private let section: SectionFraming?
    private let limits: Limits

    /// Reads the request document.
    ///
    /// - Throws: `request-invalid` for the request itself.
    public init(_ node: JSONNode, limits: Limits = .default) throws(VMStateError) {
        request = try CodecRequest(node, ["state", "framing", "idstr", "instance_id", "section_id"])
        state = try request.reader.required("state")
        section = try SectionFraming(request.reader)
        self.limits = limits
    }

    /// The bytes, framed as the request asks.
    public func bytes() throws(VMStateError) -> [UInt8] {
        try run(describes: false).bytes
    }

    /// `{"stream": hex, "size": n, "vmdesc": {…}}`.
    public func document(_ options: AnswerOptions = AnswerOptions()) throws(VMStateError) -> [UInt8] {
        let (bytes, vmdesc) = try run(describes: true)
        var writer = JSONObjectWriter(limit: limits.outputBytes)
        writer.member("stream", bytes: bytes, options.printing)
        writer.member("size", bytes.count)
        writer.member("vmdesc", json: vmdesc ?? Array("null".utf8))
        return try writer.finish()
    }

    private func run(describes: Bool) throws(VMStateError) -> (bytes: [UInt8], vmdesc: [UInt8]?) {
        let codec = try request.codec(limits)
        let encoded = try codec.encode(state, versionID: request.versionID, describes: describes)
        guard let section else { return (encoded.bytes, encoded.vmdesc) }
        let bytes = try section.wrap(encoded.bytes, codec.description, version: request.versionID)
        return (bytes, encoded.vmdesc)
    }
}
