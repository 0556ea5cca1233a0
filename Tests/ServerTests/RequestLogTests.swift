// SPDX-License-Identifier: Apache-2.0

import HTTP
import Logging
import Testing

@testable import Server

@Suite("The log of requests", .timeLimit(.minutes(10)))
struct RequestLogTests {
    private let log = RecordedLog()
    private let type = [("Content-Type", "application/json")]

    @Test func aRequestIsOneLineWithTheIdOfItsAnswer() throws {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        try withService({ _ in }, logger: log.logger()) { port in
            let headers = type + [("X-Request-Id", "abc-1"), ("traceparent", parent)]
            let answer = try Client(port: port).ask("POST", "/v1/encode?x-a=b", headers, body: Array("{}".utf8))
            #expect(answer["X-Request-Id"] == "abc-1")
            let line = try #require(log.lines.first)
            #expect(log.lines.count == 1)
            #expect(line.level == .info)
            #expect(line["request_id"] == "abc-1")
            #expect(line["method"] == "POST")
            #expect(line["path"] == "/v1/encode")
            #expect(line["peer"] == "127.0.0.1")
            #expect(line["status"] == "422")
            #expect(line["received"] == "2")
            #expect(line["sent"] == String(answer.body.count))
            #expect(line["microseconds"].flatMap(Int.init).map { $0 > 0 } == true)
            #expect(line["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736")
            #expect(line["span_id"] == "00f067aa0ba902b7")
        }
    }

    @Test func aboveInfoRequestsAreNotLoggedButHaveIds() throws {
        try withService({ _ in }, logger: log.logger(.notice)) { port in
            let client = try Client(port: port)
            let first = try client.ask("GET", "/healthz")["X-Request-Id"]
            let second = try client.ask("GET", "/healthz")["X-Request-Id"]
            #expect(first?.utf8.count == 16)
            #expect(first != second)
            #expect(log.lines.isEmpty)
        }
    }

    @Test(arguments: ["", String(repeating: "a", count: 129), "a b", "a\u{e9}", "a\tb"])
    func idsThatCannotBeLoggedAreReplaced(_ id: String) throws {
        let answer = try Shared.ask("GET", "/healthz", [("X-Request-Id", id)])
        #expect(answer["X-Request-Id"]?.wholeMatch(of: /[0-9a-f]{16}/) != nil)
    }

    @Test func idsThatCanBeLoggedAreGivenBack() throws {
        for id in ["a", String(repeating: "~", count: 128)] {
            #expect(try Shared.ask("GET", "/nothing", [("X-Request-Id", id)])["X-Request-Id"] == id)
        }
    }

    /// What cannot be read comes from somebody, and has no body.
    @Test func anUnreadableHeadHasAPeerAndNoBody() throws {
        try withService({ _ in }, logger: log.logger()) { port in
            let client = try Client(port: port)
            #expect(try client.ask("POST", "/v1/decode", type, body: Array(Documents.decode.utf8)).status == 200)
            client.send(Array("GARBAGE\r\n\r\n".utf8))
            #expect(try client.answer().status == 400)
            let lines = log.lines
            #expect(lines.map { $0["received"] } == [String(Documents.decode.utf8.count), "0"])
            #expect(lines.map { $0["peer"] } == ["127.0.0.1", "127.0.0.1"])
            #expect(lines.last?["path"] == nil)
        }
    }

    /// The same for a header that never ends.
    @Test func aSlowHeadHasAPeerAndNoBody() throws {
        try withService({ $0.http.headerTimeout = .milliseconds(200) }, logger: log.logger()) { port in
            let client = try Client(port: port)
            #expect(try client.ask("POST", "/v1/decode", type, body: Array(Documents.decode.utf8)).status == 200)
            client.send(Array("GET /".utf8))
            #expect(try client.answer().status == 408)
            let line = try #require(log.lines.last)
            #expect(line["failure"] == "header_timeout")
            #expect(line["received"] == "0")
            #expect(line["peer"] == "127.0.0.1")
            let page = try PrometheusPage(try Client(port: port).ask("GET", "/metrics").text)
            #expect(page.value("qevm_http_request_body_bytes_total", ["route": "none"]) == 0)
        }
    }

    /// Operators see at the usual level who has too many connections.
    @Test func aRefusedConnectionHasAPeer() throws {
        try withService({ $0.http.maximumConnectionsPerAddress = 1 }, logger: log.logger(.notice)) { port in
            let only = try Client(port: port)
            #expect(try only.ask("GET", "/livez").status == 200)
            #expect(try Client(port: port).answer().status == 503)
            let line = try #require(log.lines.first)
            #expect(line.level == .warning)
            #expect(line["failure"] == "connections")
            #expect(line["peer"] == "127.0.0.1")
            #expect(log.lines.count == 1)
            withExtendedLifetime(only) {}
        }
    }

    /// The server tries again several times a second.
    @Test func waitingConnectionsAreOneLineAMinute() {
        let exhaustion = ExhaustionLog(log.logger(.notice))
        let start = ContinuousClock.now
        for seconds in [0, 1, 59, 60, 61, 119, 500] {
            exhaustion.write("accept: Too many open files", now: start + .seconds(seconds))
        }
        #expect(log.lines.count == 3)
        #expect(log.lines.allSatisfy { $0.level == .warning && $0["reason"]?.contains("accept") == true })
    }

    /// Also what the server refuses by itself has the caller's id, and a line.
    @Test func failuresHaveTheCallersId() throws {
        try withService({ $0.bodyBytes = 10 }, logger: log.logger()) { port in
            let client = try Client(port: port)
            client.send(
                request("POST", "/v1/encode", type + [("Transfer-Encoding", "chunked"), ("X-Request-Id", "me")])
            )
            client.send(Array("b\r\n01234567890\r\n".utf8))
            let answer = try client.answer()
            #expect(answer.status == 413)
            #expect(answer["X-Request-Id"] == "me")
            let line = try #require(log.lines.first)
            #expect(line["request_id"] == "me")
            #expect(line["path"] == "/v1/encode")
            #expect(line["status"] == "413")
            #expect(line["failure"] == "request")
        }
    }

    @Test func aRequestThatCannotBeReadHasAnIdAndALine() throws {
        try withService({ _ in }, logger: log.logger()) { port in
            let client = try Client(port: port)
            client.send(Array("nonsense\r\n\r\n".utf8))
            let answer = try client.answer()
            #expect(answer.status == 400)
            #expect(answer["X-Request-Id"]?.utf8.count == 16)
            let line = try #require(log.lines.first)
            #expect(line["request_id"] == answer["X-Request-Id"])
            #expect(line["status"] == "400")
            #expect(line["path"] == nil && line["method"] == nil)
        }
    }

    @Test func whatIsRefusedByItsHeadIsLoggedToo() throws {
        try withService({ _ in }, logger: log.logger()) { port in
            _ = try Client(port: port).ask("GET", "/nothing")
            #expect(log.lines.map { $0["status"] } == ["404"])
        }
    }

    /// A line end, a terminal's escape or a space in a path could forge lines or members.
    @Test func aPathIsLoggedInVisibleCharacters() throws {
        try withService({ _ in }, logger: log.logger()) { port in
            _ = try Client(port: port).ask("GET", "/a%0Alevel=error%20x%1B[2J%C2%9B%25/%C3%A9")
            #expect(log.lines.map { $0["path"] } == ["/a%0Alevel=error%20x%1B[2J%C2%9B%25/%C3%A9"])
        }
    }
}
