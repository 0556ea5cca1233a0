// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite("Requests that two recipients could read in two ways (RFC 9112 §11.2)", .timeLimit(.minutes(10)))
struct SmugglingTests {
    /// What a front end that reads the bytes before it in another way would pass on.
    private static let smuggled = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Sends bytes and a request behind them, and expects one answer, of this status, and the end.
    private func isRefused(_ raw: String, _ status: Int = 400, _ client: TestClient) {
        // Refusal may come, and the connection end, before all is sent.
        client.send(raw + Self.smuggled)
        let answer = client.answer()
        #expect(answer?.status == status)
        #expect(answer?.head.contains("Connection: close\r\n") == true)
        #expect(client.isEnded())
    }

    @Test(
        "a length that is given in any doubtful way ends the connection (RFC 9112 §6)",
        arguments: [
            "Content-Length: +5", "Content-Length: -5", "Content-Length: 0x5", "Content-Length: 5_0",
            "Content-Length: 5,5", "Content-Length: 5;5", "Content-Length: 5.", "Content-Length: 5e0",
            "Content-Length: \"5\"", "Content-Length: 5 5", "Content-Length: \u{B}5", "Content-Length: 5\u{C}",
            "Content-Length: 5\u{A0}", "Content-Length: 18446744073709551621", "Content-Length: 9223372036854775808",
            "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\ncontent-length: 0",
            "Content-Length: 0\r\nContent-Length: 5", "Content-Length : 5", " Content-Length: 5",
            "X: y\r\n Content-Length: 5", "X: y\rContent-Length: 5", "X: y\nContent-Length: 5", "Content-Length:\r\n 5",
            "Content-Length\u{0}: 5", "Content-Length: 5\u{0}", "Content_Length: 5", "CONTENT_LENGTH: 5",
            ": 5", "Content-Length", "Content-Length\r\n: 5", "(Content-Length): 5", "Content-Length\u{7F}: 5",
            "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5",
            "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked\r\nContent-Length: 5",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Transfer-Encoding: \u{B}chunked",
            "Transfer-Encoding: chunked\u{B}", "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: chunked;",
            "Transfer-Encoding: chunked,", "Transfer-Encoding: , chunked", "Transfer-Encoding: 'chunked'",
            "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: chunk", "Transfer-Encoding: chunked chunked",
            "Transfer-Encoding: x\r\n chunked", "Transfer-Encoding : chunked", " Transfer-Encoding: chunked",
            "Transfer_Encoding: chunked", "transfer_encoding: chunked\r\nContent-Length: 5",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow", "Transfer-Encoding:", "Transfer-Encoding: \t",
            "X: y\nTransfer-Encoding: chunked", "X: y\r\rTransfer-Encoding: chunked", "Host: b",
        ]
    )
    func framing(fields: String) throws {
        try withServer { address, _ in
            let post = "POST /echo HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n"
            isRefused(post + "0\r\n\r\n", 400, try TestClient(address))
            // What counts is the first thing behind the request line, too.
            isRefused("POST /echo HTTP/1.1\r\n\(fields)\r\nHost: a\r\n\r\n0\r\n\r\n", 400, try TestClient(address))
        }
    }

    @Test(
        "a request line that is not one ends the connection (RFC 9112 §3)",
        arguments: [
            (" GET /hello HTTP/1.1\r\n", 400), ("GET\t/hello HTTP/1.1\r\n", 400), ("GET  /hello HTTP/1.1\r\n", 400),
            ("GET /hello\tHTTP/1.1\r\n", 400), ("GET /hello  HTTP/1.1\r\n", 400), ("GET /hello HTTP/1.1 \r\n", 400),
            ("GET /hello HTTP/1.1\n", 400), ("GET /hello\r\n", 400), ("GET /hello http/1.1\r\n", 400),
            ("GET /hello HTTP/1.1\rHost: b\r\n", 400), ("GET /hello\u{B}HTTP/1.1\r\n", 400),
            ("GET /hel\u{0}lo HTTP/1.1\r\n", 400), ("GET /hello HTTP/1.1.1\r\n", 400),
            ("GET /hello HTTP/ 1.1\r\n", 400),
            ("GET /hello HTTP/11\r\n", 400), ("GET /hello HTTP/01.1\r\n", 400), ("GET /hello XTTP/1.1\r\n", 400),
            ("GET /hello HTTP/2.0\r\n", 505), ("PRI * HTTP/2.0\r\n", 505), ("GET /hello HTTP/3.1\r\n", 505),
            ("GET http://u:p@a/hello HTTP/1.1\r\n", 400), ("GET http:///hello HTTP/1.1\r\n", 400),
            ("GET //u@a:b@c HTTP/1.1 HTTP/1.1\r\n", 400), ("CONNECT a:80 HTTP/1.1\r\n", 501),
            ("GET a:80 HTTP/1.1\r\n", 400), ("GET * HTTP/1.1\r\n", 400), ("\nGET /hello HTTP/1.1\r\n", 400),
            ("GET /hello#x HTTP/1.1\r\n", 400), ("GET \\hello HTTP/1.1\r\n", 400), ("/hello HTTP/1.1\r\n", 400),
            ("{\"a\":1}\r\n", 400), ("\u{16}\u{3}\u{1}\u{2}\r\n", 400),
        ]
    )
    func requestLine(line: String, status: Int) throws {
        try withServer { address, _ in isRefused(line + "Host: a\r\n\r\n", status, try TestClient(address)) }
    }

    @Test(
        "a chunk that is framed in any doubtful way ends the connection (RFC 9112 §7.1)",
        arguments: [
            "0x1\r\nx\r\n0\r\n\r\n", "+1\r\nx\r\n0\r\n\r\n", "-1\r\nx\r\n0\r\n\r\n", " 1\r\nx\r\n0\r\n\r\n",
            "1 \r\nx\r\n0\r\n\r\n", "\t1\r\nx\r\n0\r\n\r\n", "1_0\r\nx\r\n0\r\n\r\n", "1h\r\nx\r\n0\r\n\r\n",
            "\r\n1\r\nx\r\n0\r\n\r\n", "1\nx\r\n0\r\n\r\n", "1\rx\r\n0\r\n\r\n", "1\r\nx\n0\r\n\r\n",
            "1\r\nx0\r\n\r\n", "1\r\nxy\r\n0\r\n\r\n", "1\r\nx\r0\r\n\r\n", "1\r\nx\r\n\r\n0\r\n\r\n",
            "10000000000000001\r\nx\r\n0\r\n\r\n", "8000000000000001\r\nx\r\n0\r\n\r\n", "\u{0}\r\n\r\n",
            "1;a=\"\n\"\r\nx\r\n0\r\n\r\n", "1;a=\"\r\n\"\r\nx\r\n0\r\n\r\n", "1;a=\"\r\"\r\nx\r\n0\r\n\r\n",
            "1;a\u{0}\r\nx\r\n0\r\n\r\n", "1\r\n;a\r\nx\r\n0\r\n\r\n", "1,1\r\nx\r\n0\r\n\r\n", ";a=0\r\n\r\n",
            "0\n\r\n", "0\r\n\n", "0\r\nX: y\n\r\n", "0\r\n X: y\r\n\r\n", "0\r\nX y\r\n\r\n", "0\r\n: y\r\n\r\n",
            "0\r\nX: a\r\n b\r\n\r\n", "0\r\nX: a\rb\r\n\r\n", "0\r\nX: a\u{0}b\r\n\r\n", "0\r\r\n\r\n",
        ]
    )
    func chunks(body: String) throws {
        try withServer { address, _ in
            let head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            isRefused(head + body, 400, try TestClient(address))
        }
    }

    @Test("no form of Transfer-Encoding goes with HTTP/1.0 (RFC 9112 §6.1)", arguments: ["", "Content-Length: 5\r\n"])
    func oldClients(more: String) throws {
        try withServer { address, _ in
            let head = "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\n\(more)Transfer-Encoding: chunked\r\n\r\n"
            isRefused(head + "0\r\n\r\n", 400, try TestClient(address))
        }
    }

    @Test(
        "fields in trailers frame nothing (RFC 9110 §6.5.1)",
        arguments: [
            "Content-Length: 50", "Transfer-Encoding: gzip", "Host: b", "Connection: close", "Expect: 100-continue",
            "Content-Encoding: gzip", "Content-Length: 5\r\nContent-Length: x", "Authorization: Bearer x",
        ]
    )
    func trailers(fields: String) throws {
        try withServer { address, _ in
            let client = try TestClient(address)
            let head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            client.send(head + "1\r\nx\r\n0\r\n\(fields)\r\n\r\n" + Self.smuggled)
            let answer = client.answer()
            #expect(answer?.status == 200)
            #expect(answer?.text == "x")
            #expect(answer?.head.contains("Connection:") == false)
            #expect(client.answer()?.text == "hello")
        }
    }

    @Test(
        "what is only unusual is one request",
        arguments: [
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0000000000000000000000001\r\n\r\nx",
            "POST /echo HTTP/1.1\r\nHost: a\r\nCONTENT-length:\t 1 \t\r\n\r\nx",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \t ChUnKeD \t\r\n\r\n1\r\nx\r\n0\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0001;a=\"b;c\"\r\nx\r\n000\r\n\r\n",
            "POST /echo HTTP/1.2\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
            // RFC 9112 §3.2.2: the target's authority stands, whatever Host says.
            "POST http://b/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
            "\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
            "GET /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
        ]
    )
    func unusual(raw: String) throws {
        try withServer { address, _ in
            let client = try TestClient(address)
            client.send(raw + Self.smuggled)
            #expect(client.answer()?.text == "x")
            #expect(client.answer()?.text == "hello")
        }
    }
}
