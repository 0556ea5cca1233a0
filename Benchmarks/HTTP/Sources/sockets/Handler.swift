// SPDX-License-Identifier: Apache-2.0

import HTTP

/// `GET /healthz` and `POST /sink`, both on the event loop as NIO's peer has them.
struct Handler: HTTPHandler {
    private static let ok = HTTPResponse(.ok, contentType: "application/json", text: "{\"status\":\"ok\"}")

    func admit(_ head: HTTPRequestHead) -> HTTPAdmission {
        .collect(bodyLimit: 1 << 20, on: .loop)
    }

    func respond(to request: HTTPRequest) -> HTTPResponse {
        switch (request.head.method, request.head.path) {
        case ("GET", "/healthz"), ("POST", "/sink"): Self.ok
        default: HTTPResponse(.notFound)
        }
    }
}
