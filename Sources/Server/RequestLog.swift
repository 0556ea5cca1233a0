// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import Logging

/// One line for each request, at level info.
struct RequestLog: Sendable {
    let logger: Logger

    /// Writes the line of a request that has its answer.
    func write(_ head: HTTPRequestHead, _ response: HTTPResponse, _ id: RequestID, received: Int, took: Duration) {
        logger.log(
            level: response.status.rawValue >= 500 ? .warning : .info,
            "request",
            metadata: [
                "request_id": "\(id.text)", "method": "\(head.method)", "path": "\(head.path)", "peer": "\(head.peer)",
                "status": "\(response.status.rawValue)", "received": "\(received)", "sent": "\(response.body.count)",
                "microseconds":
                    "\(took.components.attoseconds / 1_000_000_000_000 + took.components.seconds * 1_000_000)",
            ].merging(trace(head)) { own, _ in own }
        )
    }

    /// The caller's place in a distributed trace (W3C Trace Context), carried on as it is.
    private func trace(_ head: HTTPRequestHead) -> Logger.Metadata {
        guard let parent = head.headers["traceparent"], parent.utf8.count == 55,
            parent.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || Self.isHexDigit($0) })
        else { return [:] }
        return ["traceparent": "\(parent)"]
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || byte &- UInt8(ascii: "a") < 6
    }
}
