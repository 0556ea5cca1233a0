// SPDX-License-Identifier: Apache-2.0
import Glibc

@testable import HTTP

/// A blocking client that sends what it is told to, well-formed or not.
///
/// Every wait ends after five seconds.
final class TestClient {
    struct Answer: Equatable {
        var status = 0
        var head = ""
        var body: [UInt8] = []
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    private let fd: Int32
    private var received: [UInt8] = []

    init(_ address: HTTPAddress, receiveBuffer: Int32? = nil) throws {
        guard var target = SocketAddress(address) else { throw HTTPServerError(operation: "parse", code: EINVAL) }
        fd = socket(target.family, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer {
            unsafe setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        unsafe setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        unsafe setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard unsafe target.withPointers({ unsafe connect(fd, $0, $1.pointee) }) == 0 else {
            // `deinit` closes the descriptor.
            throw HTTPServerError(operation: "connect", code: errno)
        }
    }

    deinit {
        _ = Glibc.close(fd)
    }

    /// - Returns: whether all of it went out.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let rest = bytes[sent...]
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    func endSending() { Socket.endSending(fd) }

    /// Closes with a reset instead of an orderly end.
    func reset() {
        var off = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, socklen_t(MemoryLayout<linger>.size))
        // The descriptor stays valid for `deinit`: the second close does no harm to it, since dup2 fills its place.
        let other = dup(STDERR_FILENO)
        _ = dup2(other, fd)
        _ = Glibc.close(other)
    }

    /// The next answer, or nil when the connection ends, breaks or is silent for too long.
    func answer(toHead: Bool = false) -> Answer? {
        while true {
            if let answer = takeAnswer(toHead) { return answer }
            guard receiveMore() else { return nil }
        }
    }

    /// Whether the server ends the connection now, without a further byte and without a reset.
    func isEnded() -> Bool {
        guard received.isEmpty else { return false }
        var byte: UInt8 = 0
        return unsafe recv(fd, &byte, 1, 0) == 0
    }

    private func receiveMore() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        guard case .bytes(let count) = Socket.receive(fd, into: &buffer), count > 0 else { return false }
        received += buffer[..<count]
        return true
    }

    private func takeAnswer(_ toHead: Bool) -> Answer? {
        guard let end = received.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else { return nil }
        var answer = Answer()
        answer.head = String(decoding: received[..<end], as: UTF8.self)
        // Bytes sent twice or left out show up here.
        guard answer.head.hasPrefix("HTTP/1.1 ") else { return nil }
        answer.status = Int(answer.head.dropFirst(9).prefix(3)) ?? 0
        let length = answer.head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
        let count = toHead ? 0 : length.flatMap { Int($0.dropFirst(16)) } ?? 0
        guard received.count >= end + count else { return nil }
        answer.body = Array(received[end..<end + count])
        received.removeSubrange(..<(end + count))
        return answer
    }
}

/// Runs a server on a free port of the loopback interface for as long as `body` takes.
func withServer(
    _ configure: (inout HTTPConfiguration) -> Void = { _ in },
    handler: any HTTPHandler = TestHandler(),
    _ body: (HTTPAddress, HTTPServer) throws -> Void
) throws {
    var configuration = HTTPConfiguration()
    configuration.addresses = [.ip(host: "127.0.0.1", port: 0)]
    configuration.loops = 2
    configuration.workers = 1
    configure(&configuration)
    let server = HTTPServer(configuration: configuration, handler: handler)
    let addresses = try server.start()
    defer { server.shutdown(grace: .zero) }
    try body(addresses[0], server)
}

/// Waits until something has become true, for at most five seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<500 where !condition() { usleep(10_000) }
    return condition()
}
