// SPDX-License-Identifier: Apache-2.0

/// An answer.
///
/// The server adds `Date`, `Content-Length` and `Connection`; fields of those names and `Transfer-Encoding` in
/// `headers` are left out. To HEAD the same answer may be given as to GET: the body is measured, not sent.
public struct HTTPResponse: Sendable {
    /// The status.
    public var status: HTTPStatus
    /// The header fields, in the order in which they go out.
    public var headers: HTTPHeaders
    /// The body; never sent with a status that forbids one.
    ///
    /// A file is kept open until it is sent or the connection ends.
    public var body: HTTPBody
    /// Whether the connection shall end after this answer.
    public var closesConnection = false
    /// Its share of the bytes that are held in memory.
    var held: HeldAnswer?

    /// An answer with fields and body.
    public init(_ status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
        self.init(status, headers: headers, body: .bytes(body))
    }

    /// An answer whose body may be in a file.
    public init(_ status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), body: HTTPBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer with a text as its body.
    public init(_ status: HTTPStatus, contentType: String, text: String) {
        self.init(status, headers: HTTPHeaders([("Content-Type", contentType)]), body: Array(text.utf8))
    }
}
