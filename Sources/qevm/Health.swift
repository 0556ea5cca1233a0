// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc

/// `qevm health`: asks a running service whether it is ready, for a container that has no other client.
struct Health: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Asks a running service whether it is ready.")

    @Option(help: ArgumentHelp("The service's address (QEVM_HOST, default 127.0.0.1).", valueName: "address"))
    var host: String?

    @Option(help: ArgumentHelp("The service's port (QEVM_PORT, default 8080).", valueName: "number"))
    var port: Int?

    func run() throws {
        let host = try Setting.text(host, "QEVM_HOST") ?? "127.0.0.1"
        let port = try Setting.number(port, "QEVM_PORT", 1...65535) ?? 8080
        guard let answer = Self.ask(host, port), answer.hasPrefix("HTTP/1.1 200 ") else {
            throw CommandFailure.invalid("error: the service at \(host):\(port) is not ready")
        }
    }

    /// The first bytes of the answer; nil when there is none.
    private static func ask(_ host: String, _ port: Int) -> String? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, String(port), &hints, &found) == 0, let address = unsafe found else {
            return nil
        }
        defer { unsafe freeaddrinfo(found) }
        let descriptor = unsafe Glibc.socket(address.pointee.ai_family, address.pointee.ai_socktype, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 3, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        guard unsafe connect(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 else { return nil }
        let request = Array("GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        guard unsafe send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return nil
        }
        var answer = [UInt8](repeating: 0, count: 64)
        let count = unsafe recv(descriptor, &answer, answer.count, 0)
        return count > 0 ? String(decoding: answer[..<count], as: UTF8.self) : nil
    }
}
