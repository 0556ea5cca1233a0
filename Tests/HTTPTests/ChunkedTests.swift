// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite("Chunked bodies (RFC 9112 §7.1)")
struct ChunkedTests {
    private func post(_ body: String, _ limits: ParserLimits = ParserLimits()) -> Transcript {
        parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body, limits)
    }

    @Test(
        "chunks are put together",
        arguments: [
            ("0\r\n\r\n", "POST /"),
            ("5\r\nhello\r\n0\r\n\r\n", "POST / hello"),
            ("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "POST / hello"),
            ("00000005\r\nhello\r\n000\r\n\r\n", "POST / hello"),
            ("A\r\n0123456789\r\n0\r\n\r\n", "POST / 0123456789"),
            ("a\r\n0123456789\r\n0\r\n\r\n", "POST / 0123456789"),
            ("5;name\r\nhello\r\n0\r\n\r\n", "POST / hello"),
            ("5 ; name=\"a;b\" \r\nhello\r\n0;x=y\r\n\r\n", "POST / hello"),
            ("5;a=\"\\\"\\\\\";b=\"\";c=\\\r\nhello\r\n0;a=\"b\";c\r\n\r\n", "POST / hello"),
            ("5\r\nhello\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n", "POST / hello"),
            ("4\r\n\r\n\r\n\r\n0\r\n\r\n", "POST / \r\n\r\n"),
        ]
    )
    func joined(body: String, request: String) {
        let result = post(body + "GET /next HTTP/1.0\r\n\r\n")
        #expect(result.requests == [request, "GET /next"])
        #expect(result.failure == nil)
    }

    @Test(
        "whatever else stands where structure is expected is 400",
        arguments: [
            "\r\n", "g\r\n", "-5\r\n", "+5\r\n", "0x5\r\n", " 5\r\n", "5 \r\nhello", "5 5\r\n", "5,\r\n", ";a\r\n",
            "5\nhello\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhelloX\r\n", "5\r\nhello0\r\n\r\n",
            "5\r\nhelloX\n0\r\n\r\n", "5\r\nhello\rX0\r\n\r\n", "5\rhello", "5;a\rb\r\n",
            "5;a\nb\r\n", "5;\u{0}\r\n", "0\r\n\n", "0\r\nX\r\n\r\n", "0\r\n X: y\r\n\r\n", "0\r\nX : y\r\n\r\n",
            "0\r\nX: y\n\r\n", "10000000000000000\r\n", "FFFFFFFFFFFFFFFFF\r\n", "8000000000000000\r\n",
        ]
    )
    func malformed(body: String) {
        let result = post(body)
        #expect(result.failure?.status == .badRequest)
        #expect(result.requests.isEmpty)
    }

    @Test("a quoted string in an extension ends with its line, or its end could be read in two ways (§7.1.1)")
    func quotedExtensions() {
        for text in ["\"", "\"b", "\"b\\\"", "\"\\", "\"b\"\"", "x\"y"] {
            let failure = post("1;a=\(text)\r\nx\r\n0\r\n\r\n").failure
            #expect(failure?.detail == "A quoted string does not end with its line", "\(text)")
        }
    }

    @Test("the largest size that is a number is not an error by itself")
    func largestSize() {
        #expect(post("7FFFFFFFFFFFFFFF\r\nabc") == Transcript())
    }

    @Test("a size line and the trailers are bounded")
    func bounds() {
        #expect(post("5;" + String(repeating: "a", count: 300)).failure?.status == .badRequest)
        #expect(post(String(repeating: "0", count: 300)).failure?.status == .badRequest)
        let limits = ParserLimits(headerBytes: 64, headerCount: 4)
        let lines = String(repeating: "X: y\r\n", count: 5)
        #expect(post("0\r\n" + lines + "\r\n", limits).failure?.status == .headerFieldsTooLarge)
        #expect(post("0\r\nX: " + String(repeating: "a", count: 80), limits).failure?.status == .headerFieldsTooLarge)
    }
}
