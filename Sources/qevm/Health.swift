// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc

/// `qevm health`: asks a running service whether it is ready, for a container that has no other client.
struct Health: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        _superCommandName: QEVM.name,
        abstract: "Asks a running service whether it is ready."
    )

    @Option(help: ArgumentHelp("The service's address (QEVM_HOST, default 127.0.0.1).", valueName: "address"))
    var host: String?

    @Option(help: ArgumentHelp("The service's port (QEVM_PORT, default 8080).", valueName: "number"))
    var port: Int?

    @Option(help: ArgumentHelp("The service's Unix-domain socket instead (QEVM_SOCKET).", valueName: "path"))
    var socket: String?

    func run() throws {
        if let path = try Setting.text(socket, "QEVM_SOCKET") {
            try check(Self.connectLocally(path), path)
        } else {
            // The service may listen on several addresses.
            let host = try host ?? Setting.list([], "QEVM_HOST")?.first ?? "127.0.0.1"
            let port = try Setting.number(port, "QEVM_PORT", 1...65535) ?? 8080
            try check(Self.connect(host, port), "\(host):\(port)")
        }
    }

    private func check(_ descriptor: Int32?, _ name: String) throws(CommandFailure) {
        guard let descriptor, let answer = Self.ask(descriptor), answer.hasPrefix("HTTP/1.1 200 ") else {
            throw CommandFailure.invalid("error: the service at \(name) is not ready")
        }
    }

    private static func connect(_ host: String, _ port: Int) -> Int32? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, String(port), &hints, &found) == 0, let address = unsafe found else {
            return nil
        }
        defer { unsafe freeaddrinfo(found) }
        return unsafe connect(address.pointee.ai_family, address.pointee.ai_addr, address.pointee.ai_addrlen)
    }

    private static func connectLocally(_ path: String) -> Int32? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // One byte of sun_path stays 0 and ends the path.
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(AF_UNIX, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// A connected socket whose waits end after three seconds.
    private static func connect(
        _ family: Int32,
        _ address: UnsafePointer<sockaddr>,
        _ length: socklen_t
    ) -> Int32? {
        let descriptor = Glibc.socket(family, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var limit = timeval(tv_sec: 3, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        guard unsafe Glibc.connect(descriptor, address, length) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// The first bytes of the answer; nil when there is none.
    private static func ask(_ descriptor: Int32) -> String? {
        defer { close(descriptor) }
        let request = Array("GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        guard unsafe send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return nil
        }
        var answer = [UInt8](repeating: 0, count: 64)
        let count = unsafe recv(descriptor, &answer, answer.count, 0)
        return count > 0 ? String(decoding: answer[..<count], as: UTF8.self) : nil
    }
}
