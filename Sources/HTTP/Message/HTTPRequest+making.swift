// SPDX-License-Identifier: Apache-2.0

extension HTTPRequest {
    /// A request as a client would send it, for calling a handler without a server.
    ///
    /// `Host` and `Content-Length` are added where they are missing.
    ///
    /// - Throws: what the server would answer instead of asking the handler.
    public init(
        _ method: String,
        _ target: String,
        headers: HTTPHeaders = HTTPHeaders(),
        body: [UInt8] = []
    ) throws(HTTPFailure) {
        var fields = headers
        if !fields.contains("Host") { fields.append(name: "Host", value: "localhost") }
        if !fields.contains("Content-Length") { fields.append(name: "Content-Length", value: String(body.count)) }
        var raw = Array("\(method) \(target) HTTP/1.1\r\n".utf8)
        for field in fields.fields { raw += Array("\(field.name): \(field.value)\r\n".utf8) }
        raw += Array("\r\n".utf8)
        var parser = RequestParser(limits: ParserLimits(), peer: "local")
        var position = 0
        guard case .head(let head) = try parser.next(raw.span, &position), position == raw.count else {
            throw .badRequest("The method or the target has a line end")
        }
        self.init(head: head, body: .bytes(body))
    }
}
