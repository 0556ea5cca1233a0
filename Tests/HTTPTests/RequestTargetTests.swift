// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite("Request target (RFC 9112 §3.2)")
struct RequestTargetTests {
    @Test(
        "the path is decoded and free of dot segments (RFC 3986 §2.1, §5.2.4)",
        arguments: [
            ("/", "/"), ("/v1/decode", "/v1/decode"), ("/a//b/", "/a//b/"), ("/%41%e2%82%ac", "/A€"),
            ("/a/./b", "/a/b"), ("/a/../b", "/b"), ("/a/..", "/"), ("/a/.", "/a/"), ("/a/%2e%2E/b", "/b"),
            ("/a%2f..%2fb", "/b"), ("/a/.hidden/..b", "/a/.hidden/..b"), ("/a/b/../..", "/"), ("/%2B+", "/++"),
            ("http://example.org/x?y", "/x"), ("HTTPS://[::1]:80", "/"), ("http://a?b", "/"), ("/?a=/../", "/"),
        ]
    )
    func paths(target: String, path: String) throws {
        #expect(try parseHead("GET \(target) HTTP/1.0\r\n\r\n").path == path)
    }

    @Test(
        "what is malformed or climbs above the root is 400",
        arguments: [
            "/..", "/a/../..", "/%2e%2e/etc/passwd", "/..%2f..%2fetc", "/%", "/%4", "/%4g", "/%00",
            "/%ff", "/%c0%ae%c0%ae", "/?%zz", "*", "a", "example.org:80", "ftp://a/", "http://", "http:///a",
            "http://a b/", "http://u@h/", "http://[::1/", "http://h:99999/",
        ]
    )
    func malformed(target: String) {
        #expect(parse("GET \(target) HTTP/1.0\r\n\r\n").failure?.status == .badRequest)
    }

    @Test("an empty target is none")
    func empty() {
        #expect(throws: HTTPFailure.self) { try RequestTarget([UInt8]().span, 0..<0, method: "GET") }
    }

    @Test("the asterisk is for OPTIONS (§3.2.4)")
    func asterisk() throws {
        #expect(try parseHead("OPTIONS * HTTP/1.0\r\n\r\n").path == "*")
    }

    @Test("query values are found by name and decoded as forms write them")
    func query() throws {
        let head = try parseHead("GET /x?a=1&b=%C3%A9+x&flag&a=2&%61%62=c=d&=e HTTP/1.0\r\n\r\n")
        #expect(head.query == "a=1&b=%C3%A9+x&flag&a=2&%61%62=c=d&=e")
        #expect(head.queryValue("a") == "1")
        #expect(head.queryValue("b") == "é x")
        #expect(head.queryValue("flag") == "")
        #expect(head.queryValue("ab") == "c=d")
        #expect(head.queryValue("c") == nil)
        #expect(try parseHead("GET /x HTTP/1.0\r\n\r\n").queryValue("a") == nil)
    }

    @Test("the target is kept as it was sent")
    func raw() throws {
        let head = try parseHead("GET http://h/a/../b?c HTTP/1.1\r\nHost: other\r\n\r\n")
        #expect(head.target == "http://h/a/../b?c")
        #expect(head.path == "/b")
        #expect(head.query == "c")
        #expect(head.peer == "192.0.2.1")
    }
}
