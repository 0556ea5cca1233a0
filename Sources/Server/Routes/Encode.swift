// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import HTTP

extension Routes {
    /// `POST /v1/encode`: the bytes, or with `Accept: application/json` the bytes as hex with their vmdesc.
    ///
    /// A whole stream is `{"stream": document}`; what the document does not hold comes from the part `source` of a form.
    static func encode(_ limits: Limits, _ spool: Spool) -> Route {
        Route(method: "POST", path: "/v1/encode", accepts: [json, form], takesStream: [form], offers: [octets, json]) {
            request throws(Problem) in
            let text: [UInt8]
            var source: (any StreamSource)?
            if request.type.essence == form {
                let form = try request.form
                guard let part = try form["request"] else {
                    throw Problem(.badRequest, "the form has no part \"request\"")
                }
                text = part
                source = try form.content("source").map { part throws(Problem) in
                    try opened(part, request, spool).source
                }
            } else {
                text = try request.body
            }
            let document = try parse(text, limits)
            if let whole = try run({ () throws(VMStateError) in try WholeStreamRequest(document.root, limits: limits) })
            {
                if request.offer == json {
                    let options = options(request.head)
                    let document = try run { () throws(VMStateError) in
                        try whole.document(try whole.bytes(from: source), options)
                    }
                    return HTTPResponse(document, json)
                }
                if let source {
                    let pieces = try run { () throws(VMStateError) in try whole.pieces(from: source) }
                    return HTTPResponse(try write(pieces, of: request, source, spool), octets)
                }
                let bytes = try run { () throws(VMStateError) in try whole.bytes(from: nil) }
                return HTTPResponse(bytes, octets)
            }
            let options = options(request.head)
            let body = try run { () throws(VMStateError) in
                let encode = try EncodeRequest(document.root, limits: limits)
                return request.offer == json ? try encode.document(options) : try encode.bytes()
            }
            return HTTPResponse(body, request.offer)
        }
    }
}
