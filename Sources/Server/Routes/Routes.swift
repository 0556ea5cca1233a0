// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import HTTP

/// Every route of the service.
enum Routes {
    static let json = "application/json"
    static let octets = "application/octet-stream"
    static let form = "multipart/form-data"
    static let text = "text/plain"
    static let plainText = "text/plain; charset=utf-8"

    /// All but `/metrics`, which tells of these.
    static func all(_ configuration: ServiceConfiguration, _ state: ServiceState) -> [Route] {
        let limits = configuration.engine
        let spool = Spool(configuration)
        return [
            health("/healthz"), health("/livez"), readiness(state), openAPI,
            encode(limits, spool), decode(limits, spool), validate(limits, spool), edit(limits, spool),
            diff(limits, spool),
            ram(limits, spool),
        ]
    }

    /// The request document and the stream beside it: JSON, or a form with the parts `request` and `stream`.
    static func document(
        _ request: RouteRequest,
        _ limits: Limits
    ) throws(Problem) -> (document: JSONDocument, stream: [UInt8]?) {
        guard request.type.essence == form else { return (try parse(try request.body, limits), nil) }
        let form = try request.form
        guard let text = try form["request"] else { throw Problem(.badRequest, "the form has no part \"request\"") }
        guard let stream = try form["stream"] else { throw Problem(.badRequest, "the form has no part \"stream\"") }
        return (try parse(text, limits), stream)
    }

    static func parse(_ text: [UInt8], _ limits: Limits) throws(Problem) -> JSONDocument {
        do throws(JSONError) {
            return try JSONDocument(request: text, limits: limits)
        } catch {
            throw Problem(error)
        }
    }

    /// What the query asks for.
    static func options(_ head: HTTPRequestHead) -> AnswerOptions {
        var options = AnswerOptions()
        options.printing.int64AsString = head.queryValue("int64") == "string"
        options.printing.bytesAsBase64 = head.queryValue("bytes") == "base64"
        options.recordsOffsets = head.flag("offsets")
        options.takesApart = head.queryValue("infos").map { $0 == "apart" }
        return options
    }

    /// Runs engine code; its errors become problems.
    static func run<Value>(_ body: () throws(VMStateError) -> Value) throws(Problem) -> Value {
        do throws(VMStateError) {
            return try body()
        } catch {
            throw Problem(error)
        }
    }
}

extension HTTPResponse {
    /// An answer of this media type, which may be in a file.
    init(_ body: HTTPBody, _ mediaType: String) {
        self.init(.ok, headers: HTTPHeaders([("Content-Type", mediaType)]), body: body)
    }

    /// An answer of this media type.
    init(_ body: [UInt8], _ mediaType: String) {
        self.init(.ok, headers: HTTPHeaders([("Content-Type", mediaType)]), body: body)
    }
}
