// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// `qevm serve` on a free port.
final class RunningService {
    let process: Process
    /// The port; 0 when it listens on a Unix-domain socket.
    let port: Int
    /// The first line of the standard output.
    let firstLine: String
    private let output = Pipe()
    private let log: Reader?
    private let ended = DispatchSemaphore(value: 0)

    /// Starts the service, which may have so many open files and files of so many blocks at most, and waits until it
    /// listens.
    init(
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        keepsLog: Bool = false,
        descriptors: Int? = nil,
        fileBlocks: Int? = nil
    ) throws {
        let arguments = ["serve", "--port", "0"] + arguments
        let limits = [descriptors.map { "ulimit -n \($0) && " }, fileBlocks.map { "ulimit -f \($0) && " }]
        if limits.contains(where: { $0 != nil }) {
            let line = limits.compactMap(\.self).joined() + "exec \"$0\" \"$@\""
            process = Program.process("/bin/sh", ["-c", line, Program.path] + arguments, environment: environment)
        } else {
            process = Program.process(Program.path, arguments, environment: environment)
        }
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        let errors = Pipe()
        if keepsLog { process.standardError = errors }
        process.terminationHandler = { [ended] _ in ended.signal() }
        try process.run()
        log = keepsLog ? Reader(errors) : nil
        firstLine = try Self.line(output)
        if firstLine.hasPrefix("listening on unix:") {
            port = 0
            return
        }
        guard let port = firstLine.split(separator: ":").last.flatMap({ Int($0) }) else {
            process.terminate()
            throw ProgramError(message: "the first line is \"\(firstLine)\"")
        }
        self.port = port
    }

    /// The next line of the standard output.
    func nextLine() throws -> String { try Self.line(output) }

    /// The lines of the log, once the process has ended.
    var logLines: [String] {
        String(decoding: log?.bytes ?? [], as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static func line(_ pipe: Pipe) throws -> String {
        var line: [UInt8] = []
        while let byte = try pipe.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    func signal(_ number: Int32) {
        kill(process.processIdentifier, number)
    }

    /// The exit status; nil when the process does not end in time or a signal ended it.
    func end(within seconds: Int = 20) -> Int32? {
        guard ended.wait(timeout: .now() + .seconds(seconds)) == .success else { return nil }
        ended.signal()
        return process.terminationReason == .exit ? process.terminationStatus : nil
    }

    /// The most memory that the process has had, in KiB.
    var peakMemory: Int { memory("VmHWM:") }

    /// The memory that the process has now, without mapped files, in KiB.
    var ownMemory: Int { memory("RssAnon:") }

    private func memory(_ name: String) -> Int {
        let status = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? line.split { !$0.isNumber }.first
            .flatMap { Int($0) } ?? 0
    }
}

/// A connection to a service; every wait ends after twenty seconds.
final class Connection {
    private let socket: LoopbackSocket

    init(port: Int) throws {
        socket = try LoopbackSocket(port: port)
    }

    init(portOfIPv6 port: Int) throws {
        socket = try LoopbackSocket(portOfIPv6: port)
    }

    init(path: String) throws {
        socket = try LoopbackSocket(path: path)
    }

    /// The answer to a GET that ends the connection.
    func get(_ path: String, _ headers: String = "") -> String {
        send("GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(headers)\r\n")
        return rest()
    }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool { socket.send(bytes) }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Everything up to the end of the connection.
    func rest() -> String {
        var all: [UInt8] = []
        while let bytes = socket.receive() { all += bytes }
        return String(decoding: all, as: UTF8.self)
    }

    /// A POST whose answer ends the connection.
    static func post(_ path: String, _ body: [UInt8], _ headers: String = "") -> [UInt8] {
        let head =
            "POST \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n\(headers)"
            + "Content-Length: \(body.count)\r\n\r\n"
        return Array(head.utf8) + body
    }
}
