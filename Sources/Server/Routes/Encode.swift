// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import HTTP

extension Routes {
    /// `POST /v1/encode`: the bytes, or with `Accept: application/json` the bytes as hex with their vmdesc.
    static func encode(_ limits: Limits) -> Route {
        Route(method: "POST", path: "/v1/encode", accepts: [json], offers: [octets, json]) { request throws(Problem) in
            let document = try parse(request.body, limits)
            let options = try options(request.head)
            let body = try run { () throws(VMStateError) in
                let encode = try EncodeRequest(document.root, limits: limits)
                return request.offer == json ? try encode.document(options) : try encode.bytes()
            }
            return HTTPResponse(body, request.offer)
        }
    }
}
