// SPDX-License-Identifier: Apache-2.0

import Compression
import Engine
import Testing

@testable import Server

@Suite("Negotiation", .timeLimit(.minutes(10)))
struct NegotiationTests {
    private static let octets = "application/octet-stream"
    private static let json = "application/json"

    @Test(
        arguments: [
            (nil, octets), ("", octets), (" , ,", octets), ("*/*", octets), ("application/*", octets), (json, json),
            ("application/JSON", json),
            ("application/json;q=0.5, application/octet-stream;q=0.4", json),
            ("application/json;q=0.4, application/octet-stream;q=0.5", octets),
            ("application/json, application/octet-stream", octets),
            // The most specific range decides, wherever it stands.
            ("*/*, application/octet-stream;q=0", json), ("application/octet-stream;q=0, */*", json),
            ("*/*;q=0.1, application/json", json), ("application/*;q=0.2, */*;q=0.9, application/json;q=0.3", json),
            ("text/html, */*;q=0.001", octets), ("text/html;level=1, application/json; q=1.000", json),
        ] as [(String?, String)]
    )
    func encodeAnswersInTheTypeThatIsWanted(_ accept: String?, _ type: String) throws {
        let answer = try Shared.post("/v1/encode", Documents.encode, accept.map { [("Accept", $0)] } ?? [])
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == type)
        #expect(type == Self.octets ? answer.body == [7] : answer.json?["stream"]?.string == "07")
    }

    @Test(
        arguments: [
            "text/html", "application/json;q=0", "*/*;q=0", "application/json;q=2", "image/*", "application/json;q=x",
        ]
    )
    func nothingThatIsWantedIs406(_ accept: String) throws {
        let answer = try Shared.post("/v1/decode", Documents.decode, [("Accept", accept)])
        #expect(answer.status == 406)
        #expect(answer["Content-Type"] == "application/problem+json")
        #expect(answer.json?["detail"]?.string?.contains("application/json") == true)
    }

    @Test func twoFieldLinesAreOneList() throws {
        let headers = [("Accept", "text/html"), ("Accept", "application/json")]
        #expect(try Shared.post("/v1/encode", Documents.encode, headers)["Content-Type"] == Self.json)
    }

    @Test func whatIsNotNegotiatedIgnoresAccept() throws {
        #expect(try Shared.ask("GET", "/healthz", [("Accept", "text/html")]).status == 200)
    }

    @Test func varyNamesWhatTookPart() throws {
        #expect(try Shared.post("/v1/encode", Documents.encode)["Vary"] == "Accept, Accept-Encoding")
        #expect(try Shared.post("/v1/validate", Documents.encode)["Vary"] == "Accept, Accept-Encoding")
        #expect(try Shared.post("/v1/decode", Documents.decode)["Vary"] == "Accept, Accept-Encoding")
        #expect(try Shared.ask("GET", "/openapi.yaml")["Vary"] == "Accept-Encoding")
    }

    @Test(
        arguments: [
            ("x-gzip", "gzip"), ("x-gzip;q=0.5, deflate", "deflate"),
            ("gzip", "gzip"), ("deflate", "deflate"), ("gzip, deflate", "gzip"), ("GZIP", "gzip"), ("*", "gzip"),
            ("deflate;q=1, gzip;q=0.5", "deflate"), ("gzip;q=0, *", "deflate"), ("br, gzip;q=0.1", "gzip"),
            ("identity, gzip;q=0.5", nil), ("gzip;q=0", nil), ("br", nil), ("", nil), ("identity", nil),
            ("*;q=0", nil), ("identity;q=0.5, gzip", "gzip"),
        ] as [(String, String?)]
    )
    func aLargeAnswerIsCodedAsAccepted(_ accept: String, _ coding: String?) throws {
        var answer = try Shared.post("/v1/decode", Documents.buffer(2000), [("Accept-Encoding", accept)])
        #expect(answer.status == 200)
        #expect(answer["Content-Encoding"] == coding)
        #expect(answer["Content-Length"] == String(answer.body.count))
        #expect(answer["Vary"] == "Accept, Accept-Encoding")
        if let coding {
            #expect(answer.body.count < 1000)
            answer.body = try Inflater.inflate(answer.body, isGzip: coding == "gzip", limit: 1 << 20)
        }
        #expect(answer.json?["state"]?["b"]?.string == String(repeating: "5a", count: 2000))
    }

    @Test func aSmallAnswerIsNot() throws {
        let small = try Shared.post("/v1/decode", Documents.decode, [("Accept-Encoding", "gzip")])
        #expect(small["Content-Encoding"] == nil)
        #expect(small["Vary"] == "Accept, Accept-Encoding")
        // The bound: 1024 bytes. The answer has 42 bytes beside the digits.
        for (bytes, isCoded) in [(480, false), (520, true)] {
            let answer = try Shared.post("/v1/decode", Documents.buffer(bytes), [("Accept-Encoding", "gzip")])
            #expect((answer["Content-Encoding"] == "gzip") == isCoded)
        }
    }

    @Test(
        arguments: [
            ("gzip, identity;q=0", "gzip"), ("deflate, *;q=0", "deflate"), ("identity;q=0, *", "gzip"),
            // Nothing that is wanted can be had: then it is sent as it is.
            ("identity;q=0", nil), ("*;q=0", nil), ("br, identity;q=0", nil),
            ("gzip, identity;q=0.001", nil), ("gzip", nil),
        ] as [(String, String?)]
    )
    func aSmallAnswerIsCodedForWhoRefusesIdentity(_ accept: String, _ coding: String?) throws {
        var answer = try Shared.post("/v1/decode", Documents.decode, [("Accept-Encoding", accept)])
        #expect(answer.status == 200)
        #expect(answer["Content-Encoding"] == coding)
        if let coding { answer.body = try Inflater.inflate(answer.body, isGzip: coding == "gzip", limit: 1 << 20) }
        #expect(answer.json?["consumed"]?.int == 1)
    }

    @Test func mediaTypesAreTakenApart() {
        let type = MediaType("Multipart/Form-Data; boundary=\"a;\\\"b\\\\\"; charset=utf-8 ")
        #expect(type.essence == "multipart/form-data")
        #expect(type["charset"] == "utf-8")
        #expect(type["boundary"] == "a;\"b\\")
        #expect(MediaType("").essence.isEmpty)
    }

    @Test func semicolonsInQuotesDoNotDivide() {
        let type = MediaType("\t A/b ;;x=\"1;\\\";2\";\ty=é; z=\";")
        #expect(type.essence == "a/b")
        #expect(type["x"] == "1;\";2")
        #expect(type["y"] == "é")
        #expect(type["z"] == "\";")
        #expect(MediaType(" ; ").essence.isEmpty)
    }
}
