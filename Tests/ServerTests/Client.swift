// SPDX-License-Identifier: Apache-2.0

import Engine
import Glibc

/// What a service answered.
struct Answer {
    var status = 0
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON.
    var json: JSONNode? { try? JSONDocument(parsing: body, allowsDuplicates: true).root }

    /// The word for the error, in a problem document.
    var code: String? { json?["code"]?.string }

    /// The values of the header fields of a name, as if they stood on one line.
    subscript(name: String) -> String? {
        let values = headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }
}

/// Why a client did not get so far.
struct ClientError: Error {
    let step: String
}

/// A blocking HTTP client that sends what it is told to; every wait ends after a time.
final class Client {
    private let descriptor: Int32
    private var received: [UInt8] = []

    init(port: Int, seconds: Int = 20) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
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
            throw ClientError(step: "connect")
        }
    }

    deinit {
        _ = close(descriptor)
    }

    /// Sends bytes; false when the server has closed the connection.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
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

    /// Whether bytes of an answer have arrived.
    var hasAnswer: Bool {
        guard received.isEmpty else { return true }
        var byte: UInt8 = 0
        return unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) > 0
    }

    /// The next answer.
    func answer(toHead: Bool = false) throws -> Answer {
        var end = received.firstRange(of: Array("\r\n\r\n".utf8))
        while end == nil {
            try receive()
            end = received.firstRange(of: Array("\r\n\r\n".utf8))
        }
        guard let end else { throw ClientError(step: "header") }
        let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        received.removeSubrange(..<end.upperBound)
        var answer = Answer()
        answer.status = Int((lines.first ?? "").dropFirst(9).prefix(3)) ?? 0
        answer.headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
        }
        let count = toHead ? 0 : answer["Content-Length"].flatMap { Int($0) } ?? 0
        while received.count < count { try receive() }
        answer.body = Array(received[..<count])
        received.removeSubrange(..<count)
        return answer
    }

    /// A request and its answer.
    func ask(
        _ method: String,
        _ target: String,
        _ headers: [(String, String)] = [],
        body: [UInt8]? = nil
    ) throws -> Answer {
        send(request(method, target, headers, body: body))
        return try answer(toHead: method == "HEAD")
    }

    private func receive() throws {
        var room = [UInt8](repeating: 0, count: 256 << 10)
        let count = unsafe recv(descriptor, &room, room.count, 0)
        guard count > 0 else { throw ClientError(step: count == 0 ? "the connection ended" : "receive") }
        received += room[..<count]
    }
}

/// The bytes of a request; with a body also its length.
func request(
    _ method: String,
    _ target: String,
    _ headers: [(String, String)] = [],
    body: [UInt8]? = nil
) -> [UInt8] {
    var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if let body { head += "Content-Length: \(body.count)\r\n" }
    return Array("\(head)\r\n".utf8) + (body ?? [])
}
