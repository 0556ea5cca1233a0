// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import HTTP

/// An error as the caller sees it: a problem document (RFC 9457).
struct Problem: Error {
    let status: HTTPStatus
    let detail: String
    /// What the engine found.
    private var error: VMStateError?
    /// Where a text is no JSON.
    private var json: JSONError?
    private var code: String?
    var headers = HTTPHeaders()

    static let mediaType = "application/problem+json"

    /// What HTTP itself calls for.
    init(_ status: HTTPStatus, _ detail: String) {
        self.status = status
        self.detail = detail
    }

    /// The VMSD, the state or the stream is wrong.
    ///
    /// The one place where an error of the engine becomes a status.
    init(_ error: VMStateError) {
        status =
            switch error.code {
            case .limitExceeded: .contentTooLarge
            case .outputUnwritable: .internalServerError
            default: .unprocessableContent
            }
        detail = error.description
        self.error = error
        code = error.code.description
    }

    /// The text is not JSON.
    init(_ error: JSONError) {
        status = .badRequest
        detail = error.description
        json = error
        code = "json-invalid"
    }

    func response() -> HTTPResponse {
        var writer = JSONObjectWriter()
        writer.member("type", code.map { "urn:qevm:problem:\($0)" } ?? "about:blank")
        writer.member("title", status.reasonPhrase)
        writer.member("status", status.rawValue)
        writer.member("detail", detail)
        if let code { writer.member("code", code) }
        if let error {
            if let path = error.path { writer.member("path", path.shown) }
            if let path = error.statePath { writer.member("state_path", path.shown) }
            if let offset = error.offset { writer.member("offset", offset) }
            if let expected = error.expected { writer.member("expected", expected) }
            if let found = error.found { writer.member("found", found) }
            writer.member("rule", error.rule.description)
        }
        if let json {
            writer.member("offset", json.offset)
            writer.member("line", json.line)
            writer.member("column", json.column)
        }
        var headers = headers
        headers.append(name: "Content-Type", value: Self.mediaType)
        let body = (try? writer.finish()) ?? []
        return HTTPResponse(status, headers: headers, body: body)
    }
}
