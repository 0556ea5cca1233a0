// SPDX-License-Identifier: Apache-2.0

import Engine
import HTTP
import Logging
import TestSupport

@testable import Server

/// A service on a free port, with the default limits, for all tests that change nothing.
enum Shared {
    private static let running: Result<(port: Int, server: HTTPServer, service: Service), any Error> = Result {
        try start(ServiceConfiguration())
    }

    /// The port of the service.
    static var port: Int { get throws { try running.get().port } }

    /// One request on a connection of its own.
    static func ask(
        _ method: String,
        _ target: String,
        _ headers: [(String, String)] = [],
        body: [UInt8]? = nil
    ) throws -> Answer {
        try Client(port: port).ask(method, target, headers, body: body)
    }

    /// A JSON document posted to a path.
    static func post(_ target: String, _ text: String, _ headers: [(String, String)] = []) throws -> Answer {
        try ask("POST", target, [("Content-Type", "application/json")] + headers, body: Array(text.utf8))
    }
}

private func start(
    _ configuration: ServiceConfiguration,
    logger: Logger? = nil
) throws -> (port: Int, server: HTTPServer, service: Service) {
    var configuration = configuration
    configuration.http.addresses = [.ip(host: "127.0.0.1", port: 0)]
    let service = logger.map { Service(configuration, logger: $0) } ?? Service(configuration)
    let server = HTTPServer(configuration: configuration.http, handler: service)
    guard case .ip(_, let port) = try server.start().first else { throw ClientError(step: "start") }
    service.observe(server)
    return (port, server, service)
}

/// Runs a service with changed limits for as long as `body` takes.
func withService(
    _ configure: (inout ServiceConfiguration) -> Void,
    logger: Logger? = nil,
    _ body: (Int) throws -> Void
) throws {
    try withService(configure, logger: logger) { port, _ in try body(port) }
}

/// Runs a service with changed limits for as long as `body` takes, which gets its port and the service itself.
func withService(
    _ configure: (inout ServiceConfiguration) -> Void,
    logger: Logger? = nil,
    _ body: (Int, Service) throws -> Void
) throws {
    var configuration = ServiceConfiguration()
    configure(&configuration)
    let (port, server, service) = try start(configuration, logger: logger)
    defer { server.shutdown(grace: .seconds(5)) }
    try body(port, service)
}

extension FixtureCase {
    /// A request document: members as JSON text, and those of the case's `request.json` that are not left out.
    func document(_ members: [(String, [UInt8])], without names: Set<String> = []) throws -> [UInt8] {
        let given = try json("request.json")?.members.filter { !names.contains($0.name) } ?? []
        let all = members + given.map { ($0.name, $0.value.json()) }
        return Array("{".utf8)
            + Array(all.map { Array("\"\($0.0)\":".utf8) + $0.1 }.joined(separator: Array(",".utf8)))
            + Array("}".utf8)
    }

    /// The document for `/v1/encode`.
    func encodeRequest() throws -> [UInt8] {
        try document([("vmsd", bytes("vmsd.json")), ("state", bytes("state.json"))], without: ["initial"])
    }

    /// The document for `/v1/decode`, with the bytes in it or to go beside it.
    func decodeRequest(withStream: Bool = true) throws -> [UInt8] {
        let stream = withStream ? [("stream", Array("\"\(hexadecimal(try wire()))\"".utf8))] : []
        return try document([("vmsd", bytes("vmsd.json"))] + stream)
    }

    /// The text of the state that decoding gives.
    func expectedState() throws -> String {
        let node = try json("decoded.json") ?? json("state.json")
        return String(decoding: node?.json() ?? [], as: UTF8.self)
    }
}

/// A form with a request and the bytes beside it.
func form(_ request: [UInt8], _ stream: [UInt8], boundary: String = "b0undary") -> [UInt8] {
    var body = Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"request\"\r\n".utf8)
    body += Array("Content-Type: application/json\r\n\r\n".utf8) + request
    body += Array("\r\n--\(boundary)\r\nContent-Disposition: form-data; name=\"stream\"; filename=\"a.bin\"\r\n".utf8)
    body += Array("Content-Type: application/octet-stream\r\n\r\n".utf8) + stream
    return body + Array("\r\n--\(boundary)--\r\n".utf8)
}

/// A form with the boundary `b0undary`.
func form(_ parts: [(name: String, body: [UInt8])]) -> [UInt8] {
    var body: [UInt8] = []
    for part in parts {
        body += Array("--b0undary\r\nContent-Disposition: form-data; name=\"\(part.name)\"\r\n\r\n".utf8)
        body += part.body + Array("\r\n".utf8)
    }
    return body + Array("--b0undary--\r\n".utf8)
}
