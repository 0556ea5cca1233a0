// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("qevm serve without descriptors left", .timeLimit(.minutes(10)))
struct ExhaustionTests {
    private let descriptors = 40

    /// Descriptors below the bound that a process has open; those above it were handed down to it.
    private func open(_ service: RunningService) -> Int {
        let folder = "/proc/\(service.process.processIdentifier)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.count { Int($0).map { $0 < descriptors } ?? false }
    }

    /// Ticks of a hundredth of a second that a process has computed for (proc(5): `utime` and `stime`).
    private func ticks(_ service: RunningService) throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(service.process.processIdentifier)/stat", encoding: .utf8)
        // Behind the name, which may have blanks in it, come the third field and so on.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        return fields[12...13].compactMap { Int($0) }.reduce(0, +)
    }

    private func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<500 where !condition() { usleep(10_000) }
        return condition()
    }

    @Test func itWaitsForOneToBeClosedAndGoesOn() throws {
        let service = try RunningService(["--loops", "2", "--workers", "1"], keepsLog: true, descriptors: descriptors)
        var connections = try (0..<descriptors + 20).map { _ in try Connection(port: service.port) }
        #expect(eventually { open(service) == descriptors })

        let before = try ticks(service)
        usleep(1_000_000)
        // Asking the system again and again would take what processor time there is.
        #expect(try ticks(service) - before < 10)
        #expect(service.process.isRunning)

        // Those that were accepted are served.
        #expect(connections.removeFirst().get("/healthz").hasPrefix("HTTP/1.1 200 OK\r\n"))
        // That made room for the next one, and so on to the last.
        let last = connections.removeLast()
        connections = []
        #expect(last.get("/healthz").hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try Connection(port: service.port).get("/healthz").hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(eventually { open(service) < descriptors - 10 })
        // Operators can see that it happened, and could see at the start that it would.
        let metrics = try Connection(port: service.port).get("/metrics")
        #expect(metrics.contains(/\nqevm_http_descriptors_exhausted_total [1-9]/))
        service.signal(SIGTERM)
        #expect(service.end(within: 10) == 0)
        let lines = service.logLines
        #expect(lines.first?.contains("not enough descriptors for all connections") == true)
        // One line a minute, however often it was tried again.
        let told = lines.filter { $0.contains("connections wait to be accepted") }
        #expect((1...2).contains(told.count), "\(lines)")
        #expect(told.allSatisfy { $0.contains("warning") && $0.contains("Too many open files") }, "\(lines)")
    }

    /// The soft limit of a shell is 1024, far below what the system allows.
    @Test func theSoftLimitIsRaisedAsFarAsIsNeeded() throws {
        let folder = try Folder()
        let line = """
            ulimit -Sn 64; qevm serve --socket s --connections 200 2>log & service=$!
            until qevm health --socket s 2>/dev/null; do sleep 0.05; done
            grep "open files" /proc/$service/limits; kill $service; wait $service; cat log
            """
        let outcome = try Program.shell(line, in: folder.path)
        #expect(outcome.text.contains(/Max open files +456\b/), "\(outcome.text)")
        #expect(!outcome.text.contains("descriptors"))
    }

    @Test func oneThatWaitsInTheQueueIsServedWhenAnotherEnds() throws {
        let service = try RunningService(["--loops", "1", "--workers", "1"], descriptors: descriptors)
        var connections = try (0..<descriptors).map { _ in try Connection(port: service.port) }
        #expect(eventually { open(service) == descriptors })
        let waiting = try Connection(port: service.port)
        waiting.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(connections.allSatisfy { $0.send("GET") })
        connections = []
        #expect(waiting.rest().hasPrefix("HTTP/1.1 200 OK\r\n"))
    }
}
