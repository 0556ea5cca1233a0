// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Testing

@testable import HTTP

/// Answers as `TestHandler` does and keeps what it is told of.
private final class RecordingHandler: HTTPHandler {
    private let all = Mutex<[HTTPExchange]>([])
    private let heads = Mutex<[String?]>([])

    var exchanges: [HTTPExchange] { all.withLock { $0 } }
    /// The paths of the requests that the server refused by itself.
    var refused: [String?] { heads.withLock { $0 } }

    func admit(_ head: HTTPRequestHead) -> HTTPAdmission { TestHandler().admit(head) }

    func respond(to request: HTTPRequest) -> HTTPResponse {
        if request.head.path == "/slow" { usleep(5_000) }
        return TestHandler().respond(to: request)
    }

    func failure(_ failure: HTTPFailure, for head: HTTPRequestHead?) -> HTTPResponse {
        heads.withLock { $0.append(head?.path) }
        return TestHandler().failure(failure, for: head)
    }

    func answered(_ exchange: HTTPExchange) { all.withLock { $0.append(exchange) } }
}

@Suite("What a handler learns of the answers")
struct ExchangeTests {
    private let handler = RecordingHandler()

    @Test("each answer is told once, with its request and what was transferred")
    func each() throws {
        var talk = Talk(handler: handler)
        _ = talk.say(
            post("/echo", "abc") + get("/hello") + "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n" + get("/no-content")
        )
        _ = talk.say(get("/refused"))
        let exchanges = handler.exchanges
        #expect(exchanges.map { $0.head?.path } == ["/echo", "/hello", "/hello", "/no-content", "/refused"])
        #expect(exchanges.map(\.response.status.rawValue) == [200, 200, 200, 204, 404])
        #expect(exchanges.map(\.receivedBodyBytes) == [3, 0, 0, 0, 0])
        #expect(exchanges.map(\.sentBodyBytes) == [3, 5, 0, 0, 13])
        #expect(exchanges.allSatisfy { $0.failure == nil && $0.duration > .zero })
        #expect(handler.refused.isEmpty)
    }

    @Test("the duration holds the handler's work")
    func duration() {
        var talk = Talk(handler: handler)
        _ = talk.say(get("/slow"))
        #expect(handler.exchanges.first.map { $0.duration >= .milliseconds(5) } == true)
    }

    @Test("an answer of a worker is told when it is given, or not at all")
    func worker() {
        var talk = Talk(handler: handler)
        #expect(talk.say(get("/work")) == "work")
        #expect(handler.exchanges.isEmpty)
        _ = talk.complete()
        #expect(handler.exchanges.map(\.response.status.rawValue) == [200])
        #expect(talk.say(get("/work")) == "work")
        _ = talk.wait(milliseconds: 400_000)
        #expect(handler.exchanges.map { $0.failure?.reason } == [nil, .workTimeout])
        _ = talk.complete()
        #expect(handler.exchanges.count == 2)
    }

    @Test("failures are told with their reason, and with the head where it was read")
    func failures() {
        var malformed = Talk(handler: handler)
        _ = malformed.say("nonsense\r\n\r\n")
        var slow = Talk(handler: handler)
        _ = slow.say("GET /")
        _ = slow.wait(milliseconds: 20_000)
        var large = Talk(handler: handler)
        _ = large.say(post("/echo", "more than ten bytes"))
        var chunked = Talk(handler: handler)
        _ = chunked.say("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n9\r\n")
        _ = chunked.say("012345678\r\n")
        var stalled = Talk(handler: handler)
        _ = stalled.say("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab")
        _ = stalled.wait(milliseconds: 60_000)
        #expect(handler.exchanges.map { $0.head?.path } == [nil, nil, "/echo", "/echo", "/echo"])
        #expect(handler.refused == [nil, nil, "/echo", "/echo", "/echo"])
        #expect(handler.exchanges.map(\.response.status.rawValue) == [400, 408, 413, 413, 408])
        let reasons = handler.exchanges.map { $0.failure?.reason }
        #expect(reasons == [.request, .headerTimeout, .request, .request, .bodyTimeout])
        #expect(handler.exchanges.map { $0.duration == .zero } == [true, true, false, false, false])
        #expect(handler.exchanges.last?.receivedBodyBytes == 2)
    }

    @Test("a failure does not stick to the next answer of a connection")
    func failureIsForgotten() {
        var talk = Talk(handler: handler)
        #expect(talk.say(get("/work")) == "work")
        _ = talk.conversation.refuseWork(&talk.output, talk.moment)
        _ = talk.say(get("/hello"))
        #expect(handler.exchanges.map { $0.failure?.reason } == [.queue, nil])
    }

    @Test("bodies of a drained request are not those of the next")
    func drainedBody() {
        var talk = Talk(handler: handler)
        _ = talk.say(post("/refused", "abcdef") + get("/hello"))
        #expect(handler.exchanges.map(\.receivedBodyBytes) == [0, 0])
    }

    @Test("requests are in flight until they are answered or abandoned")
    func inFlight() throws {
        try withServer { address, server in
            let client = try TestClient(address)
            client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
            #expect(eventually { server.counters.requestsInFlight == 1 })
            client.send("b")
            #expect(client.answer()?.text == "ab")
            #expect(eventually { server.counters.requestsInFlight == 0 })
            #expect(server.counters.abandonedRequests == 0)
            let gone = try TestClient(address)
            gone.send(get("/work?ms=300"))
            #expect(eventually { server.counters.requestsInFlight == 1 })
            gone.reset()
            #expect(eventually { server.counters.requestsInFlight == 0 })
            #expect(server.counters.abandonedRequests == 1)
        }
    }
}
