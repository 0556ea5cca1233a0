// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite("Body framing (RFC 9112 §6)")
struct BodyFramingTests {
    @Test(
        "every field that two recipients could read in two ways is refused",
        arguments: [
            Row("Content-Length: 0", nil), Row("Content-Length: 00", nil), Row("content-length:0", nil),
            Row("Content-Length:", 400), Row("Content-Length: +0", 400), Row("Content-Length: -1", 400),
            Row("Content-Length: 0, 0", 400), Row("Content-Length: 0,0", 400), Row("Content-Length: 0 0", 400),
            Row("Content-Length: 0x1", 400), Row("Content-Length: 1.0", 400), Row("Content-Length: ٣", 400),
            Row("Content-Length: 0\r\nContent-Length: 0", 400), Row("Content-Length: 0\r\nContent-Length: 1", 400),
            Row("Content-Length: 9223372036854775808", 400), Row("Content-Length: 99999999999999999999", 400),
            Row("Transfer-Encoding: chunked\r\nContent-Length: 0", 400),
            Row("Content-Length: 0\r\nTransfer-Encoding: chunked", 400),
            Row("Content-Length: 0\r\nTransfer-Encoding: gzip", 400),
            Row("Transfer-Encoding: gzip, chunked", 501),
            Row("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 501),
            Row("Transfer-Encoding: gzip", 400), Row("Transfer-Encoding: chunked, gzip", 400),
            Row("Transfer-Encoding: chunked, chunked", 400),
            Row("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
            Row("Transfer-Encoding: identity", 400), Row("Transfer-Encoding: xchunked", 400),
            Row("Transfer-Encoding: chunked;a=b", 400), Row("Transfer-Encoding:", 400),
            Row("Transfer-Encoding: ,chunked", 400), Row("Transfer-Encoding: \"chunked\"", 400),
            Row("Transfer-Encoding : chunked", 400), Row("Transfer-Encoding: chunked\r\n , gzip", 400),
        ]
    )
    func headers(row: Row) {
        #expect(parse("POST / HTTP/1.1\r\nHost: a\r\n\(row.raw)\r\n\r\n").failure?.status.rawValue == row.status)
    }

    @Test("Transfer-Encoding in HTTP/1.0 is refused (§6.1)")
    func oldClients() {
        let raw = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        #expect(parse(raw).failure?.status == .badRequest)
    }

    @Test("a declared length is read to its last byte and not beyond")
    func length() {
        let post = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        #expect(parse(post + "GET /b HTTP/1.0\r\n\r\n").requests == ["POST /a hello", "GET /b"])
        #expect(parse(post.dropLast().description).requests.isEmpty)
    }

    @Test("the largest length that is a number is a length")
    func largest() throws {
        let head = try parseHead("POST / HTTP/1.0\r\nContent-Length: 9223372036854775807\r\n\r\n")
        #expect(head.declaredLength == Int.max)
    }

    @Test("pipelined requests with and without bodies come in order (§9.3.2)")
    func pipelining() {
        let get = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
        let chunked = "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        let fixed = "POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"
        let result = parse(get + chunked + fixed + get)
        #expect(result.requests == ["GET /1", "POST /2 abc", "POST /3 x", "GET /1"])
        #expect(result.failure == nil)
    }
}
