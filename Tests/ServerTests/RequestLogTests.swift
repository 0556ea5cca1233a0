// SPDX-License-Identifier: Apache-2.0

import HTTP
import Logging
import Synchronization
import Testing

@testable import Server

/// Keeps what is logged.
private struct Recorder: LogHandler {
    final class Lines: Sendable {
        let all = Mutex<[LogEvent]>([])
    }

    let lines: Lines
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.all.withLock { $0.append(event) }
    }
}

@Suite struct RequestLogTests {
    private let lines = Recorder.Lines()

    private func service(_ level: Logger.Level) -> Service {
        let lines = lines
        var logger = Logger(label: "test") { _ in Recorder(lines: lines) }
        logger.logLevel = level
        return Service(logger: logger)
    }

    @Test func aRequestIsOneLineWithTheIdOfItsAnswer() throws {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let request = try HTTPRequest(
            "POST",
            "/v1/encode",
            headers: HTTPHeaders([
                ("Host", "test"), ("Content-Type", "application/json"), ("Content-Length", "2"),
                ("X-Request-Id", "abc-1"), ("traceparent", parent),
            ]),
            body: Array("{}".utf8)
        )
        let response = service(.info).respond(to: request)
        #expect(response.headers["X-Request-Id"] == "abc-1")
        let event = try #require(lines.all.withLock { $0.count == 1 ? $0.first : nil })
        #expect(event.metadata?["request_id"]?.description == "abc-1")
        #expect(event.metadata?["status"]?.description == "422")
        #expect(event.metadata?["path"]?.description == "/v1/encode")
        #expect(event.metadata?["received"]?.description == "2")
        #expect(event.metadata?["traceparent"]?.description == parent)
    }

    @Test func aboveInfoRequestsAreNotLoggedButHaveIds() throws {
        let request = try HTTPRequest("GET", "/healthz", headers: HTTPHeaders([("Host", "test")]))
        let service = service(.notice)
        let first = service.respond(to: request).headers["X-Request-Id"]
        let second = service.respond(to: request).headers["X-Request-Id"]
        #expect(first?.utf8.count == 16)
        #expect(first != second)
        #expect(lines.all.withLock { $0.isEmpty })
    }

    @Test(arguments: ["", String(repeating: "a", count: 129), "a b", "a\u{e9}"])
    func idsThatCannotBeLoggedAreReplaced(_ id: String) throws {
        let headers = HTTPHeaders([("Host", "test"), ("X-Request-Id", id)])
        let response = service(.notice).respond(to: try HTTPRequest("GET", "/healthz", headers: headers))
        #expect(response.headers["X-Request-Id"]?.utf8.count == 16)
    }

    @Test func whatIsRefusedByItsHeadIsLoggedToo() throws {
        let request = try HTTPRequest("GET", "/nothing", headers: HTTPHeaders([("Host", "test")]))
        guard case .answer(let response) = service(.info).admit(request.head) else {
            Issue.record("the request was admitted")
            return
        }
        #expect(response.status == .notFound)
        #expect(lines.all.withLock { $0.first?.metadata?["status"]?.description } == "404")
    }
}
