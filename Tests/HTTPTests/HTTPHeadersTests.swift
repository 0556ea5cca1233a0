// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite("HTTPHeaders")
struct HTTPHeadersTests {
    private let headers = HTTPHeaders([
        ("Accept", "text/plain;q=0.5, , application/json"), ("X-One", "1"), ("accept", "a;b=\"c, \\\"d\", */*"),
    ])

    @Test("names are found in any case, first value first, order kept")
    func lookup() {
        #expect(headers["ACCEPT"] == "text/plain;q=0.5, , application/json")
        #expect(headers.values("Accept").count == 2)
        #expect(headers["x-one"] == "1")
        #expect(headers["x-on"] == nil)
        #expect(headers.contains("X-ONE"))
        #expect(headers.fields.map(\.name) == ["Accept", "X-One", "accept"])
        #expect(headers.count == 3)
        #expect(HTTPHeaders().isEmpty)
    }

    @Test("lists run over all lines of a name; quoted commas do not divide; empty members do not count")
    func lists() {
        #expect(headers.list("accept") == ["text/plain;q=0.5", "application/json", "a;b=\"c, \\\"d\"", "*/*"])
        #expect(headers.hasToken("APPLICATION/json", in: "accept"))
        #expect(!headers.hasToken("text/plain", in: "accept"))
        #expect(!headers.hasToken("x", in: "y"))
    }

    @Test("no value can start a line of its own, and a name that is no token is left out")
    func injection() {
        var headers = HTTPHeaders()
        headers.append(name: "X", value: "a\r\nSet-Cookie: b\u{0}\u{7F}\tc")
        headers.append(name: "Y\r\nZ", value: "1")
        headers.append(name: "", value: "1")
        #expect(headers.fields.map(\.value) == ["a  Set-Cookie: b  \tc"])
        #expect(String(decoding: headers.bytes, as: UTF8.self) == "X: a  Set-Cookie: b  \tc\r\n")
    }

    @Test("fields of a request are those that were sent, without white space around the values")
    func request() throws {
        let head = try parseHead("GET / HTTP/1.1\r\nHost:a\r\nX-A: \t b c \r\nx-a:\r\n\r\n")
        #expect(head.headers.fields.map(\.name) == ["Host", "X-A", "x-a"])
        #expect(head.headers.values("X-A") == ["b c", ""])
    }
}
