// SPDX-License-Identifier: Apache-2.0

import Compression
import Engine
import HTTP
import Testing

@testable import Server

/// A service that is started with small limits keeps them.
@Suite("Limits", .timeLimit(.minutes(10)))
struct LimitTests {
    private let type = [("Content-Type", "application/json")]

    @Test func aDeclaredLengthAboveTheLimitIsRefusedBeforeTheBody() throws {
        try withService({ $0.bodyBytes = 200 }) { port in
            let client = try Client(port: port)
            client.send(request("POST", "/v1/decode", type + [("Content-Length", "201")]))
            let answer = try client.answer()
            #expect(answer.status == 413)
            #expect(answer["Content-Type"] == "application/problem+json")
            #expect(answer.code == nil)
            #expect(answer.json?["detail"]?.string?.contains("200") == true)
            let fitting =
                Array(Documents.decode.utf8) + [UInt8](repeating: 0x20, count: 200 - Documents.decode.utf8.count)
            #expect(try Client(port: port).ask("POST", "/v1/decode", type, body: fitting).status == 200)
        }
    }

    /// What is JSON is held in memory, also in a form that may be larger.
    @Test func aPartOfAFormHasTheLimitOfABody() throws {
        try withService({ $0.bodyBytes = 1000 }) { port in
            for (count, status) in [(998, 422), (999, 413)] {
                let request = Array("{}".utf8) + [UInt8](repeating: 0x20, count: count)
                let answer = try Client(port: port).ask(
                    "POST",
                    "/v1/decode",
                    [("Content-Type", "multipart/form-data; boundary=b0undary")],
                    body: form(request, [7])
                )
                #expect(answer.status == status)
            }
        }
    }

    @Test func aChunkedBodyIsRefusedWhereItPassesTheLimit() throws {
        try withService({ $0.bodyBytes = 200 }) { port in
            let client = try Client(port: port)
            client.send(request("POST", "/v1/decode", type + [("Transfer-Encoding", "chunked")]))
            client.send(Array("c8\r\n".utf8) + [UInt8](repeating: 0x20, count: 200) + Array("\r\n".utf8))
            #expect(!client.hasAnswer)
            client.send(Array("1\r\nx\r\n".utf8))
            let answer = try client.answer()
            #expect(answer.status == 413)
            #expect(answer["Content-Type"] == "application/problem+json")
        }
    }

    @Test func anInflatedBodyIsRefusedWhereItPassesTheLimit() throws {
        try withService({ $0.inflatedBytes = 10_000 }) { port in
            let client = try Client(port: port)
            for (count, status) in [
                (9_000, 200), (10_000 - Documents.encode.utf8.count, 200), (10_000, 413), (5_000_000, 413),
            ] {
                let text = Array(Documents.encode.utf8) + [UInt8](repeating: 0x20, count: count)
                for coding in ["gzip", "deflate"] {
                    let body = try #require(Deflater.deflate(text, isGzip: coding == "gzip"))
                    let answer = try client.ask("POST", "/v1/encode", type + [("Content-Encoding", coding)], body: body)
                    #expect(answer.status == status, "\(count) \(coding)")
                    if status == 413 { #expect(answer.json?["detail"]?.string?.contains("10000") == true) }
                }
            }
        }
    }

    @Test func aBodyThatIsNotCodedHasOneLimitOnly() throws {
        // A body that is not coded is bounded as sent; what it inflates to has its own bound.
        let configure = { (configuration: inout ServiceConfiguration) in
            configuration.bodyBytes = 100_000
            configuration.inflatedBytes = 100
        }
        try withService(configure) { port in
            let body = Array(Documents.encode.utf8) + [UInt8](repeating: 0x20, count: 1000)
            let answer = try Client(port: port).ask("POST", "/v1/encode", type, body: body)
            #expect(answer.status == 200)
        }
    }

    @Test func anAnswerAboveTheLimitIsRefused() throws {
        try withService({ $0.engine.outputBytes = 500 }) { port in
            let client = try Client(port: port)
            #expect(try client.ask("POST", "/v1/decode", type, body: Array(Documents.buffer(200).utf8)).status == 200)
            let answer = try client.ask("POST", "/v1/decode", type, body: Array(Documents.buffer(400).utf8))
            #expect(answer.status == 413)
            #expect(answer.code == "limit-exceeded")
        }
    }

    @Test func aCountThatTheStreamCannotHoldIsNoAllocation() throws {
        let fields =
            #"[{"name":"n","info":"uint32"},"#
            + #"{"name":"v","info":"uint64","flags":["VMS_VARRAY_UINT32"],"num_offset":"n"}]"#
        let answer = try Shared.post("/v1/decode", Documents.decode(fields, "7fffffff00"))
        #expect(answer.status == 422)
        #expect(answer.code == "stream-truncated")
        let buffer = #"[{"name":"b","info":"buffer","flags":["VMS_BUFFER"],"size":2147483647}]"#
        #expect(try Shared.post("/v1/decode", Documents.decode(buffer, "00")).code == "stream-truncated")
        let empty =
            #"[{"name":"e","vmsd":{"name":"u","fields":[]},"flags":["VMS_ARRAY","VMS_STRUCT"],"num":2147483647}]"#
        #expect(try Shared.post("/v1/decode", Documents.decode(empty, "")).code == "limit-exceeded")
    }

    @Test func nestingIsBounded() throws {
        try withService({ $0.engine.jsonDepth = 10 }) { port in
            let client = try Client(port: port)
            for (depth, status) in [(10, 422), (11, 400)] {
                let body =
                    Array(String(repeating: "[", count: depth).utf8) + Array(String(repeating: "]", count: depth).utf8)
                #expect(try client.ask("POST", "/v1/encode", type, body: body).status == status)
            }
        }
    }

    @Test func moreWorkThanConfiguredIs503() throws {
        try withService({
            $0.http.workers = 1
            $0.http.workerQueueLength = 1
            $0.loopBodyBytes = 0
        }) { port in
            let body = Array(Documents.buffer(1_000_000).utf8)
            let clients = try (0..<6).map { _ in try Client(port: port, seconds: 40) }
            for client in clients { client.send(request("POST", "/v1/decode", type, body: body)) }
            let answers = try clients.map { try $0.answer() }
            let refused = answers.filter { $0.status == 503 }
            #expect(!refused.isEmpty)
            #expect(refused.allSatisfy { $0["Retry-After"] != nil && $0["Content-Type"] == "application/problem+json" })
            #expect(answers.contains { $0.status == 200 })
            #expect(answers.allSatisfy { [200, 503].contains($0.status) })
        }
    }
}
