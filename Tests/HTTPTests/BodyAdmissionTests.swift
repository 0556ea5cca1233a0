// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite("Bodies that are read, refused and expected")
struct BodyAdmissionTests {
    private let chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test("100 is sent when the body is wanted and has not begun (RFC 9110 §10.1.1)")
    func continued() {
        var talk = Talk()
        let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n"
        #expect(talk.say(head) == "read")
        #expect(talk.heard() == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(talk.say("ab") == "read")
        #expect(talk.heard().statuses == [200])
    }

    @Test(
        "100 is not sent to HTTP/1.0, without a body, or when the body has begun",
        arguments: [
            "POST /echo HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\na",
            "GET /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        ]
    )
    func notContinued(raw: String) {
        var talk = Talk()
        _ = talk.say(raw)
        #expect(!talk.heard().contains("100 Continue"))
    }

    @Test("with a body that is there already, what follows it is answered too; 100 is for one that is not")
    func expectedAndPipelined() {
        let raw = post("/echo", "abc", "Expect: 100-continue") + get("/hello")
        var talk = Talk()
        #expect(talk.say(raw) == "read")
        #expect(talk.heard().statuses == [200, 200])
        var slow = Talk()
        for scalar in raw.unicodeScalars { #expect(slow.say(String(scalar)) == "read") }
        #expect(slow.heard().statuses == [100, 200, 200])
    }

    @Test("a refusal takes the place of 100, and the connection ends")
    func refusedExpectation() {
        for path in ["/refused", "/echo"] {
            var talk = Talk()
            let raw = "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n"
            #expect(talk.say(raw) == "finish")
            #expect(talk.heard().statuses == [path == "/echo" ? 413 : 404])
        }
    }

    @Test("any other expectation is 417")
    func unknownExpectation() {
        var talk = Talk()
        #expect(talk.say(get("/hello", "Expect: a-miracle") + get("/hello")) == "read")
        #expect(talk.heard().statuses == [417, 200])
        for fields in [("Expect: 100-continue", "Expect: more"), ("Expect: more", "Expect: 100-continue")] {
            #expect(talk.say(get("/hello", fields.0, fields.1)) == "read")
            #expect(talk.heard().statuses == [417])
        }
    }

    @Test("a short body that is refused is dropped and the connection kept")
    func drained() {
        var talk = Talk()
        let body = String(repeating: "GET / HTTP/1.1\r\n\r\n", count: 3)
        #expect(talk.say(post("/refused", body).dropLast(5).description) == "read")
        #expect(talk.heard().statuses == [404])
        #expect(talk.say("12345" + get("/hello")) == "read")
        #expect(talk.heard().statuses == [200])
        #expect(talk.say(post("/echo", body) + get("/hello")) == "read")
        #expect(talk.heard().statuses == [413, 200])
    }

    @Test("before a long or unbounded body that is refused the connection is closed")
    func tooLongToDrain() {
        var talk = Talk()
        #expect(talk.say("POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n") == "finish")
        #expect(talk.heard().contains("Connection: close\r\n"))
        var other = Talk()
        #expect(other.say("POST /refused HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") == "finish")
        #expect(other.heard().statuses == [404])
    }

    @Test("a chunked body is 413 as soon as it is too long (RFC 9110 §15.5.14)")
    func tooLongWhileChunked() {
        var talk = Talk()
        #expect(talk.say(chunked + "a\r\n0123456789\r\n") == "read")
        #expect(talk.heard().isEmpty)
        #expect(talk.say("1\r\nx") == "finish")
        #expect(talk.heard().statuses == [413])
        var fits = Talk()
        #expect(fits.say(chunked + "a\r\n0123456789\r\n0\r\n\r\n") == "read")
        #expect(fits.heard().hasSuffix("\r\n\r\n0123456789"))
    }

    @Test("a broken body is 400 and the end, and no handler sees it")
    func brokenChunks() {
        var talk = Talk()
        #expect(talk.say(chunked + "1\r\nab\r\n" + get("/hello")) == "finish")
        let heard = talk.heard()
        #expect(heard.statuses == [400])
        #expect(heard.contains("Connection: close\r\n"))
    }

    @Test("a declared length reserves nothing before bytes arrive")
    func noReservation() {
        var talk = Talk()
        #expect(talk.say("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 60000000\r\n\r\nabc") == "read")
        #expect(talk.conversation.heldBodyCapacity < 4_096)
    }

    @Test("bodies are bounded together: 503 beyond it, and room again when one is answered or gone")
    func heldTogether() {
        var configuration = HTTPConfiguration()
        configuration.maximumHeldBodyBytes = 10
        var first = Talk(configuration)
        var second = first
        let head = "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n"
        for isAnswered in [true, false] {
            #expect(first.say(head + "1234567") == "read")
            #expect(second.say(head + "1234") == "finish")
            #expect(second.heard().statuses == [503])
            second = Talk(sharing: first)
            if isAnswered { #expect(first.say("8") == "read") } else { first.conversation.releaseBody() }
            #expect(second.say(head + "12345678") == "read")
            #expect(second.heard().statuses == [200])
        }
    }

    @Test("a refused worker is 503 with Retry-After and the connection is kept (RFC 9110 §10.2.3)")
    func overloaded() {
        var talk = Talk()
        #expect(talk.say(get("/work")) == "work")
        _ = talk.conversation.refuseWork(&talk.output, talk.moment)
        let heard = talk.heard()
        #expect(heard.statuses == [503])
        #expect(heard.contains("Retry-After: 1\r\n"))
        #expect(talk.say(get("/hello")) == "read")
        #expect(talk.heard().statuses == [200])
    }

    @Test("a handler that gives its own Retry-After has it alone")
    func ownRetryAfter() {
        struct Patient: HTTPHandler {
            func admit(_ head: HTTPRequestHead) -> HTTPAdmission { .collect(bodyLimit: 0, on: .worker) }
            func respond(to request: HTTPRequest) -> HTTPResponse { HTTPResponse(.ok) }
            func failure(_ failure: HTTPFailure, for head: HTTPRequestHead?) -> HTTPResponse {
                HTTPResponse(failure.status, headers: HTTPHeaders([("retry-after", "120")]))
            }
        }
        var talk = Talk(handler: Patient())
        #expect(talk.say(get("/")) == "work")
        _ = talk.conversation.refuseWork(&talk.output, talk.moment)
        let heard = talk.heard()
        #expect(heard.contains("retry-after: 120\r\n"))
        #expect(!heard.contains("Retry-After"))
    }
}
