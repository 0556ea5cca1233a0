// SPDX-License-Identifier: Apache-2.0
import Glibc
import HTTP

/// Answers by path; what each path does is what the tests need.
struct TestHandler: HTTPHandler {
    func admit(_ head: HTTPRequestHead) -> HTTPAdmission {
        switch head.path {
        case "/refused": .answer(HTTPResponse(.notFound, contentType: "text/plain", text: "no such thing"))
        case "/work", "/large-work": .collect(bodyLimit: 1_000, on: .worker)
        case "/big-is-work": .collect(bodyLimit: 1_000, on: .workerAbove(bodyBytes: 3))
        case "/upload": .collect(bodyLimit: 64 << 20, on: .loop)
        default: .collect(bodyLimit: 10, on: .loop)
        }
    }

    func respond(to request: HTTPRequest) -> HTTPResponse {
        switch request.head.path {
        case "/echo", "/big-is-work": return HTTPResponse(.ok, body: request.body)
        case "/upload": return HTTPResponse(.ok, contentType: "text/plain", text: "\(request.body.count)")
        case "/peer": return HTTPResponse(.ok, contentType: "text/plain", text: request.head.peer)
        case "/large", "/large-work":
            let count = request.head.queryValue("bytes").flatMap(Int.init) ?? 0
            return HTTPResponse(.ok, body: [UInt8](repeating: UInt8(ascii: "x"), count: count))
        case "/work":
            // Milliseconds.
            usleep(useconds_t(request.head.queryValue("ms").flatMap(UInt32.init) ?? 0) * 1_000)
            return HTTPResponse(.ok, contentType: "text/plain", text: request.head.queryValue("text") ?? "worked")
        case "/slow-loop":
            usleep(useconds_t(request.head.queryValue("ms").flatMap(UInt32.init) ?? 0) * 1_000)
            return HTTPResponse(.ok, contentType: "text/plain", text: "slow")
        case "/close":
            var response = HTTPResponse(.ok, contentType: "text/plain", text: "bye")
            response.closesConnection = true
            return response
        case "/no-content": return HTTPResponse(.noContent, contentType: "text/plain", text: "none")
        case "/not-modified": return HTTPResponse(.notModified, contentType: "text/plain", text: "none")
        case "/forged":
            let names = ["Content-Length", "transfer-encoding", "DATE", "Connection", "X-Kept"]
            return HTTPResponse(.ok, headers: HTTPHeaders(names.map { ($0, "forged") }))
        default: return HTTPResponse(.ok, contentType: "text/plain", text: "hello")
        }
    }
}
