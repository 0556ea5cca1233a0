// SPDX-License-Identifier: Apache-2.0

/// `{"stream": document}` of `POST /v1/encode`: a whole stream from its document.
public struct WholeStreamRequest {
    /// The document.
    public let document: JSONNode
    private var descriptions: StreamRequest
    private let describesItself: Bool
    private let limits: Limits

    /// Reads the request; a document alone, as decode gives it, is one too.
    ///
    /// - Returns: nil when the request is about one description.
    /// - Throws: `request-invalid`.
    public init?(_ node: JSONNode, limits: Limits = .default) throws(VMStateError) {
        if !node.hasMember("vmsd"), !node.hasMember("stream"), node["header"]?.kind == .object {
            document = node
            self.limits = limits
            descriptions = StreamRequest(limits: limits)
            describesItself = false
            return
        }
        guard !node.hasMember("vmsd"), let document = node["stream"], document.kind == .object else { return nil }
        let reader = try RequestReader(
            node,
            known: ["stream", "framing", "vmsds", "predicates", "constants", "dialect"]
        )
        guard try reader.string("framing") ?? "stream" == "stream" else {
            throw RequestReader.error("\"framing\": \"stream\" for a whole stream", "another")
        }
        self.document = document
        self.limits = limits
        descriptions = try StreamRequest(reader, limits: limits)
        describesItself = reader["vmsds"] != nil
    }

    /// Takes the descriptions of another request for sections that no vmdesc describes.
    ///
    /// - Throws: `request-invalid` when this one has `vmsds` itself.
    public mutating func describe(by other: StreamRequest) throws(VMStateError) {
        guard !describesItself else { throw RequestReader.error("\"vmsds\" once", "those of the request too") }
        descriptions = other
    }

    /// The bytes.
    ///
    /// What the document does not hold is copied from `source`, the stream that it was made of; without one it must hold
    /// everything.
    ///
    /// - Throws: what cannot be written, with its place in the document.
    public func bytes(from source: (any StreamSource)?) throws(VMStateError) -> [UInt8] {
        if CPRState.isDocument(document) { return try CPRState.bytes(of: document, limits: limits) }
        guard let source else {
            return try StreamBuilder.bytes(of: document, descriptions.descriptions, limits: limits)
        }
        return try pieces(from: source).bytes(of: source, limit: limits.outputBytes)
    }

    /// The bytes as a document: `{"stream": hex, "size": n, "vmdesc": {…}}`; without a vmdesc there it is null.
    ///
    /// - Throws: `limit-exceeded`.
    public func document(_ bytes: [UInt8], _ options: AnswerOptions = AnswerOptions()) throws(VMStateError) -> [UInt8] {
        let source = BytesSource(bytes)
        let vmdesc = try VMDescLocator.find(in: source, size: bytes.count, limits: limits)?.devices.text
        var writer = JSONObjectWriter(limit: limits.outputBytes)
        writer.member("stream", bytes: bytes, options.printing)
        writer.member("size", bytes.count)
        writer.member("vmdesc", json: vmdesc ?? Array("null".utf8))
        return try writer.finish()
    }

    /// The pieces, of which those that the document does not hold are copied from `source`.
    ///
    /// - Throws: what cannot be written, with its place in the document.
    public func pieces(from source: any StreamSource) throws(VMStateError) -> [StreamPiece] {
        if CPRState.isDocument(document) { return [.bytes(try CPRState.bytes(of: document, limits: limits))] }
        return try descriptions.pieces(for: document, try descriptions.read(source), size: source.size ?? 0)
    }
}
