// SPDX-License-Identifier: Apache-2.0
import HTTP
import Testing

@Suite("HTTPRequest")
struct HTTPRequestTests {
    @Test("a request made by hand is one that the server could have read")
    func made() throws {
        let headers = HTTPHeaders([("Accept", "a/b"), ("Host", "x")])
        let request = try HTTPRequest("POST", "/a%20b?c=d", headers: headers, body: [1, 2])
        #expect(request.head.method == "POST")
        #expect(request.head.path == "/a b")
        #expect(request.head.queryValue("c") == "d")
        #expect(request.head.headers.fields.map(\.name) == ["Accept", "Host", "Content-Length"])
        #expect(request.head.declaredLength == 2)
        #expect(request.head.version == .http11)
        #expect(try request.body.bytes(0..<10) == [1, 2])
    }

    @Test(
        "one that the server would refuse is refused",
        arguments: ["a", "/..", "/ x", "/\r\nX: y", "/ HTTP/1.1\r\n\r\n"]
    )
    func refused(target: String) {
        #expect(throws: HTTPFailure.self) { try HTTPRequest("GET", target) }
    }

    @Test("an unknown status is 500, and every status of the contract has its phrase")
    func statuses() {
        #expect(HTTPStatus(rawValue: 99) == .internalServerError)
        #expect(HTTPStatus(rawValue: 600) == .internalServerError)
        let codes = [200, 400, 401, 404, 405, 406, 408, 411, 413, 414, 415, 417, 422, 431, 501, 503, 505]
        #expect(codes.allSatisfy { !HTTPStatus(rawValue: $0).reasonPhrase.isEmpty })
    }
}
