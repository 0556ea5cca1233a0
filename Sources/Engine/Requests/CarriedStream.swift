// SPDX-License-Identifier: Apache-2.0

/// `{"stream": "<hex>"}` of `POST /v1/decode` and `/v1/validate`: a request about a whole stream that it carries itself.
public struct CarriedStream {
    /// What is said about the stream.
    public let request: StreamRequest
    /// Its bytes.
    public let bytes: [UInt8]

    /// Reads the request.
    ///
    /// - Returns: nil when the request is about one description.
    /// - Throws: `request-invalid`.
    public init?(_ node: JSONNode, limits: Limits = .default) throws(VMStateError) {
        guard !node.hasMember("vmsd"), let stream = node["stream"], stream.kind == .string || stream["base64"] != nil
        else {
            return nil
        }
        let reader = try RequestReader(node, known: StreamRequest.members + ["stream"])
        var request = try StreamRequest(reader, limits: limits)
        request.fileOffset = 0
        self.request = request
        bytes = try reader.stream(limits: limits)
    }
}
