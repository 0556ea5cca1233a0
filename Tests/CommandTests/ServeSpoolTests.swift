// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("qevm serve and its spool", .timeLimit(.minutes(2)))
struct ServeSpoolTests {
    private func health(_ port: Int) throws -> String {
        let connection = try Connection(port: port)
        connection.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return String(connection.rest().prefix(15))
    }

    private func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<500 where !condition() { usleep(20_000) }
        return condition()
    }

    @Test func aBodyThatCannotBeStoredIs507() throws {
        // Files of 512 blocks of 512 bytes; the signal that comes with it does not end the service.
        let service = try RunningService(fileBlocks: 512)
        for _ in 0..<2 {
            let connection = try Connection(port: service.port)
            let head =
                "POST /v1/decode HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: 6000000"
            connection.send(Array("\(head)\r\n\r\n".utf8) + [UInt8](repeating: 0, count: 6_000_000))
            let answer = connection.rest()
            #expect(answer.hasPrefix("HTTP/1.1 507 Insufficient Storage\r\n"))
            #expect(answer.hasSuffix("The body cannot be stored: File too large\"}"))
            #expect(try health(service.port) == "HTTP/1.1 200 OK")
        }
    }

    @Test func aBodyAboveWhatIsHeldIsInAFileOfTheDirectory() throws {
        let folder = try Folder()
        let service = try RunningService(["--spool-dir", folder.path])
        let connection = try Connection(port: service.port)
        let head =
            "POST /v1/validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nConnection: close"
        connection.send("\(head)\r\nContent-Length: 6000000\r\n\r\n")
        connection.send([UInt8](repeating: 0, count: 5_999_999))
        let links = {
            let fds = "/proc/\(service.process.processIdentifier)/fd"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: fds)) ?? []
            return names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(fds)/\($0)") }
                .count { $0.hasPrefix(folder.path) }
        }
        #expect(eventually { links() == 1 })
        #expect(try health(service.port) == "HTTP/1.1 200 OK")
        connection.send([0])
        #expect(connection.rest().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(eventually { links() == 0 })
    }

    @Test func aDirectoryThatCannotBeUsedIsToldAtTheStart() throws {
        let outcome = try Program.shell("timeout 1 qevm serve --port 0 --spool-dir /nowhere; true")
        #expect(outcome.text.hasPrefix("listening on "))
        #expect(outcome.errors.contains("no directory for large streams"))
        #expect(outcome.errors.contains("No such file or directory"))
    }

    @Test func theBoundsOfTheSpoolAreFlags() throws {
        let service = try RunningService(["--stream-bytes", "5000000"], environment: ["QEVM_SPOOL_BYTES": "4500000"])
        for (count, status) in [(4_000_000, "422"), (4_400_000, "422"), (4_600_000, "413")] {
            let connection = try Connection(port: service.port)
            let head =
                "POST /v1/decode HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nConnection: close"
            connection.send(
                Array("\(head)\r\nContent-Length: \(count)\r\n\r\n".utf8) + [UInt8](repeating: 0, count: count)
            )
            #expect(connection.rest().dropFirst(9).prefix(3) == status)
        }
    }
}
