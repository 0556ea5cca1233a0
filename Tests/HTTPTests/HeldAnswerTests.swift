// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite("Answers that wait for their clients", .timeLimit(.minutes(10)))
struct HeldAnswerTests {
    /// More than the buffers of two sockets take.
    private let large = 24 << 20

    @Test("work is refused while answers that nobody takes fill the room for bodies, and done again when they are gone")
    func unread() throws {
        try withServer({ $0.maximumHeldBodyBytes = 1 << 20 }) { address, server in
            for isTaken in [true, false] {
                let slow = try TestClient(address, receiveBuffer: 4_096)
                let other = try TestClient(address)
                slow.send(get("/large-work?bytes=\(large)"))
                #expect(eventually { server.counters.answers > 0 && server.counters.requestsWithWorkers == 0 })
                other.send(get("/work"))
                let refusal = other.answer()
                #expect(refusal?.status == 503)
                #expect(refusal?.head.contains("Retry-After: 1\r\n") == true)
                // Bodies are read into the same room.
                let upload = try TestClient(address)
                upload.send(post("/upload", "a"))
                #expect(upload.answer()?.status == 503)
                // What the loop answers by itself needs none.
                other.send(get("/hello"))
                #expect(other.answer()?.text == "hello")
                if isTaken { #expect(slow.answer()?.body.count == large) } else { slow.reset() }
                #expect(
                    eventually {
                        other.send(get("/work"))
                        return other.answer()?.status == 200
                    }
                )
            }
        }
    }

    @Test("requests that wait for a worker are refused when the answers before them fill the room")
    func queued() throws {
        try withServer({ $0.maximumHeldBodyBytes = 1 << 20 }) { address, server in
            let clients = try (0..<3).map { _ in try TestClient(address, receiveBuffer: 4_096) }
            clients[0].send(get("/work?ms=500"))
            #expect(eventually { server.counters.requestsWithWorkers == 1 })
            clients[1].send(get("/large-work?bytes=\(large)"))
            #expect(eventually { server.counters.requestsWithWorkers == 2 })
            clients[2].send(get("/large-work?bytes=\(large)"))
            #expect(clients[0].answer()?.text == "worked")
            #expect(clients[2].answer()?.status == 503)
            #expect(clients[1].answer()?.body.count == large)
        }
    }

    @Test("an answer is entered whatever room there is, and taken out with its last reference")
    func references() {
        let held = HeldBytes(maximum: 10)
        var buffers = [OutputBuffer(), OutputBuffer()]
        buffers[0].held = HeldAnswer(11, in: held)
        buffers[1].held = buffers[0].held
        buffers[0].reset()
        #expect(held.isExceeded && !held.hold(1))
        buffers[1].reset()
        #expect(!held.isExceeded && held.hold(10))
    }
}
