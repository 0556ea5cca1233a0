// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import HTTP

@Suite("Answers from files", .timeLimit(.minutes(10)))
struct FileAnswerTests {
    private func file(_ bytes: Int, _ range: Range<Int>? = nil) -> String {
        let range = range ?? 0..<bytes
        return "/file?bytes=\(bytes)&from=\(range.lowerBound)&count=\(range.count)"
    }

    @Test("a file is the body, whole or in part, and the connection goes on")
    func whole() throws {
        try withFileServer { address, server, directory in
            let client = try TestClient(address)
            for (count, range) in [
                (0, 0..<0), (1, 0..<1), (1_000, 0..<1_000), (1_000, 999..<1_000), (1_000, 1_000..<1_000),
                (100_000, 17..<65_553), (3_000_000, 0..<3_000_000), (3_000_000, 1_000_001..<2_999_999),
            ] {
                client.send(get(file(count, range)))
                let answer = client.answer()
                #expect(answer?.head.contains("Content-Length: \(range.count)\r\n") == true)
                #expect(answer.hasPattern(count, range))
                client.send(get("/hello"))
                #expect(client.answer()?.text == "hello")
            }
            #expect(eventually { server.counters.spooledBytes == 0 && directory.openFiles == 0 })
        }
    }

    @Test("a range that the file has not is cut to what it has")
    func clamped() throws {
        try withFileServer { address, _, _ in
            let client = try TestClient(address)
            client.send(get(file(100, 90..<200)) + get(file(100, 300..<400)) + get("/hello"))
            #expect(client.answer().hasPattern(100, 90..<100))
            #expect(client.answer()?.body == [])
            #expect(client.answer()?.text == "hello")
        }
    }

    @Test("HEAD has the length of the file and no body (RFC 9110 §9.3.2)")
    func head() throws {
        try withFileServer { address, server, directory in
            let client = try TestClient(address)
            client.send("HEAD \(file(5_000)) HTTP/1.1\r\nHost: a\r\n\r\n" + get("/hello"))
            #expect(client.answer(toHead: true)?.head.contains("Content-Length: 5000\r\n") == true)
            #expect(client.answer()?.text == "hello")
            #expect(eventually { server.counters.spooledBytes == 0 && directory.openFiles == 0 })
        }
    }

    @Test("pipelined answers come in order, files between others")
    func pipelined() throws {
        try withFileServer { address, server, _ in
            let client = try TestClient(address)
            let counts = [20, 300_000, 1, 70_000]
            client.send(counts.map { get(file($0)) + get("/hello") }.joined())
            for count in counts {
                #expect(client.answer().hasPattern(count))
                #expect(client.answer()?.text == "hello")
            }
            let length = counts.reduce(0, +) + 5 * counts.count
            #expect(server.counters.bytesSent > length)
        }
    }

    @Test("an answer from a file ends the connection when it is the last")
    func last() throws {
        try withFileServer { address, _, _ in
            let client = try TestClient(address)
            client.send(get(file(3_000_000), "Connection: close"))
            #expect(client.answer().hasPattern(3_000_000))
            #expect(client.isEnded())
            // Half-closed before the answer is there.
            let other = try TestClient(address)
            other.send(get(file(3_000_000)))
            other.endSending()
            #expect(other.answer().hasPattern(3_000_000))
            #expect(other.isEnded())
        }
    }

    @Test("what was sent comes back, by way of a worker and two large files at a time")
    func echoed() throws {
        try withFileServer { address, server, directory in
            let clients = try (0..<2).map { _ in try TestClient(address) }
            let body = pattern(5_000_000)
            for client in clients {
                client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
                #expect(client.send(body))
            }
            for client in clients { #expect(client.answer().hasPattern(body.count)) }
            #expect(eventually { server.counters.spooledBytes == 0 && directory.openFiles == 0 })
        }
    }

    @Test("a slow reader gets everything, and others do not wait for it")
    func slowReader() throws {
        try withFileServer({ $0.loops = 1 }) { address, server, directory in
            let slow = try TestClient(address, receiveBuffer: 4_096)
            slow.send(get(file(3_000_000)))
            #expect(eventually { directory.openFiles == 1 })
            let other = try TestClient(address)
            for _ in 0..<10 {
                other.send(get("/hello"))
                #expect(other.answer()?.text == "hello")
            }
            // The answer is still on its way.
            #expect(directory.openFiles == 1)
            #expect(slow.answer().hasPattern(3_000_000))
            #expect(eventually { directory.openFiles == 0 })
        }
    }

    @Test("a client that vanishes or takes nothing leaves no file", arguments: [true, false])
    func vanished(resets: Bool) throws {
        try withFileServer({ if !resets { $0.writeStallTimeout = .milliseconds(200) } }) { address, server, directory in
            let client = try TestClient(address, receiveBuffer: 4_096)
            client.send(get(file(9_000_000)))
            if resets {
                #expect(eventually { directory.openFiles == 1 })
                client.reset()
            }
            #expect(eventually { server.counters.acceptedConnections == 1 && server.counters.answers == 1 })
            #expect(eventually { server.counters.openConnections == 0 })
            #expect(eventually { server.counters.spooledBytes == 0 && directory.openFiles == 0 })
            let other = try TestClient(address)
            other.send(get("/hello"))
            #expect(other.answer()?.text == "hello")
        }
    }

    @Test("an answer that nobody waits for any more leaves no file")
    func nobodyWaits() throws {
        try withFileServer { address, server, directory in
            let client = try TestClient(address)
            client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n")
            client.send(pattern(50_000))
            client.reset()
            #expect(eventually { server.counters.openConnections == 0 })
            #expect(eventually { server.counters.spooledBytes == 0 && directory.openFiles == 0 })
        }
    }

    @Test("an answer from a file has time as long as it is taken at the lowest rate")
    func time() throws {
        var configuration = HTTPConfiguration()
        configuration.requestTimeout = .seconds(20)
        configuration.minimumFileRate = 10
        var talk = Talk(configuration, handler: FileHandler(spool: configuration.spool))
        #expect(talk.say(get(file(1_000))) == "flush")
        #expect(talk.output.file?.range.count == 1_000)
        func take(_ bytes: Int) {
            talk.conversation.times.transferred(fileBytes: bytes)
            talk.conversation.times.sent(someRemain: true, now: talk.moment.milliseconds)
        }
        take(0)
        for _ in 0..<9 {
            take(100)
            #expect(talk.wait(milliseconds: 9_000) == nil)
        }
        for _ in 0..<2 {
            take(0)
            #expect(talk.wait(milliseconds: 14_000) == nil)
        }
        take(0)
        #expect(talk.wait(milliseconds: 2_000) == "close")
    }
}
