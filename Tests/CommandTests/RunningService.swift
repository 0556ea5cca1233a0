// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// `qevm serve` on a free port.
final class RunningService {
    let process: Process
    let port: Int
    /// The first line of the standard output.
    let firstLine: String
    private let ended = DispatchSemaphore(value: 0)

    /// Starts the service and waits until it listens.
    init(_ arguments: [String] = [], environment: [String: String] = [:]) throws {
        process = Program.process(Program.path, ["serve", "--port", "0"] + arguments, environment: environment)
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        process.terminationHandler = { [ended] _ in ended.signal() }
        try process.run()
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        firstLine = String(decoding: line, as: UTF8.self)
        guard let port = firstLine.split(separator: ":").last.flatMap({ Int($0) }) else {
            process.terminate()
            throw ProgramError(message: "the first line is \"\(firstLine)\"")
        }
        self.port = port
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
    var peakMemory: Int {
        let status = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
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
