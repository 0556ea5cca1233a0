// SPDX-License-Identifier: Apache-2.0

import Engine
import HTTP
import Testing

@testable import Server

@Suite("Forms", .timeLimit(.minutes(10)))
struct MultipartTests {
    private let request = Array("{\"vmsd\":\(Documents.byteVMSD)}".utf8)

    private func post(_ body: [UInt8], _ type: String = "multipart/form-data; boundary=b0undary") throws -> Answer {
        try Shared.ask("POST", "/v1/decode", [("Content-Type", type)], body: body)
    }

    @Test(arguments: [0x00, 0x0a, 0x0d, 0x2d, 0x30, 0x80, 0xff] as [UInt8])
    func bytesComeThroughAsTheyAre(_ byte: UInt8) throws {
        #expect(try post(form(request, [byte])).json?["state"]?["a"]?.int == Int(byte))
    }

    @Test func bytesThatLookLikeABoundaryAreBytes() throws {
        let stream = Array("\r\n--b0undar\r\n--\r\n\n--b0undary--b0undary\r".utf8)
        let fields = "[{\"name\":\"b\",\"info\":\"buffer\",\"flags\":[\"VMS_BUFFER\"],\"size\":\(stream.count)}]"
        let request = Array("{\"vmsd\":{\"name\":\"t\",\"fields\":\(fields)}}".utf8)
        #expect(try post(form(request, stream)).json?["consumed"]?.int == stream.count)
    }

    @Test(arguments: ["\"b0 und:ary\"", "b", "'()+_,-./:=?", String(repeating: "x", count: 70)])
    func boundariesOfEveryKind(_ boundary: String) throws {
        let plain = boundary.filter { $0 != "\"" }
        let quoted = "\"\(plain)\""
        let answer = try post(form(request, [7], boundary: plain), "multipart/form-data; boundary=\(quoted)")
        #expect(answer.json?["state"]?["a"]?.int == 7)
    }

    @Test func whatIsBeforeAndBehindThePartsIsNotLookedAt() throws {
        let body = Array("preamble\r\n".utf8) + form(request, [7]) + Array("epilogue".utf8)
        #expect(try post(body).status == 200)
    }

    @Test func namesMayComeInAnyCaseAndOrderOfFields() throws {
        var text =
            "--b0undary  \r\nX-Other: 1\r\ncontent-disposition: form-data; filename=x; Name=stream\r\n\r\n\u{7}\r\n"
        text += "--b0undary\r\nContent-Disposition: form-data; name=request\r\n\r\n"
        let body = Array(text.utf8) + request + Array("\r\n--b0undary--".utf8)
        #expect(try post(body).json?["state"]?["a"]?.int == 7)
    }

    @Test func aFieldMayGoOnInTheNextLine() throws {
        var text = "--b0undary\r\nContent-Disposition: form-data;\r\n\tname=stream\r\n\r\n\u{7}\r\n"
        text += "--b0undary\r\nContent-Disposition:\r\n form-data; name=request\r\n\r\n"
        let body = Array(text.utf8) + request + Array("\r\n--b0undary--".utf8)
        #expect(try post(body).json?["state"]?["a"]?.int == 7)
    }

    /// Nothing is taken for what it is not.
    @Test(arguments: [
        ("Content-Transfer-Encoding: base64", 415), ("Content-Transfer-Encoding: quoted-printable", 415),
        ("Content-Encoding: gzip", 415), ("Content-Transfer-Encoding: Binary", 200),
        ("Content-Encoding: identity", 200),
    ])
    func codedPartsAreRefused(_ field: String, _ status: Int) throws {
        let text = "--b0undary\r\n\(field)\r\nContent-Disposition: form-data; name=stream\r\n\r\n\u{7}\r\n"
        let head = "--b0undary\r\nContent-Disposition: form-data; name=request\r\n\r\n"
        let body = Array(text.utf8) + Array(head.utf8) + request + Array("\r\n--b0undary--".utf8)
        #expect(try post(body).status == status)
    }

    @Test func aHeaderWithoutEndSaysItsLimit() throws {
        let text = "--b0undary\r\nX-A: \(String(repeating: "a", count: 20_000))\r\n\r\nx\r\n--b0undary--\r\n"
        #expect(try post(Array(text.utf8)).text.contains("\(Multipart.maximumHeader) bytes"))
    }

    @Test(
        arguments: [
            "", "--b0undary", "--b0undary\r\n", "--b0undary\r\n\r\n", "--b0undary\r\n\r\nx\r\n--b0undary--",
            "--b0undary\r\nContent-Disposition: form-data; name=\"request\"\r\n--b0undary--",
            "--b0undary\r\n--b0undary--", "--other--", "x--b0undary--",
            "--b0undary\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b0undary--",
            "--b0undary x\r\nContent-Disposition: form-data; name=request\r\n\r\nx\r\n--b0undary--",
            "--b0undary--", "--b0undary--\r\n--b0undary\r\n",
        ]
    )
    func whatIsNoFormIs400(_ text: String) throws {
        let answer = try post(Array(text.utf8))
        #expect(answer.status == 400)
        #expect(answer["Content-Type"] == "application/problem+json")
    }

    @Test func aFormHasFewParts() throws {
        let part = "--b0undary\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n"
        let parts = { String(repeating: part, count: $0) }
        let whole = form(request, [7])
        #expect(try !post(Array(parts(14).utf8) + whole).text.contains("at most"))
        #expect(try post(Array(parts(15).utf8) + whole).text.contains("at most 16 parts"))
    }

    @Test func everyPrefixOfAFormIsRefused() throws {
        let whole = form(request, [7])
        for count in 0..<(whole.count - "--\r\n".utf8.count) {
            let problem = #expect(throws: Problem.self) {
                let parts = try Multipart(
                    .bytes(Array(whole[..<count])),
                    MediaType("multipart/form-data; boundary=b0undary")
                )
                guard try parts["request"] != nil, try parts["stream"] != nil else {
                    throw Problem(.badRequest, "parts")
                }
            }
            #expect(problem?.status == .badRequest)
        }
    }

    @Test(arguments: ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\""])
    func aBoundaryIsNeeded(_ type: String) throws {
        #expect(try post(form(request, [7]), type).status == 400)
        let long = "multipart/form-data; boundary=\(String(repeating: "x", count: 71))"
        #expect(try post(form(request, [7]), long).status == 400)
    }

    @Test func aMissingPartIsNamed() throws {
        let text = "--b0undary\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\nx\r\n--b0undary--\r\n"
        // Without a request the stream is to be a whole one.
        #expect(try post(Array(text.utf8)).code == "stream-invalid")
        let other = text.replacing("stream", with: "request")
        #expect(try post(Array(other.utf8)).json?["detail"]?.string == "the form has no part \"stream\"")
    }

    @Test func theStreamIsNotInBothPlaces() throws {
        let answer = try post(form(Array(Documents.decode.utf8), [7]))
        #expect(answer.code == "request-invalid")
    }

    @Test func validateTakesAFormToo() throws {
        let type = [("Content-Type", "multipart/form-data; boundary=b0undary")]
        let valid = try Shared.ask("POST", "/v1/validate", type, body: form(request, [7]))
        #expect(valid.json?["valid"]?.bool == true)
        let invalid = try Shared.ask("POST", "/v1/validate", type, body: form(request, []))
        #expect(invalid.json?["valid"]?.bool == false)
    }

    @Test func encodeTakesTheStreamAsSource() throws {
        let type = [("Content-Type", "multipart/form-data; boundary=b0undary")]
        #expect(try Shared.ask("POST", "/v1/encode", type, body: form(request, [7])).code == "request-invalid")
    }

    /// A part that is misspelt would go unseen, and of two only one be taken.
    @Test(arguments: ["/v1/decode", "/v1/validate", "/v1/encode", "/v1/edit", "/v1/diff", "/v1/ram?block=a"])
    func otherPartsAndTwoOfOneNameAreRefused(_ path: String) throws {
        let type = [("Content-Type", "multipart/form-data; boundary=b0undary")]
        func part(_ name: String) -> String {
            "--b0undary\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n{}\r\n"
        }
        for parts in [["stream", "request", "reqest"], ["request", "request"], ["stream", "stream"], ["a", "a"]] {
            let body = Array((parts.map(part).joined() + "--b0undary--\r\n").utf8)
            let answer = try Shared.ask("POST", path, type, body: body)
            #expect(answer.status == 400, "\(path) \(parts)")
        }
    }

    @Test func theBytesOfADescriptionAreInNothing() throws {
        for query in ["at=3", "snapshot=x"] {
            let answer = try Shared.ask(
                "POST",
                "/v1/decode?\(query)",
                [("Content-Type", "multipart/form-data; boundary=b0undary")],
                body: form(request, [7])
            )
            #expect(answer.status == 400)
        }
    }
}
