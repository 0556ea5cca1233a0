// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import HTTP

extension Routes {
    /// `POST /v1/decode`: the state of a description's bytes, or a whole migration stream as a document.
    static func decode(_ limits: Limits, _ spool: Spool) -> Route {
        Route(
            method: "POST",
            path: "/v1/decode",
            accepts: [json, form, octets],
            takesStream: [form, octets],
            offers: [json, text]
        ) {
            request throws(Problem) in
            if let body = try wholeStream(request, limits, spool) { return try decode(body, request, limits) }
            let (document, stream) = try document(request, limits)
            if stream == nil, let body = try wholeStream(document, request.head, limits) {
                return try decode(body, request, limits)
            }
            let options = options(request.head)
            let hexdump = request.head.flag("hexdump")
            let body = try run { () throws(VMStateError) in
                let decode = try DecodeRequest(document.root, stream: stream, limits: limits)
                return request.offer == text ? try decode.text(hexdump: hexdump) : try decode.document(options)
            }
            if request.offer == text { return HTTPResponse(body, plainText) }
            return HTTPResponse(body, json)
        }
    }
}
