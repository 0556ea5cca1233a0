// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import HTTP

@Suite("Clients that are slow, broken, or too many", .timeLimit(.minutes(10)))
struct ResilienceTests {
    @Test("an answer to a framing error arrives though a large body is in flight (RFC 9112 §9.6)")
    func lingeringClose() throws {
        try withServer { address, _ in
            let client = try TestClient(address)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n")
            // A reset would break the sending off.
            #expect(client.send([UInt8](repeating: 0x61, count: 4 << 20)))
            let answer = client.answer()
            #expect(answer?.status == 400)
            #expect(answer?.head.contains("Connection: close\r\n") == true)
            #expect(client.isEnded())
        }
    }

    @Test("413 while chunked arrives though the client goes on sending")
    func tooLargeWhileChunked() throws {
        try withServer { address, _ in
            let client = try TestClient(address)
            client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "1000\r\n" + String(repeating: "a", count: 0x1000) + "\r\n"
            #expect(client.send(String(repeating: chunk, count: 500)))
            #expect(client.answer()?.status == 413)
            #expect(client.isEnded())
        }
    }

    @Test("slow headers and bodies are 408, idle connections just end, and others do not wait")
    func slowloris() throws {
        func configure(_ configuration: inout HTTPConfiguration) {
            configuration.headerTimeout = .milliseconds(200)
            configuration.bodyGrace = .milliseconds(200)
            configuration.idleTimeout = .milliseconds(200)
        }
        try withServer(configure) { address, server in
            let slowHeader = try TestClient(address)
            slowHeader.send("GET / HTTP/1.1\r\nHost")
            let slowBody = try TestClient(address)
            slowBody.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx")
            let idle = try TestClient(address)
            let other = try TestClient(address)
            other.send(get("/hello"))
            #expect(other.answer()?.text == "hello")
            #expect(slowHeader.answer()?.status == 408)
            #expect(slowHeader.isEnded())
            #expect(slowBody.answer()?.status == 408)
            #expect(slowBody.isEnded())
            #expect(idle.isEnded())
        }
    }

    @Test("a client that does not read its answers is let go and costs a bounded amount")
    func slowReader() throws {
        try withServer({ $0.writeStallTimeout = .milliseconds(200) }) { address, server in
            let client = try TestClient(address, receiveBuffer: 4_096)
            client.send(String(repeating: get("/large?bytes=1000000"), count: 50))
            #expect(eventually { server.counters.openConnections == 0 })
            // Some answers fill the system's buffers; not all fifty were made.
            #expect(server.counters.answers < 25)
        }
    }

    @Test("a reset in the middle of anything leaves the server as it was")
    func resets() throws {
        try withServer { address, server in
            for raw in [
                "", "GET", post("/upload", "abc").dropLast().description, get("/work?ms=30"),
                get("/large?bytes=9000000"),
            ] {
                let client = try TestClient(address)
                client.send(raw)
                usleep(10_000)
                client.reset()
            }
            #expect(eventually { server.counters.openConnections == 0 })
            #expect(eventually { server.counters.requestsWithWorkers == 0 })
            let client = try TestClient(address)
            client.send(get("/work"))
            #expect(client.answer()?.text == "worked")
        }
    }

    @Test("one connection too many is 503 with Retry-After, and there is room again when one has gone")
    func connectionLimit() throws {
        try withServer({ $0.maximumConnections = 2 }) { address, server in
            let first = try TestClient(address)
            var second: TestClient? = try TestClient(address)
            second?.send(get("/hello"))
            #expect(second?.answer()?.status == 200)
            #expect(eventually { server.counters.openConnections == 2 })
            let third = try TestClient(address)
            third.send(get("/hello"))
            let refusal = third.answer()
            #expect(refusal?.status == 503)
            #expect(refusal?.head.contains("Retry-After: 1\r\n") == true)
            #expect(third.isEnded())
            #expect(server.counters.rejected == 1)
            second = nil
            #expect(eventually { server.counters.openConnections == 1 })
            let fourth = try TestClient(address)
            fourth.send(get("/hello"))
            #expect(fourth.answer()?.status == 200)
            withExtendedLifetime(first) {}
        }
    }

    @Test("connections are also bounded by address")
    func connectionsPerAddress() throws {
        try withServer({ $0.maximumConnectionsPerAddress = 1 }) { address, server in
            var first: TestClient? = try TestClient(address)
            first?.send(get("/hello"))
            #expect(first?.answer()?.status == 200)
            let second = try TestClient(address)
            #expect(second.answer()?.status == 503)
            first = nil
            #expect(eventually { server.counters.openConnections == 0 })
            let third = try TestClient(address)
            third.send(get("/hello"))
            #expect(third.answer()?.status == 200)
        }
    }

    @Test("who has ended a connection may open the next, though the server has not seen the end yet")
    func nextConnection() throws {
        try withServer({ $0.maximumConnectionsPerAddress = 1 }) { address, server in
            for _ in 0..<5 {
                var first: TestClient? = try TestClient(address)
                first?.send(get("/slow-loop?ms=50"))
                usleep(10_000)
                #expect(server.counters.openConnections == 1)
                first = nil
                // The other loop accepts it.
                let second = try TestClient(address)
                second.send(get("/hello"))
                #expect(second.answer()?.status == 200)
                second.endSending()
                #expect(second.isEnded())
            }
            #expect(server.counters.rejected == 0)
        }
    }

    @Test("a server that ends has an answer for those who wait for a place")
    func waitingAtTheEnd() throws {
        try withServer({ $0.maximumConnections = 1 }) { address, server in
            let only = try TestClient(address)
            only.send(get("/hello"))
            #expect(only.answer()?.status == 200)
            let waiting = try TestClient(address)
            waiting.send(get("/hello"))
            #expect(eventually { server.counters.acceptedConnections == 2 })
            server.shutdown(grace: .seconds(1))
            // The end of the other may have made room for it.
            #expect(waiting.answer().map { [200, 503].contains($0.status) } == true)
        }
    }

    @Test("hundreds of connections are served by two loops, each by its share")
    func manyConnections() throws {
        try withServer { address, server in
            let clients = try (0..<300).map { _ in try TestClient(address) }
            for client in clients { client.send(get("/hello")) }
            #expect(clients.allSatisfy { $0.answer()?.text == "hello" })
            #expect(server.counters.openConnections == 300)
        }
    }
}
