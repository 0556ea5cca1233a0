// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("qevm serve", .timeLimit(.minutes(2)))
struct ServeTests {
    private static let decode = #"{"vmsd":{"name":"t","fields":[{"name":"a","info":"uint8"}]},"stream":"07"}"#

    /// A decode that takes a while.
    private func heavy() -> [UInt8] {
        let count = 6_000_000
        let digits = String(repeating: "5a", count: count)
        let field = "{\"name\":\"b\",\"info\":\"buffer\",\"flags\":[\"VMS_BUFFER\"],\"size\":\(count)}"
        return Array("{\"vmsd\":{\"name\":\"t\",\"fields\":[\(field)]},\"stream\":\"\(digits)\"}".utf8)
    }

    @Test func theFirstLineSaysWhere() throws {
        let service = try RunningService()
        #expect(service.firstLine == "listening on http://127.0.0.1:\(service.port)")
        let connection = try Connection(port: service.port)
        connection.send(Connection.post("/v1/decode", Array(Self.decode.utf8)))
        let answer = connection.rest()
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.hasSuffix(#"{"state":{"a":7},"version_id":0,"consumed":1}"#))
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func aSignalEndsAnIdleService(_ number: Int32) throws {
        let service = try RunningService()
        // A connection without a request is nothing to wait for.
        let idle = try Connection(port: service.port)
        service.signal(number)
        #expect(service.end(within: 5) == 0)
        #expect(idle.rest().isEmpty)
        #expect(throws: LoopbackSocket.Refused.self) { try Connection(port: service.port) }
    }

    @Test func aRequestUnderWayFinishes() throws {
        let service = try RunningService()
        let connection = try Connection(port: service.port)
        let request = Connection.post("/v1/decode", Array(Self.decode.utf8))
        connection.send(Array(request.dropLast(10)))
        usleep(200_000)
        service.signal(SIGTERM)
        usleep(200_000)
        #expect(service.process.isRunning)
        // No new ones are taken meanwhile.
        #expect(throws: LoopbackSocket.Refused.self) { try Connection(port: service.port) }
        connection.send(Array(request.suffix(10)))
        #expect(connection.rest().hasSuffix(#"{"state":{"a":7},"version_id":0,"consumed":1}"#))
        #expect(service.end(within: 5) == 0)
    }

    @Test func workUnderWayFinishes() throws {
        let service = try RunningService()
        let connection = try Connection(port: service.port)
        connection.send(Connection.post("/v1/decode", heavy()))
        usleep(50_000)
        service.signal(SIGTERM)
        #expect(connection.rest().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(service.end() == 0)
    }

    @Test func whatDoesNotFinishIsCutOffWhenTheGraceIsOver() throws {
        let service = try RunningService(["--grace-seconds", "1"])
        let connection = try Connection(port: service.port)
        connection.send("POST /v1/decode HTTP/1.1\r\n")
        usleep(200_000)
        let start = Date()
        service.signal(SIGTERM)
        #expect(service.end(within: 10) == 0)
        let seconds = Date().timeIntervalSince(start)
        #expect(seconds > 0.8 && seconds < 5)
    }

    @Test func aSecondSignalEndsAtOnce() throws {
        let service = try RunningService(["--grace-seconds", "30"])
        let connection = try Connection(port: service.port)
        connection.send("POST /v1/decode HTTP/1.1\r\n")
        usleep(200_000)
        service.signal(SIGTERM)
        usleep(200_000)
        #expect(service.process.isRunning)
        service.signal(SIGTERM)
        #expect(service.end(within: 5) == 1)
    }

    @Test func limitsComeFromVariablesAndFlagsGoBefore() throws {
        let status = { (service: RunningService, request: String) in
            let connection = try Connection(port: service.port)
            connection.send(Connection.post("/v1/decode", Array(request.utf8)))
            return Int(connection.rest().dropFirst(9).prefix(3))
        }
        #expect(try status(RunningService(environment: ["QEVM_BODY_BYTES": "20"]), Self.decode) == 413)
        let both = try RunningService(["--body-bytes", "2000"], environment: ["QEVM_BODY_BYTES": "20"])
        #expect(try status(both, Self.decode) == 200)
        let large = #"{"vmsd":{"name":"t","fields":[{"name":"a","info":"buffer","size":400}]},"stream":""#
        let request = large + String(repeating: "5a", count: 400) + "\"}"
        #expect(try status(RunningService(), request) == 200)
        #expect(try status(RunningService(["--output-bytes", "500"]), request) == 413)
    }

    @Test func thePortComesFromTheVariable() throws {
        // Two services cannot have one port, so the second shows which one it took.
        let service = try RunningService()
        let variables = ["QEVM_PORT": String(service.port)]
        let second = try Program.run("serve", environment: variables)
        #expect(second.status == 2)
        #expect(second.text.isEmpty)
        #expect(second.errors == "error: bind 127.0.0.1:\(service.port): Address already in use\n")
    }

    @Test(
        arguments: [
            ("QEVM_PORT", "70000"), ("QEVM_PORT", ""), ("QEVM_BODY_BYTES", "64M"), ("QEVM_BODY_BYTES", "0"),
            ("QEVM_INFLATED_BYTES", "-1"), ("QEVM_OUTPUT_BYTES", "x"), ("QEVM_STATE_WORDS", " 1"),
            ("QEVM_HEADER_BYTES", "10"), ("QEVM_HEADER_COUNT", "0"), ("QEVM_CONNECTIONS", "0"),
            ("QEVM_CONNECTIONS_PER_ADDRESS", "-1"), ("QEVM_LOOPS", "5000"), ("QEVM_WORKERS", "1.5"),
            ("QEVM_QUEUE", "many"), ("QEVM_HEADER_SECONDS", "0"), ("QEVM_BODY_SECONDS", "0"), ("QEVM_BODY_RATE", "-5"),
            ("QEVM_IDLE_SECONDS", "0"), ("QEVM_REQUEST_SECONDS", "99999999"), ("QEVM_GRACE_SECONDS", "3601"),
            ("QEVM_DRAIN_DELAY", "3601"), ("QEVM_SOCKET_MODE", "rw"), ("QEVM_SOCKET_MODE", "1777"), ("QEVM_HOST", ","),
            ("QEVM_METRICS", "9100"), ("QEVM_METRICS", "::1:9100"), ("QEVM_METRICS", "localhost:"),
            ("QEVM_TOKEN", ""), ("QEVM_TOKEN", "two words"), ("QEVM_CORS_ORIGINS", "example.org"),
            ("QEVM_CORS_ORIGINS", ""), ("QEVM_HOST", "nowhere"),
        ]
    )
    func badVariablesAre2AndNamed(_ name: String, _ value: String) throws {
        let outcome = try Program.run("serve", environment: ["QEVM_PORT": "0"].merging([name: value]) { $1 })
        #expect(outcome.status == 2)
        #expect(outcome.text.isEmpty)
        #expect(outcome.errors.contains("error: "))
        #expect(outcome.errors.contains(value == "nowhere" ? value : name))
    }

    @Test func everyLimitIsInTheHelpWithVariableAndDefault() throws {
        let help = try Program.run("serve", "--help").text
        let source = try String(contentsOfFile: "\(projectFolder)/Sources/qevm/ServeLimits.swift", encoding: .utf8)
        let names = Set(source.matches(of: /"(QEVM_[A-Z_]+)"/).map { String($0.1) })
        let limits = try String(contentsOfFile: "\(projectFolder)/docs/limits.md", encoding: .utf8)
        #expect(names.count >= 16)
        let unfolded = help.split { $0.isWhitespace }.joined(separator: " ")
        for name in names.union(["QEVM_HOST", "QEVM_PORT", "QEVM_GRACE_SECONDS", "QEVM_DRAIN_DELAY"]) {
            // What these are without it depends on the machine, and on another limit.
            let hasDefault = !["QEVM_SPOOL_DIR", "QEVM_STREAM_BYTES"].contains(name)
            #expect(unfolded.contains(hasDefault ? "(\(name), default " : "(\(name)"), "\(name)")
        }
        for name in names { #expect(limits.contains("`\(name)`"), "\(name) is not in docs/limits.md") }
        for name in ["QEVM_SOCKET", "QEVM_METRICS", "QEVM_TOKEN_FILE", "QEVM_CORS_ORIGINS"] {
            #expect(unfolded.contains("(\(name)"), "\(name)")
        }
    }

    @Test func healthAsksAService() throws {
        let service = try RunningService()
        let healthy = try Program.run("health", "--port", String(service.port))
        #expect(healthy.status == 0)
        #expect(healthy.text.isEmpty && healthy.errors.isEmpty)
        #expect(try Program.run("health", environment: ["QEVM_PORT": String(service.port)]).status == 0)
        service.signal(SIGTERM)
        #expect(service.end(within: 5) == 0)
        let gone = try Program.run("health", "--port", String(service.port))
        #expect(gone.status == 1)
        #expect(gone.errors == "error: the service at 127.0.0.1:\(service.port) is not ready\n")
        #expect(try Program.run("health", "--port", "0").status == 2)
    }

    @Test func healthWantsAnAnswerOf200() throws {
        let service = try RunningService(["--connections", "1"])
        let only = try Connection(port: service.port)
        only.send("GET /healthz HTTP/1.1\r\n")
        usleep(100_000)
        // The second connection is answered with 503.
        #expect(try Program.run("health", "--port", String(service.port)).status == 1)
    }

    /// A gigabyte of zeros, in a megabyte: refused, and never held.
    @Test func aBombDoesNotFillTheMemory() throws {
        let folder = try Folder()
        let made = try Program.shell("head -c 1000000000 /dev/zero | gzip -1 > bomb.gz", in: folder.path)
        #expect(made.status == 0)
        let bomb = try #require(folder.read("bomb.gz"))
        let service = try RunningService()
        let connection = try Connection(port: service.port)
        connection.send(Connection.post("/v1/decode", bomb, "Content-Encoding: gzip\r\n"))
        #expect(connection.rest().hasPrefix("HTTP/1.1 413 "))
        let peak = service.peakMemory
        // 64 MiB may be inflated; an array that grows holds them twice and a half for a moment.
        #expect(peak > 1_000 && peak < 300_000, "\(peak) KiB")
    }
}
