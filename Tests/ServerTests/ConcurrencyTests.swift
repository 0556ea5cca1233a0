// SPDX-License-Identifier: Apache-2.0

import Compression
import Engine
import Foundation
import HTTP
import Synchronization
import TestSupport
import Testing

@testable import Server

@Suite("Many at once", .timeLimit(.minutes(3)))
struct ConcurrencyTests {
    private struct Exchange: Sendable {
        let bytes: [UInt8]
        let status: Int
        let body: [UInt8]
    }

    /// Requests of every kind with the answers that they have when nothing else happens.
    private func exchanges() throws -> [Exchange] {
        let json = [("Content-Type", "application/json")]
        let fixture = FixtureCase(folder: "devices/net-7.2-hpet")
        let gzip = try #require(Deflater.deflate(fixture.decodeRequest(), isGzip: true))
        let requests = [
            request("GET", "/healthz"),
            request("POST", "/v1/encode", json, body: Array(Documents.encode.utf8)),
            request("POST", "/v1/decode", json, body: Array(Documents.decode.utf8)),
            request("POST", "/v1/decode", json + [("Content-Encoding", "gzip")], body: gzip),
            request("POST", "/v1/encode", json, body: try fixture.encodeRequest()),
            request("POST", "/v1/validate", json, body: Array(Documents.decode.utf8)),
            request(
                "POST",
                "/v1/decode",
                json + [("Accept-Encoding", "gzip")],
                body: Array(Documents.buffer(4000).utf8)
            ),
            request("POST", "/v1/decode", json, body: Array("{".utf8)),
            request("GET", "/nothing"),
            request("POST", "/v1/encode", [("Content-Type", "text/plain")], body: Array("x".utf8)),
        ]
        return try requests.map { bytes in
            let client = try Client(port: Shared.port)
            client.send(bytes)
            let answer = try client.answer()
            return Exchange(bytes: bytes, status: answer.status, body: answer.body)
        }
    }

    @Test func thirtyTwoConnectionsGetTheirOwnAnswers() throws {
        let exchanges = try exchanges()
        #expect(exchanges.map(\.status) == [200, 200, 200, 200, 200, 200, 200, 400, 404, 415])
        let port = try Shared.port
        let wrong = Mutex<[String]>([])
        let answered = Atomic(0)
        let group = DispatchGroup()
        for connection in 0..<32 {
            group.enter()
            Thread.detachNewThread {
                defer { group.leave() }
                do {
                    let client = try Client(port: port, seconds: 60)
                    for turn in 0..<50 {
                        // Every seventh turn sends three requests at once.
                        let picks = (0..<(turn % 7 == 0 ? 3 : 1)).map { exchanges[(connection + turn * 3 + $0) % 10] }
                        client.send(picks.flatMap(\.bytes))
                        for pick in picks {
                            let answer = try client.answer()
                            if answer.status == pick.status, answer.body == pick.body {
                                answered.add(1, ordering: .relaxed)
                            } else {
                                wrong.withLock { $0.append("\(connection)/\(turn): \(answer.status)") }
                            }
                        }
                    }
                } catch {
                    wrong.withLock { $0.append("\(connection): \(error)") }
                }
            }
        }
        #expect(group.wait(timeout: .now() + 120) == .success)
        #expect(wrong.withLock { $0 } == [])
        #expect(answered.load(ordering: .relaxed) == 32 * (50 + 8 * 2))
    }

    @Test func heavyWorkDoesNotDelayHealth() throws {
        try withService({
            $0.http.loops = 1
            $0.http.workers = 1
        }) { port in
            let heavy = try Client(port: port, seconds: 60)
            heavy.send(
                request(
                    "POST",
                    "/v1/decode",
                    [("Content-Type", "application/json")],
                    body: Array(Documents.buffer(8_000_000).utf8)
                )
            )
            try expectHealth(port, while: heavy)
            #expect(try heavy.answer().status == 200)
        }
    }

    /// A few bytes can ask for much work as well.
    @Test func heavyWorkInASmallBodyDoesNotDelayHealth() throws {
        let condition = Array(repeating: "1", count: 200).joined(separator: "+")
        let inner = (0..<12).map { "{\"name\":\"f\($0)\",\"info\":\"uint8\",\"field_exists\":\"!(\(condition))\"}" }
        let element = "{\"name\":\"u\",\"fields\":[\(inner.prefix(4).joined(separator: ","))]}"
        let fields = "[{\"name\":\"e\",\"flags\":[\"VMS_ARRAY\",\"VMS_STRUCT\"],\"num\":60000,\"vmsd\":\(element)}]"
        let body = Array(Documents.decode(fields, "").utf8)
        #expect(body.count < 2048)
        try withService({
            $0.http.loops = 1
            $0.http.workers = 1
        }) { port in
            let heavy = try Client(port: port, seconds: 60)
            heavy.send(request("POST", "/v1/decode", [("Content-Type", "application/json")], body: body))
            try expectHealth(port, while: heavy)
            _ = try heavy.answer()
        }
    }

    /// Asks for health as soon as the work has begun; the work must not have ended by then.
    private func expectHealth(_ port: Int, while heavy: Client) throws {
        usleep(20_000)
        #expect(!heavy.hasAnswer, "the work is not heavy enough to show anything")
        for _ in 0..<3 { #expect(try Client(port: port).ask("GET", "/healthz").status == 200) }
        #expect(!heavy.hasAnswer, "health was answered after the work")
    }
}
