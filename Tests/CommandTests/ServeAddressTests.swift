// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Unix-domain sockets, IPv6, and metrics at an address of their own.
@Suite("Where qevm serve listens", .timeLimit(.minutes(10)))
struct ServeAddressTests {
    /// Whether the machine has IPv6 on its loopback.
    static let hasIPv6 = FileManager.default.contents(atPath: "/proc/net/if_inet6").map { !$0.isEmpty } ?? false

    private func mode(_ path: String) -> Int? {
        (try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]) as? Int
    }

    @Test func aUnixSocketIsServedAndRemovedInTheEnd() throws {
        let folder = try Folder()
        let path = "\(folder.path)/s"
        let service = try RunningService(["--socket", path])
        #expect(service.firstLine == "listening on unix:\(path)")
        #expect(try Connection(path: path).get("/healthz").hasPrefix("HTTP/1.1 200 OK\r\n"))
        let connection = try Connection(path: path)
        connection.send(Connection.post("/v1/encode", Array(#"{"vmsd":{"name":"t","fields":[]},"state":{}}"#.utf8)))
        #expect(connection.rest().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try Program.run("health", "--socket", path).status == 0)
        #expect(try Program.run("health", environment: ["QEVM_SOCKET": path]).status == 0)
        service.signal(SIGTERM)
        #expect(service.end(within: 5) == 0)
        #expect(!FileManager.default.fileExists(atPath: path))
        let gone = try Program.run("health", "--socket", path)
        #expect(gone.status == 1)
        #expect(gone.errors == "error: the service at \(path) is not ready\n")
    }

    @Test func theSocketOfAServiceThatDiedIsTakenOver() throws {
        let folder = try Folder()
        let path = "\(folder.path)/s"
        let dead = try RunningService(environment: ["QEVM_SOCKET": path])
        dead.signal(SIGKILL)
        _ = dead.end(within: 5)
        #expect(FileManager.default.fileExists(atPath: path))
        let service = try RunningService(["--socket", path])
        #expect(try Connection(path: path).get("/healthz").hasPrefix("HTTP/1.1 200 OK\r\n"))
        // One that lives is not.
        let second = try Program.run("serve", "--socket", path)
        #expect(second.status == 2)
        #expect(second.errors == "error: bind unix:\(path): Address already in use\n")
        #expect(try Connection(path: path).get("/healthz").hasPrefix("HTTP/1.1 200 OK\r\n"))
        service.signal(SIGTERM)
        #expect(service.end(within: 5) == 0)
    }

    /// What stands at the path in the end may belong to somebody else.
    @Test func whatHasTakenThePlaceOfTheSocketIsLeftAlone() throws {
        let folder = try Folder()
        let path = "\(folder.path)/s"
        let service = try RunningService(["--socket", path])
        try FileManager.default.removeItem(atPath: path)
        _ = try folder.write("s", "precious")
        service.signal(SIGTERM)
        #expect(service.end(within: 5) == 0)
        #expect(folder.read("s") == Array("precious".utf8))
    }

    private static let ready = "until qevm health --socket s 2>/dev/null; do sleep 0.05; done"

    /// `qevm serve 2>&1 | tee log`, and the interrupt that ends both.
    @Test func aLogThatNobodyReadsEndsNoService() throws {
        let folder = try Folder()
        let line = """
            mkfifo log; cat log >/dev/null & reader=$!
            qevm serve --socket s --log-level info >/dev/null 2>log & service=$!
            \(Self.ready); kill $reader; wait $reader
            qevm health --socket s; qevm health --socket s; echo alive $?
            kill $service; wait $service; echo ended $?; ls
            """
        let outcome = try Program.shell(line, in: folder.path)
        #expect(outcome.text.hasSuffix("alive 0\nended 0\nlog\n"), "\(outcome.text)")
    }

    /// A descriptor that the caller has closed is nobody's: no socket gets its number, and no line of the log goes there.
    @Test func standardFilesMayBeClosed() throws {
        let folder = try Folder()
        let line = """
            qevm serve --socket s --log-level info <&- >&- 2>&- & service=$!
            \(Self.ready); readlink /proc/$service/fd/0 /proc/$service/fd/1 /proc/$service/fd/2
            kill $service; wait $service; echo ended $?
            """
        let outcome = try Program.shell(line, in: folder.path)
        #expect(outcome.text.hasSuffix("/dev/null\n/dev/null\n/dev/null\nended 0\n"), "\(outcome.text)")
        // Of a command the answer must not vanish.
        let vmsd = try folder.write("v.json", #"{"name":"t","fields":[]}"#)
        let state = try folder.write("s.json", "{}")
        let lost = try Program.shell("qevm encode --vmsd \(vmsd) \(state) --framing vmsd >&-; echo $? >&2")
        #expect(lost.errors.hasSuffix("2\n"), "\(lost.errors)")
    }

    @Test func anotherFileIsLeftAlone() throws {
        let folder = try Folder()
        let path = try folder.write("s", "precious")
        let outcome = try Program.run("serve", "--socket", path)
        #expect(outcome.status == 2)
        #expect(outcome.errors == "error: bind unix:\(path): File exists\n")
        #expect(folder.read("s") == Array("precious".utf8))
    }

    @Test(arguments: [("600", 0o600), ("660", 0o660), ("777", 0o777), ("0", 0)])
    func theSocketHasThePermissionsAskedFor(_ text: String, _ bits: Int) throws {
        let folder = try Folder()
        let service = try RunningService(["--socket", "\(folder.path)/s", "--socket-mode", text])
        #expect(mode("\(folder.path)/s") == bits)
        service.signal(SIGTERM)
        #expect(service.end(within: 5) == 0)
    }

    @Test func aPathThatIsTooLongIsBadUsage() throws {
        let outcome = try Program.run("serve", "--socket", "/tmp/" + String(repeating: "x", count: 120))
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("Invalid argument"))
    }

    @Test(.enabled(if: hasIPv6)) func anIPv6AddressIsServed() throws {
        let service = try RunningService(["--host", "::1"])
        #expect(service.firstLine == "listening on http://[::1]:\(service.port)")
        #expect(try Connection(portOfIPv6: service.port).get("/healthz").hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try Program.run("health", "--host", "::1", "--port", String(service.port)).status == 0)
        #expect(throws: LoopbackSocket.Refused.self) { try Connection(port: service.port) }
    }

    @Test(.enabled(if: hasIPv6), arguments: [true, false]) func bothFamiliesAreServedSideBySide(_ flags: Bool) throws {
        let service = try RunningService(
            flags ? ["--host", "127.0.0.1", "--host", "::1"] : [],
            environment: flags ? [:] : ["QEVM_HOST": "127.0.0.1, ::1"]
        )
        let second = try service.nextLine()
        #expect(second.hasPrefix("listening on http://[::1]:"))
        let port = try #require(second.split(separator: ":").last.flatMap { Int($0) })
        #expect(try Connection(port: service.port).get("/healthz").hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(try Connection(portOfIPv6: port).get("/healthz").hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func metricsAreGivenBesideTheOtherPaths() throws {
        let service = try RunningService()
        let answer = try Connection(port: service.port).get("/metrics")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("\nqevm_http_connections_accepted_total 1\n"))
    }

    @Test func metricsCanHaveAnAddressOfTheirOwn() throws {
        let service = try RunningService(["--metrics", "127.0.0.1:0"], environment: ["QEVM_TOKEN": "secret"])
        let line = try service.nextLine()
        #expect(line.hasPrefix("metrics on http://127.0.0.1:"))
        let port = try #require(line.split(separator: ":").last.flatMap { Int($0) })
        #expect(port != service.port)
        #expect(try Connection(port: port).get("/metrics").contains("\nqevm_http_connections_accepted_total 0\n"))
        let shown = "Authorization: Bearer secret\r\n"
        #expect(try Connection(port: service.port).get("/metrics", shown).hasPrefix("HTTP/1.1 404 "))
        service.signal(SIGTERM)
        #expect(service.end(within: 5) == 0)
    }

    @Test func anAddressForMetricsThatIsTakenIsAnError() throws {
        let folder = try Folder()
        let path = try folder.write("m", "")
        let outcome = try Program.run("serve", "--port", "0", "--metrics", "unix:\(path)")
        #expect(outcome.status == 2)
        #expect(outcome.text.isEmpty)
        #expect(outcome.errors == "error: bind unix:\(path): File exists\n")
    }
}
