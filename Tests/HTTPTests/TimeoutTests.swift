// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite("Time limits, by a clock that the test sets")
struct TimeoutTests {
    private let head = "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 60000000\r\n\r\n"

    @Test("an idle connection is closed without a word")
    func idle() {
        var talk = Talk()
        #expect(talk.wait(milliseconds: 60_000) == nil)
        #expect(talk.wait(milliseconds: 1) == "close")
        #expect(talk.heard().isEmpty)
    }

    @Test("a header that trickles in is 408, however many bytes it has by then")
    func header() {
        var talk = Talk()
        _ = talk.wait(milliseconds: 30_000)
        #expect(talk.say("GET / HT") == "read")
        #expect(talk.wait(milliseconds: 9_000) == nil)
        #expect(talk.say("TP/1.1\r\n") == "read")
        #expect(talk.wait(milliseconds: 1_000) == nil)
        #expect(talk.wait(milliseconds: 1) == "finish")
        #expect(talk.heard().statuses == [408])
    }

    @Test("a body below the minimum rate is 408 after its grace")
    func bodyRate() {
        var talk = Talk()
        #expect(talk.say(head) == "read")
        #expect(talk.wait(milliseconds: 10_000) == nil)
        #expect(talk.say(String(repeating: "x", count: 1_024)) == "read")
        #expect(talk.wait(milliseconds: 2_000) == nil)
        #expect(talk.wait(milliseconds: 10) == "finish")
        #expect(talk.heard().statuses == [408])
    }

    @Test("a body that keeps its rate is still bound by the limit of the whole request")
    func wholeRequest() {
        var talk = Talk()
        #expect(talk.say(head) == "read")
        var step: String?
        var seconds = 0
        while step == nil, seconds < 1_000 {
            #expect(talk.say(String(repeating: "x", count: 600)) == "read")
            step = talk.wait(milliseconds: 1_000)
            seconds += 1
        }
        #expect(step == "finish")
        #expect((300...302).contains(seconds))
        #expect(talk.heard().statuses == [408])
    }

    @Test("work that takes too long is 503")
    func work() {
        var talk = Talk()
        #expect(talk.say(get("/work")) == "work")
        #expect(talk.wait(milliseconds: 300_000) == nil)
        #expect(talk.wait(milliseconds: 1) == "finish")
        #expect(talk.heard().statuses == [503])
        #expect(talk.complete() == "read")
        #expect(talk.heard().isEmpty)
    }

    @Test("a client that takes nothing of its answer is cut off, one that takes some is not yet")
    func writeStall() {
        var talk = Talk()
        #expect(talk.say(get("/hello")) == "read")
        talk.conversation.times.sent(someRemain: true, now: talk.moment.milliseconds)
        #expect(talk.wait(milliseconds: 30_000) == nil)
        talk.conversation.times.sent(someRemain: true, now: talk.moment.milliseconds)
        #expect(talk.wait(milliseconds: 30_000) == nil)
        #expect(talk.wait(milliseconds: 1) == "close")
    }

    @Test("lingering ends after its time or its bytes")
    func lingering() {
        var configuration = HTTPConfiguration()
        configuration.lingerBytes = 10
        for byTime in [true, false] {
            var talk = Talk(configuration)
            #expect(talk.say(get("/close")) == "finish")
            talk.conversation.linger(talk.moment)
            #expect(talk.say("123456789") == "read")
            #expect(talk.wait(milliseconds: 1_000) == nil)
            #expect(byTime ? talk.wait(milliseconds: 1) == "close" : talk.say("0") == "close")
        }
    }

    @Test("the time of a kept connection starts anew with each request")
    func renewed() {
        var talk = Talk()
        for _ in 0..<20 {
            #expect(talk.wait(milliseconds: 50_000) == nil)
            #expect(talk.say(get("/hello")) == "read")
        }
        #expect(talk.say(head) == "read")
        #expect(talk.wait(milliseconds: 1) == nil)
    }
}
