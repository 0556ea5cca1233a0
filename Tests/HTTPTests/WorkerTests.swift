// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import HTTP

@Suite("Workers and the end of a server", .timeLimit(.minutes(10)))
struct WorkerTests {
    @Test("cheap requests do not wait for heavy ones")
    func cheapAndHeavy() throws {
        try withServer({ $0.loops = 1 }) { address, server in
            let heavy = try TestClient(address)
            heavy.send(get("/work?ms=1000"))
            #expect(eventually { server.counters.requestsWithWorkers == 1 })
            let cheap = try TestClient(address)
            for _ in 0..<20 {
                cheap.send(get("/hello"))
                #expect(cheap.answer()?.text == "hello")
            }
            // By order, not by clock: the machine may be busy.
            #expect(server.counters.requestsWithWorkers == 1)
            #expect(heavy.answer()?.text == "worked")
        }
    }

    @Test("the answer to one who is gone does not reach the next, who has the same descriptor")
    func answerToAnother() throws {
        try withServer({
            $0.loops = 1
            $0.workers = 2
        }) { address, server in
            for turn in 0..<2 {
                // Kept for the next client's own socket, so that the server's gets the one that the first had.
                let place = dup(STDERR_FILENO)
                let gone = try TestClient(address)
                gone.send(get("/work?ms=200&text=gone"))
                #expect(eventually { server.counters.requestsWithWorkers == 1 })
                gone.reset()
                #expect(eventually { server.counters.openConnections == 0 })
                _ = close(place)
                do {
                    let next = try TestClient(address)
                    next.send(get("/work?ms=400&text=next"))
                    #expect(next.answer()?.text == "next")
                }
                // One more, so that the next turn begins with an odd count of connections and not an even one.
                if turn == 0 { _ = try TestClient(address) }
                #expect(eventually { server.counters.openConnections == 0 })
            }
        }
    }

    @Test("no two connections have the same token for two thousand million more, and none that of a listener")
    func tokens() {
        let generations = [0, 1, 2, 3, 4, 0x7FFF_FFFE, 0x7FFF_FFFF].map { UInt64($0) }
        let tokens = generations.map { EventLoop.token(generation: $0, fd: 7) }
        #expect(Set(tokens).count == generations.count)
        #expect(tokens.allSatisfy { $0 & EventLoop.listenerBit == 0 && $0 & 0xFFFF_FFFF == 7 })
    }

    @Test("beyond busy workers and a full queue it is 503 with Retry-After at once")
    func queueFull() throws {
        try withServer({ $0.workerQueueLength = 1 }) { address, server in
            let clients = try (0..<3).map { _ in try TestClient(address) }
            for (index, client) in clients.enumerated() {
                client.send(get("/work?ms=800"))
                #expect(eventually { server.counters.requestsWithWorkers == min(index + 1, 2) })
            }
            let refusal = clients[2].answer()
            #expect(refusal?.status == 503)
            #expect(refusal?.head.contains("Retry-After: ") == true)
            #expect(server.counters.requestsWithWorkers == 2)
            #expect(clients[0].answer()?.text == "worked")
            #expect(clients[1].answer()?.text == "worked")
            clients[2].send(get("/work"))
            #expect(clients[2].answer()?.text == "worked")
            #expect(server.counters.rejected == 1)
        }
    }

    @Test("shutdown lets a request under way finish, closes idle connections and refuses new ones")
    func shutdown() throws {
        try withServer { address, server in
            let idle = try TestClient(address)
            idle.send(get("/hello"))
            #expect(idle.answer()?.status == 200)
            let busy = try TestClient(address)
            busy.send(get("/work?ms=800"))
            #expect(eventually { server.counters.requestsWithWorkers == 1 })
            let ending = try Thread { server.shutdown(grace: .seconds(5)) }
            #expect(idle.isEnded())
            #expect(throws: HTTPServerError.self) {
                #expect(eventually { (try? TestClient(address)) == nil })
                _ = try TestClient(address)
            }
            let answer = busy.answer()
            #expect(answer?.text == "worked")
            #expect(answer?.head.contains("Connection: close\r\n") == true)
            #expect(busy.isEnded())
            ending.join()
            #expect(server.counters == HTTPCounters())
        }
    }

    @Test("shutdown ends when its grace is over, whatever is still under way")
    func graceOver() throws {
        try withServer { address, server in
            let busy = try TestClient(address)
            busy.send(get("/work?ms=4000"))
            #expect(eventually { server.counters.requestsWithWorkers == 1 })
            let start = Clock.milliseconds()
            server.shutdown(grace: .milliseconds(200))
            #expect((150..<3_000).contains(Clock.milliseconds() - start))
            #expect(busy.answer() == nil)
        }
    }

    @Test("a second shutdown ends the first one at once")
    func secondShutdown() throws {
        try withServer { address, server in
            let busy = try TestClient(address)
            busy.send(get("/work?ms=4000"))
            #expect(eventually { server.counters.requestsWithWorkers == 1 })
            let start = Clock.milliseconds()
            let first = try Thread { server.shutdown(grace: .seconds(60)) }
            usleep(50_000)
            server.shutdown(grace: .seconds(60))
            first.join()
            #expect(Clock.milliseconds() - start < 3_000)
        }
    }

    @Test("a server can be started again, and not twice")
    func restart() throws {
        try withServer { address, server in
            #expect(throws: HTTPServerError.self) { try server.start() }
            server.shutdown(grace: .seconds(1))
            let addresses = try server.start()
            let client = try TestClient(addresses[0])
            client.send(get("/hello"))
            #expect(client.answer()?.text == "hello")
        }
    }
}
