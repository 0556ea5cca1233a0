// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import HTTP

extension Routes {
    /// `POST /v1/decode`: the state of a stream.
    static func decode(_ limits: Limits) -> Route {
        Route(method: "POST", path: "/v1/decode", accepts: [json, form], offers: [json]) { request throws(Problem) in
            let (document, stream) = try document(request, limits)
            let options = try options(request.head)
            let body = try run { () throws(VMStateError) in
                try DecodeRequest(document.root, stream: stream, limits: limits).document(options)
            }
            return HTTPResponse(body, json)
        }
    }
}
