// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite("Keeping and closing connections (RFC 9112 §9)")
struct PersistenceTests {
    @Test(
        "Connection is a list in any case; close wins; HTTP/1.0 has to ask",
        arguments: [
            ("HTTP/1.1", "", "read"), ("HTTP/1.1", "Connection: keep-alive", "read"),
            ("HTTP/1.1", "Connection: close", "finish"), ("HTTP/1.1", "connection: Upgrade,\tCLOSE", "finish"),
            ("HTTP/1.1", "Connection: x\r\nConnection: close", "finish"),
            ("HTTP/1.1", "Connection: close, keep-alive", "finish"), ("HTTP/1.1", "Connection: closed", "read"),
            ("HTTP/1.0", "", "finish"), ("HTTP/1.0", "Connection: Keep-Alive", "read"),
            ("HTTP/1.0", "Connection: keep-alive, close", "finish"), ("HTTP/1.5", "", "read"),
        ]
    )
    func options(version: String, field: String, step: String) {
        var talk = Talk()
        let line = field.isEmpty ? "" : field + "\r\n"
        #expect(talk.say("GET /hello \(version)\r\nHost: a\r\n\(line)\r\n") == step)
        let heard = talk.heard()
        #expect(heard.contains("Connection: close\r\n") == (step == "finish"))
        #expect(heard.contains("Connection: keep-alive\r\n") == (version == "HTTP/1.0" && step == "read"))
    }

    @Test("pipelined requests are answered in order and in one piece")
    func pipelining() {
        var talk = Talk()
        #expect(talk.say(get("/hello") + post("/echo", "1") + post("/echo", "2") + get("/hello").dropLast(3)) == "read")
        let heard = talk.heard()
        #expect(heard.statuses == [200, 200, 200])
        #expect(heard.split(separator: "\r\n\r\n").dropFirst().map { $0.prefix(1) } == ["h", "1", "2"])
        #expect(talk.conversation.phase == .head)
    }

    @Test(
        "a body belongs to its request whatever the method is (§6), and is no request of its own",
        arguments: ["GET", "HEAD", "DELETE", "OPTIONS", "X"]
    )
    func bodiesOfAnyMethod(method: String) {
        let body = get("/peer")
        let head = "\(method) /work HTTP/1.1\r\nHost: a\r\n"
        let size = String(body.utf8.count, radix: 16)
        for raw in [
            "\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)",
            "\(head)Transfer-Encoding: chunked\r\n\r\n\(size)\r\n\(body)\r\n0\r\n\r\n",
        ] {
            var talk = Talk()
            #expect(talk.say(raw + get("/hello")) == "work")
            #expect(talk.complete() == "flush")
            #expect(talk.say("") == "read")
            let heard = talk.heard()
            #expect(heard.statuses == [200, 200])
            #expect(heard.hasSuffix("hello"))
        }
    }

    @Test("nothing behind the last request is answered")
    func last() {
        var talk = Talk()
        #expect(talk.say(get("/hello", "Connection: close") + get("/hello")) == "finish")
        #expect(talk.heard().statuses == [200])
        talk.conversation.linger(talk.moment)
        #expect(talk.say(get("/hello")) == "read")
        #expect(talk.heard().isEmpty)
        #expect(talk.endInput() == "close")
    }

    @Test("the handler can end a connection, and so can the server's own end")
    func closing() {
        var talk = Talk()
        #expect(talk.say(get("/close")) == "finish")
        #expect(talk.heard().contains("Connection: close\r\n"))
        var other = Talk()
        other.conversation.isLast = true
        #expect(other.say(get("/hello")) == "finish")
        #expect(other.heard().contains("Connection: close\r\n"))
    }

    @Test("a worker holds back what is pipelined behind its request")
    func work() {
        var talk = Talk()
        #expect(talk.say(get("/hello") + get("/work") + get("/hello")) == "work")
        #expect(talk.heard().statuses == [200])
        #expect(talk.say("") == "flush")
        #expect(talk.heard().isEmpty)
        #expect(talk.complete() == "flush")
        #expect(talk.say("") == "read")
        #expect(talk.heard().statuses == [200, 200])
    }

    @Test("the size of the body chooses between loop and worker")
    func threshold() {
        var talk = Talk()
        #expect(talk.say(post("/big-is-work", "123")) == "read")
        #expect(talk.say(post("/big-is-work", "1234")) == "work")
    }

    @Test("answers that are not taken hold back further requests (back-pressure)")
    func backPressure() {
        var configuration = HTTPConfiguration()
        configuration.maximumUnsentBytes = 300
        var talk = Talk(configuration)
        let requests = String(repeating: get("/hello"), count: 50)
        #expect(talk.say(requests) == "flush")
        #expect((3...5).contains(talk.heard().statuses.count))
        var total = 0
        while talk.say("") == "flush" { total += talk.heard().statuses.count }
        #expect(total >= 40)
        #expect(talk.rest.isEmpty)
    }

    @Test("a half-closed connection gets the answers to what it sent (§9.6)")
    func halfClose() {
        var talk = Talk()
        #expect(talk.say(get("/work")) == "work")
        #expect(talk.endInput() == "flush")
        #expect(talk.complete() == "finish")
        #expect(talk.heard().contains("Connection: close\r\n"))
        var idle = Talk()
        #expect(idle.endInput() == "close")
        #expect(idle.heard().isEmpty)
    }

    @Test(
        "a request that ends in the middle is 400 (§8)",
        arguments: ["GET /hel", "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nab"]
    )
    func truncated(raw: String) {
        var talk = Talk()
        #expect(talk.say(raw) == "read")
        #expect(talk.endInput() == "finish")
        #expect(talk.heard().statuses == [400])
    }
}
