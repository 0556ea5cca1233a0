// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport

/// What a service answered.
struct Answer {
    var status = 0
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON.
    var json: JSONNode? { try? JSONDocument(parsing: body, duplicates: .noted).root }

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
    private let socket: LoopbackSocket
    private var received: [UInt8] = []

    init(port: Int, seconds: Int = 20) throws {
        socket = try LoopbackSocket(port: port, seconds: seconds)
    }

    /// Sends bytes; false when the server has closed the connection.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        socket.send(bytes)
    }

    /// Whether bytes of an answer have arrived.
    var hasAnswer: Bool {
        !received.isEmpty || socket.hasArrived
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
        guard let bytes = socket.receive() else { throw ClientError(step: "receive") }
        received += bytes
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
