// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Tokens, CORS and the log of the service as a process.
@Suite("Who may use qevm serve", .timeLimit(.minutes(10)))
struct ServeAccessTests {
    private static let request = Array(#"{"vmsd":{"name":"t","fields":[]},"state":{}}"#.utf8)

    private func status(_ service: RunningService, _ headers: String = "") throws -> String {
        let connection = try Connection(port: service.port)
        connection.send(Connection.post("/v1/encode", Self.request, headers))
        return String(connection.rest().dropFirst(9).prefix(3))
    }

    @Test func tokensComeFromVariableAndFile() throws {
        let folder = try Folder()
        let path = try folder.write("tokens", "# two of them\nold-token\nnew-token\n")
        let service = try RunningService(["--token-file", path], environment: ["QEVM_TOKEN": "third"])
        #expect(try status(service) == "401")
        for token in ["old-token", "new-token", "third"] {
            #expect(try status(service, "Authorization: Bearer \(token)\r\n") == "200")
        }
        #expect(try status(service, "Authorization: Bearer fourth\r\n") == "401")
        let other = try RunningService(environment: ["QEVM_TOKEN_FILE": path])
        #expect(try status(other) == "401")
        #expect(try status(other, "Authorization: Bearer new-token\r\n") == "200")
        #expect(try status(try RunningService()) == "200")
    }

    /// Health checks have no token.
    @Test func healthNeedsNone() throws {
        let service = try RunningService(environment: ["QEVM_TOKEN": "secret"])
        #expect(try Program.run("health", "--port", String(service.port)).status == 0)
    }

    /// A file that was to have tokens and has none must not open the service, and no message may tell a token.
    @Test func aFileWithoutTokensIsAnError() throws {
        let folder = try Folder()
        let path = try folder.write("tokens", "\n# none\n")
        let empty = try Program.run("serve", "--port", "0", "--token-file", path)
        #expect(empty.status == 2)
        #expect(empty.errors == "error: \(path) has no token\n")
        try folder.write("tokens", "good\nvery secret\n")
        let bad = try Program.run("serve", "--port", "0", "--token-file", path)
        #expect(bad.status == 2)
        #expect(bad.errors.hasPrefix("\(path):2: error: not a token"))
        #expect(!bad.errors.contains("secret"))
        let missing = try Program.run("serve", "--port", "0", "--token-file", "\(path)x")
        #expect(missing.status == 2)
        #expect(missing.errors == "\(path)x: No such file or directory\n")
        #expect(try Program.run("serve", "--token", "x").status == 2)
    }

    @Test func originsComeFromFlagsOrVariable() throws {
        func allowed(_ service: RunningService, _ origin: String) throws -> Bool {
            try Connection(port: service.port).get("/healthz", "Origin: \(origin)\r\n")
                .contains("\r\nAccess-Control-Allow-Origin: \(origin)\r\n")
        }
        let flags = try RunningService(
            ["--cors-origin", "https://a.example", "--cors-origin", "https://b.example"],
            environment: ["QEVM_CORS_ORIGINS": "https://c.example"]
        )
        #expect(try allowed(flags, "https://a.example"))
        #expect(try allowed(flags, "https://b.example"))
        #expect(try !allowed(flags, "https://c.example"))
        let variable = try RunningService(environment: ["QEVM_CORS_ORIGINS": "https://a.example, https://c.example"])
        #expect(try allowed(variable, "https://a.example"))
        #expect(try allowed(variable, "https://c.example"))
        #expect(try !allowed(variable, "https://b.example"))
        #expect(try !allowed(RunningService(), "https://a.example"))
    }

    /// What a caller sends stays on the line of its request, and inside its member.
    @Test(arguments: ["text", "json"])
    func theLogCannotBeForged(_ form: String) throws {
        let service = try RunningService(["--log-level", "info", "--log-format", form], keepsLog: true)
        let path = "/a%0A%7B%22level%22%3A%22error%22%7D%0D%1B%5B2J%20status=200%22"
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        let headers =
            "X-Request-Id: my-id\r\ntraceparent: 00-\(trace)-00f067aa0ba902b7-01\r\nAuthorization: Bearer hush\r\n"
        #expect(try Connection(port: service.port).get(path, headers).contains("\r\nX-Request-Id: my-id\r\n"))
        service.signal(SIGTERM)
        #expect(service.end(within: 5) == 0)
        let lines = service.logLines
        // Started, one request and stopping, in whatever order the first two are written.
        #expect(lines.count == 3, "\(lines)")
        let line = try #require(lines.first { $0.contains("my-id") })
        #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f })
        #expect(!line.contains("hush"))
        for text in ["my-id", trace, "00f067aa0ba902b7", "%0A", "404"] { #expect(line.contains(text), "\(text)") }
        guard form == "json" else {
            #expect(line.contains(" path=/a%0A") && !line.contains(" status=200"))
            return
        }
        let members = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(members["level"] as? String == "info")
        #expect(members["status"] as? Int == 404)
        #expect(members["path"] as? String == #"/a%0A{"level":"error"}%0D%1B[2J%20status=200""#)
        #expect(members["request_id"] as? String == "my-id")
        #expect(members["trace_id"] as? String == trace)
        #expect(members["span_id"] as? String == "00f067aa0ba902b7")
    }

    @Test func requestsAreStillTakenForTheDrainDelay() throws {
        let service = try RunningService(["--drain-delay", "2"])
        let open = try Connection(port: service.port)
        service.signal(SIGTERM)
        var ready = ""
        for _ in 0..<100 where !ready.hasPrefix("HTTP/1.1 503 ") {
            ready = try Connection(port: service.port).get("/readyz")
        }
        #expect(ready.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(ready.contains("application/problem+json"))
        #expect(try Connection(port: service.port).get("/livez").hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try status(service) == "200")
        #expect(open.get("/healthz").hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try Program.run("health", "--port", String(service.port)).status == 1)
        #expect(service.end(within: 10) == 0)
    }

    @Test func aSecondSignalEndsTheDrainDelay() throws {
        let service = try RunningService(environment: ["QEVM_DRAIN_DELAY": "3600"])
        service.signal(SIGTERM)
        for _ in 0..<100 {
            if try Connection(port: service.port).get("/readyz").hasPrefix("HTTP/1.1 503 ") { break }
        }
        #expect(service.process.isRunning)
        service.signal(SIGTERM)
        #expect(service.end(within: 5) == 1)
    }

    /// On a connection that was open before, also without a delay.
    @Test func readinessIsToldToTheEnd() throws {
        let service = try RunningService()
        let first = try Connection(port: service.port)
        let request = Connection.post("/v1/encode", Self.request)
        first.send(Array(request.dropLast(3)))
        let second = try Connection(port: service.port)
        second.send("GET /readyz HTTP/1.1\r\nHost: a\r\n")
        usleep(200_000)
        service.signal(SIGTERM)
        usleep(200_000)
        second.send("\r\n")
        #expect(second.rest().hasPrefix("HTTP/1.1 503 "))
        first.send(Array(request.suffix(3)))
        #expect(first.rest().hasPrefix("HTTP/1.1 200 "))
        #expect(service.end(within: 5) == 0)
    }
}
