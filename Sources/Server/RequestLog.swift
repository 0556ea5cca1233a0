// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import Logging

/// One line for each answer: at level info, or warning when the status is 500 or above.
struct RequestLog: Sendable {
    let logger: Logger

    /// Writes the line of an answer.
    ///
    /// What comes from the caller has visible ASCII characters only, so that it can neither begin a line of its own nor
    /// pass for another member of this one.
    func write(_ exchange: HTTPExchange) {
        let status = exchange.response.status.rawValue
        let level: Logger.Level = status >= 500 ? .warning : .info
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "request_id": "\(exchange.response.headers[RequestID.header] ?? "")", "status": .stringConvertible(status),
            "received": .stringConvertible(exchange.receivedBodyBytes),
            "sent": .stringConvertible(exchange.sentBodyBytes),
            "microseconds": .stringConvertible(Self.microseconds(exchange.duration)),
            "peer": "\(exchange.peer)",
        ]
        if let head = exchange.head {
            metadata["method"] = "\(head.method)"
            metadata["path"] = "\(Self.visible(head.path))"
            if let trace = TraceContext(head) {
                metadata["trace_id"] = "\(trace.traceID)"
                metadata["span_id"] = "\(trace.parentID)"
            }
        }
        if let failure = exchange.failure { metadata["failure"] = "\(failure.reason.rawValue)" }
        logger.log(level: level, "request", metadata: metadata)
    }

    private static func microseconds(_ duration: Duration) -> Int {
        Int(duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000)
    }

    /// The path, with all bytes but the visible ones percent-encoded (RFC 3986 §2.1), `%` too.
    private static func visible(_ path: String) -> String {
        let isPlain = { (byte: UInt8) in (0x21..<0x7f).contains(byte) && byte != UInt8(ascii: "%") }
        guard !path.utf8.allSatisfy(isPlain) else { return path }
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = path.utf8.flatMap { byte in
            isPlain(byte) ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
