// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite("Header fields (RFC 9110 §5, RFC 9112 §5)")
struct FieldLineTests {
    @Test(
        "a line is a token, a colon and a value without control bytes",
        arguments: [
            Row("X:", nil), Row("X: y", nil), Row("X:y", nil), Row("X: \t y \t", nil), Row("X: a\tb", nil),
            Row("x!#$%&'*+-.^_`|~9: y", nil), Row("X: é", nil), Row("X: a:b", nil),
            Row("X : y", 400), Row("X\t: y", 400), Row(": y", 400), Row("X", 400), Row("X y: z", 400),
            Row("X(: y", 400), Row("é: y", 400), Row("X\u{0}: y", 400), Row(" X: y", 400), Row("\tX: y", 400),
            Row("X: a\r\n b", 400), Row("X: a\r\n\tb", 400), Row("X: a\rb", 400), Row("X: a\nY: b", 400),
            Row("X: a\u{0}b", 400), Row("X: a\u{1}b", 400), Row("X: a\u{7F}b", 400), Row("X: a\r\r\nY: b", 400),
        ]
    )
    func grammar(row: Row) {
        let result = parse("GET / HTTP/1.1\r\nHost: a\r\n\(row.raw)\r\n\r\n")
        #expect(result.failure?.status.rawValue == row.status)
        #expect(result.requests.count == (row.status == nil ? 1 : 0))
    }

    @Test("white space before a line is told as such, also before the first (RFC 9112 §2.2, §5.2)")
    func leadingWhitespace() {
        for raw in [" Host: a\r\n", "Host: a\r\n\tX: y\r\n"] {
            let failure = parse("GET / HTTP/1.1\r\n\(raw)\r\n").failure
            #expect(failure?.detail == "A header line starts with white space")
        }
    }

    @Test("a header that ends in bare LF is refused")
    func bareLineFeed() {
        #expect(parse("GET / HTTP/1.1\r\nHost: a\n\n").failure?.status == .badRequest)
        #expect(parse("GET / HTTP/1.1\nHost: a\r\n\r\n").failure?.status == .badRequest)
        #expect(parse("GET / HTTP/1.1\r\nHost: a\r\n\n").failure?.status == .badRequest)
    }

    @Test("too many bytes or lines are 431 whether or not the header has ended (RFC 6585 §5)")
    func limits() {
        let limits = ParserLimits(headerBytes: 40, headerCount: 3)
        let start = "GET / HTTP/1.1\r\nHost: a\r\n"
        #expect(parse(start + "X: 1\r\nY: 2\r\n\r\n", limits).requests.count == 1)
        #expect(parse(start + "X: 1\r\nY: 2\r\nZ: 3\r\n\r\n", limits).failure?.status == .headerFieldsTooLarge)
        let long = start + "X: " + String(repeating: "a", count: 60)
        #expect(parse(long, limits).failure?.status == .headerFieldsTooLarge)
        #expect(parse(long + "\r\n\r\n", limits).failure?.status == .headerFieldsTooLarge)
    }

    @Test(
        "Host is there once and valid (RFC 9112 §3.2)",
        arguments: [
            Row("Host: example.org", nil), Row("host: example.org:8080", nil), Row("HOST: [::1]:80", nil),
            Row("Host:", nil), Row("Host: a:", nil), Row("Host: 127.0.0.1", nil), Row("Host: a%20b", nil),
            Row("Host: [v1.x]", nil),
            Row("X: y", 400), Row("Host: a\r\nHost: a", 400), Row("Host: a b", 400), Row("Host: a/b", 400),
            Row("Host: a, b", 400), Row("Host: u@a", 400), Row("Host: a:x", 400), Row("Host: a:65536", 400),
            Row("Host: a:000080", 400),
            Row("Host: a:99999999999999999999", 400),
            Row("Host: [::1", 400), Row("Host: []", 400), Row("Host: [::1]x", 400), Row("Host: :80", 400),
            Row("Host: a%2", 400), Row("Host: http://a", 400),
        ]
    )
    func host(row: Row) {
        #expect(parse("GET / HTTP/1.1\r\n\(row.raw)\r\n\r\n").failure?.status.rawValue == row.status)
    }

    @Test("HTTP/1.0 may do without Host")
    func hostOfOldClients() {
        #expect(parse("GET / HTTP/1.0\r\n\r\n").requests == ["GET /"])
    }
}
