// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import Server

/// CORS, WHATWG Fetch §3.2.
@Suite("CORS", .timeLimit(.minutes(10)))
struct CrossOriginTests {
    private static let page = "https://a.example"
    private let type = [("Content-Type", "application/json")]

    private func withOrigins(
        _ origins: [String],
        _ configure: (inout ServiceConfiguration) -> Void = { _ in },
        _ body: (Int) throws -> Void
    ) throws {
        let crossOrigin = try CrossOrigin(origins)
        try withService(
            {
                $0.crossOrigin = crossOrigin
                configure(&$0)
            },
            body
        )
    }

    private func preflight(_ origin: String) -> [(String, String)] {
        [
            ("Origin", origin), ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "authorization,content-type"),
        ]
    }

    private func hasFields(_ answer: Answer) -> Bool {
        answer.headers.contains { $0.name.lowercased().hasPrefix("access-control-") }
    }

    @Test func aPreflightIsAnswered() throws {
        try withOrigins([Self.page, "http://localhost:3000"]) { port in
            for origin in [Self.page, "http://localhost:3000"] {
                let answer = try Client(port: port).ask("OPTIONS", "/v1/encode", preflight(origin))
                #expect(answer.status == 204)
                #expect(answer["Access-Control-Allow-Origin"] == origin)
                #expect(answer["Access-Control-Allow-Methods"] == "POST, OPTIONS")
                let allowed = answer["Access-Control-Allow-Headers"]?.lowercased() ?? ""
                for name in ["authorization", "content-type", "content-encoding", "x-request-id", "traceparent"] {
                    #expect(allowed.contains(name), "\(name)")
                }
                #expect(answer["Access-Control-Max-Age"].flatMap(Int.init).map { $0 > 0 } == true)
                #expect(answer["Access-Control-Expose-Headers"] == nil)
                #expect(answer["Vary"] == "Origin")
                #expect(answer["Allow"] == "POST, OPTIONS")
            }
        }
    }

    @Test func actualAnswersSayWhoMayReadThem() throws {
        try withOrigins([Self.page]) { port in
            let client = try Client(port: port)
            let origin = [("Origin", Self.page)]
            let answers = [
                try client.ask("POST", "/v1/encode", type + origin, body: Array(Documents.encode.utf8)),
                try client.ask("POST", "/v1/encode", type + origin, body: Array("{".utf8)),
                try client.ask("GET", "/healthz", origin), try client.ask("GET", "/nothing", origin),
                try client.ask("PUT", "/v1/encode", origin),
            ]
            #expect(answers.map(\.status) == [200, 400, 200, 404, 405])
            for answer in answers {
                #expect(answer["Access-Control-Allow-Origin"] == Self.page)
                let exposed = answer["Access-Control-Expose-Headers"] ?? ""
                for name in ["X-Request-Id", "Retry-After", "WWW-Authenticate"] { #expect(exposed.contains(name)) }
                #expect(answer["Vary"]?.split(separator: ", ").contains("Origin") == true)
                #expect(answer["Access-Control-Allow-Methods"] == nil)
                #expect(answer["Access-Control-Allow-Credentials"] == nil)
            }
        }
    }

    /// What the server refuses by itself can be read by the page as well.
    @Test func failuresSayItToo() throws {
        try withOrigins([Self.page], { $0.bodyBytes = 10 }) { port in
            let client = try Client(port: port)
            let headers = type + [("Origin", Self.page), ("Transfer-Encoding", "chunked")]
            client.send(request("POST", "/v1/encode", headers) + Array("b\r\n01234567890\r\n".utf8))
            let answer = try client.answer()
            #expect(answer.status == 413)
            #expect(answer["Access-Control-Allow-Origin"] == Self.page)
        }
    }

    @Test(
        arguments: [
            "https://b.example", "http://a.example", "https://a.example:444", "https://a.example.evil.example", "null",
            "https://xa.example", "*", "",
        ]
    )
    func anotherOriginIsToldNothing(_ origin: String) throws {
        try withOrigins([Self.page]) { port in
            let client = try Client(port: port)
            let actual = try client.ask("GET", "/healthz", [("Origin", origin)])
            #expect(actual.status == 200)
            #expect(!hasFields(actual))
            #expect(actual["Vary"]?.split(separator: ", ").contains("Origin") == true)
            let asked = try client.ask("OPTIONS", "/v1/encode", preflight(origin))
            #expect(asked.status == 204)
            #expect(!hasFields(asked))
            #expect(asked["Vary"] == "Origin")
        }
    }

    @Test func anAnswerWithoutOriginVariesToo() throws {
        try withOrigins([Self.page]) { port in
            let answer = try Client(port: port).ask("GET", "/healthz")
            #expect(!hasFields(answer))
            #expect(answer["Vary"]?.split(separator: ", ").contains("Origin") == true)
        }
    }

    @Test func aStarAllowsAllAndVariesWithNothing() throws {
        try withOrigins(["*"]) { port in
            let client = try Client(port: port)
            for origin in [Self.page, "null", "https://b.example"] {
                let answer = try client.ask("GET", "/healthz", [("Origin", origin)])
                #expect(answer["Access-Control-Allow-Origin"] == "*")
                #expect(answer["Vary"]?.contains("Origin") != true)
                let asked = try client.ask("OPTIONS", "/v1/decode", preflight(origin))
                #expect(asked["Access-Control-Allow-Origin"] == "*")
                #expect(asked["Access-Control-Allow-Methods"] == "POST, OPTIONS")
                #expect(asked["Vary"] == nil)
            }
            #expect(!hasFields(try client.ask("GET", "/healthz")))
        }
    }

    @Test func preflightsNeedNoToken() throws {
        let tokens = try BearerTokens(Array("secret".utf8))
        try withOrigins([Self.page], { $0.tokens = tokens }) { port in
            let client = try Client(port: port)
            #expect(try client.ask("OPTIONS", "/v1/encode", preflight(Self.page)).status == 204)
            // Any other request does, and the page may read why it is refused.
            let refused = try client.ask("POST", "/v1/encode", type + [("Origin", Self.page)], body: Array("{}".utf8))
            #expect(refused.status == 401)
            #expect(refused["Access-Control-Allow-Origin"] == Self.page)
            #expect(try client.ask("OPTIONS", "/v1/encode", [("Origin", Self.page)]).status == 401)
        }
    }

    @Test func plainOptionsStayAsTheyAre() throws {
        try withOrigins([Self.page]) { port in
            let client = try Client(port: port)
            for headers in [[], [("Origin", Self.page)]] {
                let answer = try client.ask("OPTIONS", "/v1/encode", headers)
                #expect(answer.status == 204)
                #expect(answer["Allow"] == "POST, OPTIONS")
                #expect(answer["Access-Control-Allow-Methods"] == nil)
            }
        }
    }

    @Test func aPreflightOfNoPathAllowsNoMethod() throws {
        try withOrigins([Self.page]) { port in
            let answer = try Client(port: port).ask("OPTIONS", "/nothing", preflight(Self.page))
            #expect(answer.status == 404)
            #expect(answer["Access-Control-Allow-Methods"] == nil)
        }
    }

    @Test func byDefaultThereIsNoneOfIt() throws {
        let answer = try Shared.ask("OPTIONS", "/v1/encode", preflight(Self.page))
        #expect(answer.status == 204)
        #expect(!hasFields(answer))
        #expect(!hasFields(try Shared.ask("GET", "/healthz", [("Origin", Self.page)])))
    }

    @Test(
        arguments: [
            "a.example", "https://", "://a", "https://a.example/", "https://a.example/path", "https://u@a.example",
            "null",
            "https://*.example", "https://a b", "https://a.example?x", "",
        ]
    )
    func whatIsNoOriginIsRefused(_ text: String) {
        #expect(throws: CrossOrigin.Invalid(text: text)) { try CrossOrigin([Self.page, text]) }
    }

    /// Browsers write origins in lower case.
    @Test func aConfiguredOriginMayHaveCapitals() throws {
        try withOrigins(["HTTPS://A.Example"]) { port in
            let answer = try Client(port: port).ask("GET", "/healthz", [("Origin", Self.page)])
            #expect(answer["Access-Control-Allow-Origin"] == Self.page)
        }
    }
}
