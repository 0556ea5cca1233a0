// SPDX-License-Identifier: Apache-2.0

import Foundation

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
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            _ = close(descriptor)
            throw ProgramError(message: "nothing listens on port \(port)")
        }
    }

    deinit {
        _ = close(descriptor)
    }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Foundation.send(
                    descriptor,
                    $0.baseAddress?.advanced(by: sent),
                    $0.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Everything up to the end of the connection.
    func rest() -> String {
        var all: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe recv(descriptor, &room, room.count, 0)
            guard count > 0 else { return String(decoding: all, as: UTF8.self) }
            all += room[..<count]
        }
    }

    /// A POST whose answer ends the connection.
    static func post(_ path: String, _ body: [UInt8], _ headers: String = "") -> [UInt8] {
        let head =
            "POST \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n\(headers)"
            + "Content-Length: \(body.count)\r\n\r\n"
        return Array(head.utf8) + body
    }
}
