// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import HTTP

@Suite("Over a socket", .timeLimit(.minutes(10)))
struct SocketTests {
    @Test("one connection serves many requests")
    func keepAlive() throws {
        try withServer { address, server in
            let client = try TestClient(address)
            for _ in 0..<100 {
                client.send(get("/hello"))
                #expect(client.answer()?.text == "hello")
            }
            #expect(server.counters.acceptedConnections == 1)
            #expect(server.counters.answers == 100)
            #expect(server.counters.openConnections == 1)
            #expect(server.counters.bytesReceived == 100 * get("/hello").utf8.count)
            #expect(server.counters.bytesSent > 100 * 50)
        }
    }

    @Test("pipelined requests are answered in order, those with workers too")
    func pipelining() throws {
        try withServer { address, _ in
            let client = try TestClient(address)
            client.send(get("/hello") + get("/work?ms=20") + post("/echo", "1") + get("/work") + post("/echo", "2"))
            let texts = (0..<5).map { _ in client.answer()?.text }
            #expect(texts == ["hello", "worked", "1", "worked", "2"])
        }
    }

    @Test("a request may come byte by byte")
    func byteByByte() throws {
        try withServer { address, _ in
            let client = try TestClient(address)
            for byte in (post("/echo", "abc") + get("/hello")).utf8 { client.send([byte]) }
            #expect(client.answer()?.text == "abc")
            #expect(client.answer()?.text == "hello")
        }
    }

    @Test("a date is in every answer")
    func date() throws {
        try withServer { address, _ in
            let client = try TestClient(address)
            for raw in [get("/hello"), get("/refused"), "nonsense\r\n"] {
                client.send(raw)
                #expect(
                    client.answer()?.head.contains(/\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/) == true
                )
            }
        }
    }

    @Test("HEAD has the length and no body, and the next answer follows at once")
    func head() throws {
        try withServer { address, _ in
            let client = try TestClient(address)
            client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n" + get("/hello"))
            #expect(client.answer(toHead: true)?.head.contains("Content-Length: 5\r\n") == true)
            #expect(client.answer()?.text == "hello")
        }
    }

    @Test("100 comes before the body, the answer after it")
    func continued() throws {
        try withServer { address, _ in
            let client = try TestClient(address)
            client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            #expect(client.answer()?.status == 100)
            client.send("ab")
            #expect(client.answer()?.text == "ab")
        }
    }

    @Test("megabytes go through both ways, whole")
    func large() throws {
        try withServer { address, _ in
            let client = try TestClient(address)
            let body = [UInt8](repeating: 0x61, count: 5 << 20)
            client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
            client.send(body)
            #expect(client.answer()?.text == "\(body.count)")
            client.send(get("/large?bytes=20000000") + get("/hello"))
            let isWhole = client.answer()?.body == [UInt8](repeating: UInt8(ascii: "x"), count: 20_000_000)
            #expect(isWhole)
            #expect(client.answer()?.text == "hello")
        }
    }

    @Test("a half-closed connection gets its answers, then the end")
    func halfClose() throws {
        try withServer { address, _ in
            let client = try TestClient(address)
            client.send(get("/hello") + get("/work?ms=50"))
            client.endSending()
            #expect(client.answer()?.text == "hello")
            #expect(client.answer()?.text == "worked")
            #expect(client.isEnded())
        }
    }

    @Test("IPv6 is listened on")
    func ipv6() throws {
        try withServer({ $0.addresses = [.ip(host: "::1", port: 0)] }) { address, _ in
            #expect(address.description.hasPrefix("[::1]:"))
            let client = try TestClient(address)
            client.send(get("/peer"))
            #expect(client.answer()?.text == "::1")
        }
    }

    @Test("a Unix-domain socket is listened on, replaces one that is left over, and is removed in the end")
    func unixSocket() throws {
        let path = "/tmp/http-tests-\(getpid()).sock"
        defer { _ = unsafe unlink(path) }
        // A listener that is closed without its path being removed.
        let left = try Listener(.unix(path: path), socketMode: 0o620)
        var status = stat()
        #expect(unsafe stat(path, &status) == 0 && status.st_mode & 0o777 == 0o620)
        #expect(throws: HTTPServerError.self) { try Listener(.unix(path: path)) }
        _ = close(left.fd)
        try withServer({ $0.addresses = [.unix(path: path), .ip(host: "127.0.0.1", port: 0)] }) { address, _ in
            let client = try TestClient(address)
            client.send(get("/peer"))
            #expect(client.answer()?.text == "unix")
        }
        #expect(unsafe access(path, F_OK) == -1)
    }

    @Test("an address in use is an error that names it")
    func addressInUse() throws {
        try withServer { address, _ in
            var configuration = HTTPConfiguration()
            configuration.addresses = [address]
            let second = HTTPServer(configuration: configuration, handler: TestHandler())
            let error = #expect(throws: HTTPServerError.self) { try second.start() }
            #expect(error?.description == "bind \(address): Address already in use")
        }
    }
}
