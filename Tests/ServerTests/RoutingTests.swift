// SPDX-License-Identifier: Apache-2.0

import Engine
import Testing

@testable import Server

@Suite("Paths and methods", .timeLimit(.minutes(10)))
struct RoutingTests {
    @Test(arguments: ["/healthz", "/livez", "/readyz"])
    func healthIsAnswered(_ path: String) throws {
        let answer = try Shared.ask("GET", path)
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "application/json")
        #expect(answer.text == "{\"status\":\"ok\"}")
    }

    @Test func anUnknownPathIsAProblem() throws {
        for path in ["/", "/v1", "/v1/encode/", "/v2/encode", "/healthz/x"] {
            let answer = try Shared.ask("GET", path)
            #expect(answer.status == 404)
            #expect(answer["Content-Type"] == "application/problem+json")
            #expect(answer.json?["type"]?.string == "about:blank")
            #expect(answer.json?["title"]?.string == "Not Found")
            #expect(answer.json?["status"]?.int == 404)
            #expect(answer.json?["detail"]?.string?.contains(path) == true)
        }
    }

    @Test(
        arguments: [
            ("GET", "/v1/encode", "POST, OPTIONS"), ("HEAD", "/v1/decode", "POST, OPTIONS"),
            ("DELETE", "/v1/validate", "POST, OPTIONS"), ("POST", "/healthz", "GET, HEAD, OPTIONS"),
            ("PUT", "/openapi.yaml", "GET, HEAD, OPTIONS"),
        ]
    )
    func anotherMethodIsRefusedWithThoseAllowed(_ method: String, _ path: String, _ allowed: String) throws {
        let answer = try Shared.ask(method, path)
        #expect(answer.status == 405)
        #expect(answer["Allow"] == allowed)
        #expect(answer["Content-Type"] == "application/problem+json")
    }

    @Test(arguments: ["BREW", "get", "PROPFIND", "M-SEARCH"])
    func aMethodThatIsNotKnownIsNotImplemented(_ method: String) throws {
        for path in ["/healthz", "/v1/encode"] {
            let answer = try Shared.ask(method, path)
            #expect(answer.status == 501)
            #expect(answer["Content-Type"] == "application/problem+json")
        }
    }

    @Test(
        arguments: [
            ("/v1/encode", "POST, OPTIONS"), ("/healthz", "GET, HEAD, OPTIONS"), ("*", "GET, HEAD, POST, OPTIONS"),
        ]
    )
    func optionsAreListed(_ path: String, _ allowed: String) throws {
        let answer = try Shared.ask("OPTIONS", path)
        #expect(answer.status == 204)
        #expect(answer["Allow"] == allowed)
        #expect(answer.body.isEmpty)
    }

    @Test func headHasTheFieldsOfGetAndNoBody() throws {
        let client = try Client(port: Shared.port)
        for path in ["/healthz", "/openapi.yaml"] {
            let get = try client.ask("GET", path)
            let head = try client.ask("HEAD", path)
            #expect(head.status == 200)
            #expect(head["Content-Length"] == String(get.body.count))
            #expect(head["Content-Type"] == get["Content-Type"])
        }
        // Nothing of a body is left on the connection.
        #expect(try client.ask("GET", "/livez").status == 200)
    }

    @Test func aBodyWhereNoneIsWantedIsRefused() throws {
        #expect(try Shared.ask("GET", "/healthz", body: Array("x".utf8)).status == 413)
    }

    @Test(arguments: ["/v1/decode", "/v1/encode", "/v1/validate", "/v1/edit", "/v1/diff", "/v1/ram"])
    func aParameterThatNoPathHasIsRefused(path: String) throws {
        let isJSON = ["/v1/decode", "/v1/encode", "/v1/validate"].contains(path)
        let type = isJSON ? "application/json" : "multipart/form-data; boundary=a"
        let answer = try Shared.ask("POST", path + "?offsets=true&ofsets=true", [("Content-Type", type)], body: [])
        #expect(answer.status == 400)
        #expect(answer.text.contains("there is no parameter \\\"ofsets\\\"; known are at, block, bytes, "))
    }

    /// Also where the parameter does not matter.
    @Test(arguments: [
        "raw=maybe", "vmdesc=2", "contents=1", "offsets=yes", "hexdump=no", "bytes=octal", "int64=", "infos=both",
        "at=-1",
        "raw=true&raw=false", "block=a&block=a",
    ])
    func aValueThatAParameterDoesNotTakeIsRefused(_ query: String) throws {
        let answer = try Shared.ask("POST", "/v1/encode?\(query)", [("Content-Type", "application/json")], body: [])
        #expect(answer.status == 400 && answer.code == nil)
    }

    @Test func twoTypesOfABodyAreRefused() throws {
        let json = ("Content-Type", "application/json")
        let both = try Shared.ask("POST", "/v1/decode", [json, ("Content-Type", "application/octet-stream")], body: [])
        #expect(both.status == 400)
        let twice = try Shared.ask("POST", "/v1/decode", [json, json], body: Array(Documents.decode.utf8))
        #expect(twice.status == 200)
    }

    @Test func aLengthIsNeeded() throws {
        let answer = try Shared.ask("POST", "/v1/encode", [("Content-Type", "application/json")])
        #expect(answer.status == 411)
        #expect(answer["Content-Type"] == "application/problem+json")
    }

    @Test func aChunkedBodyIsRead() throws {
        let client = try Client(port: Shared.port)
        let headers = [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]
        client.send(request("POST", "/v1/encode", headers))
        for byte in Documents.encode.utf8 { client.send([0x31, 0x0d, 0x0a, byte, 0x0d, 0x0a]) }
        client.send(Array("0\r\n\r\n".utf8))
        #expect(try client.answer().body == [7])
    }

    @Test(arguments: ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""])
    func anotherTypeIsRefusedWithThoseTaken(_ type: String) throws {
        for (path, taken) in [
            ("/v1/encode", "application/json, multipart/form-data"),
            ("/v1/decode", "application/json, multipart/form-data, application/octet-stream"),
            ("/v1/validate", "application/json, multipart/form-data, application/octet-stream"),
        ] {
            let headers = type.isEmpty ? [] : [("Content-Type", type)]
            let answer = try Shared.ask("POST", path, headers, body: Array("{}".utf8))
            #expect(answer.status == 415)
            #expect(answer["Accept"] == taken)
            #expect(answer["Content-Type"] == "application/problem+json")
        }
    }

    @Test(arguments: ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;charset=\"a;b\""])
    func parametersAndCaseOfTheTypeDoNotMatter(_ type: String) throws {
        let answer = try Shared.ask("POST", "/v1/encode", [("Content-Type", type)], body: Array(Documents.encode.utf8))
        #expect(answer.body == [7])
    }

    @Test func whatTheServerItselfRefusesIsAProblemToo() throws {
        let client = try Client(port: Shared.port)
        client.send(Array("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".utf8))
        let answer = try client.answer()
        #expect(answer.status == 400)
        #expect(answer["Content-Type"] == "application/problem+json")
        #expect(answer.json?["detail"]?.string?.isEmpty == false)
        let other = try Client(port: Shared.port)
        other.send(Array("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        #expect(try other.answer().status == 414)
    }
}
