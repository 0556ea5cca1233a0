// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite("Request line (RFC 9112 §3)")
struct RequestLineTests {
    @Test(
        "only method, space, target, space, version is a request line",
        arguments: [
            Row("GET / HTTP/1.1", nil),
            Row("get / HTTP/1.1", nil),
            Row("M-SEARCH / HTTP/1.1", nil),
            Row("GET / HTTP/1.9", nil),
            Row("GET / HTTP/1.0", nil),
            Row("GET  / HTTP/1.1", 400),
            Row("GET /  HTTP/1.1", 400),
            Row(" GET / HTTP/1.1", 400),
            Row("GET\t/ HTTP/1.1", 400),
            Row("GET / HTTP/1.1 ", 400),
            Row("GET / HTTP/1.1\t", 400),
            Row("GET /a b HTTP/1.1", 400),
            Row("GET /", 400),
            Row("GET", 400),
            Row("GET ", 400),
            Row("G(T / HTTP/1.1", 400),
            Row("GET / http/1.1", 400),
            Row("GET / HTTP/1", 400),
            Row("GET / XTTP/1.1", 400),
            Row("GET / HXTP/1.1", 400),
            Row("GET / HTXP/1.1", 400),
            Row("GET / HTTX/1.1", 400),
            Row("GET / HTTP-1.1", 400),
            Row("GET / HTTP/1.x", 400),
            Row("GET / HTTP/1.10", 400),
            Row("GET / HTTP/1,1", 400),
            Row("GET / HTTP/x.1", 400),
            Row("GET /\u{0} HTTP/1.1", 400),
            Row("GET /\r HTTP/1.1", 400),
            Row("GET /é HTTP/1.1", 400),
            Row("GET /#top HTTP/1.1", 400),
            Row("GET / HTTP/2.0", 505),
            Row("GET / HTTP/0.9", 505),
            Row("PRI * HTTP/2.0", 505),
            Row(String(repeating: "A", count: 33) + " / HTTP/1.1", 501),
            Row("CONNECT example.org:443 HTTP/1.1", 501),
            Row("CONNECT / HTTP/1.1", 400),
            Row("\u{16}\u{3}\u{1}hello", 400),
        ]
    )
    func grammar(row: Row) {
        let result = parse(row.raw + "\r\nHost: a\r\n\r\n")
        #expect(result.failure?.status.rawValue == row.status)
        #expect(result.requests.count == (row.status == nil ? 1 : 0))
    }

    @Test("a few empty lines before a request are ignored (§2.2)")
    func emptyLines() {
        #expect(parse("\r\n\r\nGET / HTTP/1.0\r\n\r\n").requests == ["GET /"])
        let many = String(repeating: "\r\n", count: 5)
        #expect(parse(many + "GET / HTTP/1.0\r\n\r\n").failure?.status == .badRequest)
        #expect(parse("\nGET / HTTP/1.0\r\n\r\n").failure?.status == .badRequest)
        #expect(parse("\r\rGET / HTTP/1.0\r\n\r\n").failure?.status == .badRequest)
    }

    @Test("a target beyond its limit is 414 whether or not its line has ended (RFC 9110 §15.5.15)")
    func longTarget() {
        let limits = ParserLimits(targetBytes: 20)
        let fits = "/" + String(repeating: "a", count: 19)
        #expect(parse("GET \(fits) HTTP/1.0\r\n\r\n", limits).requests == ["GET \(fits)"])
        #expect(parse("GET \(fits)a HTTP/1.0\r\n\r\n", limits).failure?.status == .uriTooLong)
        #expect(parse("GET /" + String(repeating: "a", count: 100), limits).failure?.status == .uriTooLong)
    }
}
