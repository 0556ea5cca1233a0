// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite("Answers on the wire")
struct ResponseTests {
    @Test("an answer has date, fields and length, in that order")
    func whole() {
        var talk = Talk()
        #expect(talk.say(get("/hello")) == "read")
        let expected = "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
        #expect(talk.heard() == expected)
    }

    @Test("HEAD is answered with the length and without the body (RFC 9110 §9.3.2)")
    func head() {
        var talk = Talk()
        #expect(talk.say("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n") == "read")
        #expect(talk.heard().hasSuffix("Content-Length: 5\r\n\r\n"))
    }

    @Test(
        "204 and 304 have neither body nor length (RFC 9110 §15.3.5, §15.4.5)",
        arguments: ["/no-content", "/not-modified"]
    )
    func noBody(path: String) {
        var talk = Talk()
        _ = talk.say(get(path))
        let heard = talk.heard()
        #expect(heard.hasSuffix("\r\n\r\n"))
        #expect(!heard.contains("Content-Length"))
    }

    @Test("fields that frame the answer are the server's alone")
    func forged() {
        var talk = Talk()
        _ = talk.say(get("/forged"))
        #expect(talk.heard() == "HTTP/1.1 200 OK\r\nDate: now\r\nX-Kept: forged\r\nContent-Length: 0\r\n\r\n")
    }

    @Test("a large body is not copied behind its head and is whole all the same")
    func large() {
        var talk = Talk()
        #expect(talk.say(get("/large?bytes=100000") + get("/hello")) == "flush")
        #expect(talk.output.tail.count == 100_000)
        let heard = talk.heard()
        #expect(heard.contains("Content-Length: 100000\r\n\r\nxxx"))
        #expect(talk.say("") == "read")
        #expect(talk.heard().statuses == [200])
    }
}
