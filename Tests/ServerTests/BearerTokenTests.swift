// SPDX-License-Identifier: Apache-2.0

import Engine
import HTTP
import Testing

@testable import Server

/// RFC 6750.
@Suite("Bearer tokens", .timeLimit(.minutes(10)))
struct BearerTokenTests {
    private let type = [("Content-Type", "application/json")]

    private func withTokens(_ text: String, _ body: (Int) throws -> Void) throws {
        let tokens = try BearerTokens(Array(text.utf8))
        try withService({ $0.tokens = tokens }, body)
    }

    private func encode(_ port: Int, _ headers: [(String, String)]) throws -> Answer {
        try Client(port: port).ask("POST", "/v1/encode", type + headers, body: Array(Documents.encode.utf8))
    }

    @Test func withoutATokenTheChallengeHasNoError() throws {
        try withTokens("secret") { port in
            let other = [("Authorization", "Basic c2VjcmV0OnNlY3JldA==")]
            for headers in [[], other, [("Authorization", "")], [("Authorization", "Bearerx secret")]] {
                let answer = try encode(port, headers)
                #expect(answer.status == 401)
                #expect(answer["WWW-Authenticate"] == "Bearer realm=\"qevm\"")
                #expect(answer["Content-Type"] == "application/problem+json")
                #expect(answer.json?["title"]?.string == "Unauthorized")
            }
        }
    }

    @Test(
        arguments: [
            "Bearer", "Bearer ", "Bearer wrong", "Bearer secre", "Bearer secretx", "Bearer secret secret",
            "Bearer secret,", "Bearer SECRET", "bearer xsecret", "Bearer secretsecret",
        ]
    )
    func anotherTokenIsInvalid(_ field: String) throws {
        try withTokens("secret") { port in
            let answer = try encode(port, [("Authorization", field)])
            #expect(answer.status == 401)
            #expect(answer["WWW-Authenticate"] == "Bearer realm=\"qevm\", error=\"invalid_token\"")
            #expect(!answer.text.contains("secret"))
        }
    }

    @Test(arguments: ["Bearer secret", "bearer secret", "BEARER   secret"])
    func theTokenIsTakenWithTheSchemeInAnyCase(_ field: String) throws {
        try withTokens("secret") { port in
            let answer = try encode(port, [("Authorization", field)])
            #expect(answer.status == 200)
            #expect(answer["WWW-Authenticate"] == nil)
            // Two of them could be read in two ways.
            #expect(try encode(port, [("Authorization", field), ("Authorization", field)]).status == 401)
        }
    }

    @Test func eachOfSeveralTokensIsTaken() throws {
        try withTokens("# old and new\n old-1 \r\n\n\tnew/2==\n") { port in
            for (token, status) in [("old-1", 200), ("new/2==", 200), ("old", 401), ("new/2=", 401), ("#", 401)] {
                let answer = try encode(port, [("Authorization", "Bearer \(token)")])
                #expect(answer.status == status, "\(token)")
            }
        }
    }

    @Test func everyPathOfV1IsGuardedAndTheServicesOwnAreNot() throws {
        try withTokens("secret") { port in
            let client = try Client(port: port)
            for path in ["/v1", "/v1/", "/v1/encode", "/v1/decode", "/v1/validate", "/v1/nothing", "/metrics"] {
                for method in ["GET", "POST", "OPTIONS"] {
                    #expect(try client.ask(method, path).status == 401, "\(method) \(path)")
                }
            }
            for path in ["/livez", "/readyz", "/healthz", "/openapi.yaml"] {
                #expect(try client.ask("GET", path).status == 200)
            }
            #expect(try client.ask("GET", "/nothing").status == 404)
            #expect(try client.ask("OPTIONS", "*").status == 204)
            let shown = [("Authorization", "Bearer secret")]
            #expect(try client.ask("GET", "/metrics", shown).status == 200)
            #expect(try client.ask("GET", "/v1/nothing", shown).status == 404)
            #expect(try client.ask("GET", "/v1/encode", shown).status == 405)
        }
    }

    /// Paths that only look different are the same path.
    @Test(arguments: ["/%761/encode", "/x/../v1/encode", "/./v1/encode", "http://localhost/v1/encode"])
    func noSpellingOfAPathGetsAround(_ target: String) throws {
        try withTokens("secret") { port in
            let answer = try Client(port: port).ask("POST", target, type, body: Array("{}".utf8))
            #expect(answer.status == 401)
        }
    }

    @Test func theAnswerComesBeforeTheBody() throws {
        try withTokens("secret") { port in
            let client = try Client(port: port)
            let headers = type + [("Content-Length", "1000000"), ("Expect", "100-continue")]
            client.send(request("POST", "/v1/decode", headers))
            #expect(try client.answer().status == 401)
        }
    }

    @Test func withoutTokensNoneIsAskedFor() throws {
        #expect(try encode(Shared.port, []).status == 200)
        #expect(try encode(Shared.port, [("Authorization", "Bearer whatever")]).status == 200)
    }

    @Test(arguments: ["", "\n \n", "# only a comment\n"])
    func aTextWithoutATokenIsRefused(_ text: String) {
        #expect(throws: BearerTokens.Invalid(line: nil)) { try BearerTokens(Array(text.utf8)) }
    }

    @Test(arguments: ["two words", "a=b", "=", "é", "a,b", "a\u{0}", "\"quoted\""])
    func whatIsNoTokenIsRefusedWithItsLine(_ text: String) {
        #expect(throws: BearerTokens.Invalid(line: 2)) { try BearerTokens(Array("good\n\(text)\n".utf8)) }
    }

    @Test func tokensAreComparedWhole() throws {
        let tokens = try BearerTokens(Array("abc\nabcabc\n".utf8))
        for text in ["abc", "abcabc"] { #expect(tokens.contains(text.utf8)) }
        // Repetitions of a token are not the token, and nothing is none.
        for text in ["", "a", "ab", "abcabcabc", "abd", "bbc", "abcabd", "abcab"] {
            #expect(!tokens.contains(text.utf8))
        }
        #expect(!tokens.contains(repeatElement(0, count: 3)))
        let both = tokens.with(try BearerTokens(Array("xyz".utf8)))
        for text in ["abc", "xyz"] { #expect(both.contains(text.utf8)) }
    }
}
