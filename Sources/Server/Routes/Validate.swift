// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import HTTP

extension Routes {
    private static let sarif = "application/sarif+json"

    /// `POST /v1/validate`: findings as JSON, SARIF or text.
    static func validate(_ limits: Limits, _ spool: Spool) -> Route {
        Route(
            method: "POST",
            path: "/v1/validate",
            accepts: [json, form, octets],
            takesStream: [form, octets],
            offers: [json, sarif, text]
        ) { request throws(Problem) in
            let report: ValidationReport
            if let body = try wholeStream(request, limits, spool) {
                report = try self.report(body)
            } else {
                let (document, stream) = try document(request, limits)
                if stream == nil, let body = try wholeStream(document, request.head, limits) {
                    report = try self.report(body)
                } else {
                    report = try run { () throws(VMStateError) in
                        try ValidateRequest(document.root, stream: stream, limits: limits).report()
                    }
                }
            }
            switch request.offer {
            case sarif: return HTTPResponse(try run { () throws(VMStateError) in try report.sarif() }, sarif)
            case text: return HTTPResponse(Array(report.text().utf8), plainText)
            default: return HTTPResponse(try run { () throws(VMStateError) in try report.json() }, json)
            }
        }
    }
}
