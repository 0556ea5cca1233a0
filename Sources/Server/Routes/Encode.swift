// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import HTTP

extension Routes {
    /// `POST /v1/encode`: the bytes, or with `Accept: application/json` the bytes as hex with their vmdesc.
    ///
    /// A whole stream is `{"stream": document}`; what the document does not hold comes from the part `source` of a form.
    static func encode(_ limits: Limits) -> Route {
        Route(method: "POST", path: "/v1/encode", accepts: [json, form], offers: [octets, json]) {
            request throws(Problem) in
            var text = request.body
            var source: (any StreamSource)?
            if request.type.essence == form {
                let form = try Multipart(request.body, request.type)
                guard let part = form["request"] else { throw Problem(.badRequest, "the form has no part \"request\"") }
                text = part
                source = form["source"].map { BytesSource($0) }
            }
            let document = try parse(text, limits)
            if let whole = try run({ () throws(VMStateError) in try WholeStreamRequest(document.root, limits: limits) })
            {
                let bytes = try run { () throws(VMStateError) in try whole.bytes(from: source) }
                return HTTPResponse(bytes, octets)
            }
            let options = try options(request.head)
            let body = try run { () throws(VMStateError) in
                let encode = try EncodeRequest(document.root, limits: limits)
                return request.offer == json ? try encode.document(options) : try encode.bytes()
            }
            return HTTPResponse(body, request.offer)
        }
    }
}
