// SPDX-License-Identifier: Apache-2.0

/// Why the server answers a request itself, without `HTTPHandler.respond(to:)`.
public struct HTTPFailure: Error, Sendable, Hashable {
    /// 400, 408, 413, 414, 417, 431, 501, 503, 505 or 507.
    public let status: HTTPStatus
    /// One sentence about this case, without a full stop; safe to show to the client.
    public let detail: String
    /// Seconds for `Retry-After`, with 503.
    public let retryAfter: Int?
    /// What kind of failure it is, for counting.
    public let reason: Reason

    /// What made the server answer by itself.
    public enum Reason: String, Sendable, CaseIterable {
        /// The request: malformed, too large, or not to be met.
        case request
        /// The header took too long.
        case headerTimeout = "header_timeout"
        /// The body came too slowly.
        case bodyTimeout = "body_timeout"
        /// The request as a whole took too long.
        case requestTimeout = "request_timeout"
        /// The worker took too long.
        case workTimeout = "work_timeout"
        /// Too many requests wait for a worker.
        case queue
        /// Too many bytes of bodies are held.
        case bodies
        /// The files of bodies have no room, or cannot be written.
        case spool
        /// Too many connections are open, in all or from one address.
        case connections
    }

    init(_ status: HTTPStatus, _ detail: String, retryAfter: Int? = nil, reason: Reason = .request) {
        self.status = status
        self.detail = detail
        self.retryAfter = retryAfter
        self.reason = reason
    }

    static func badRequest(_ detail: String) -> Self { Self(.badRequest, detail) }

    static let bodyTooLarge = Self(.contentTooLarge, "The body is larger than allowed")
    static let expectation = Self(.expectationFailed, "The only expectation that can be met is 100-continue")
    static let truncated = badRequest("The connection ended in the middle of the request")
    static let headTimedOut = Self(
        .requestTimeout,
        "The header took too long to arrive",
        reason: .headerTimeout
    )
    static let bodyTimedOut = Self(.requestTimeout, "The body arrived too slowly", reason: .bodyTimeout)
    static let requestTimedOut = Self(.requestTimeout, "The request took too long", reason: .requestTimeout)
    static let workTimedOut = unavailable("The answer took too long", .workTimeout)
    static let overloaded = unavailable("More requests are waiting than allowed", .queue)
    static let tooManyBodyBytes = unavailable("More bytes of bodies are held than allowed", .bodies)
    static let spoolFull = unavailable("More bytes of bodies are in files than allowed", .spool)
    static let tooManyConnections = unavailable("More connections are open than allowed", .connections)

    /// What the system says does not tell where the files are.
    static func noStorage(_ reason: String) -> Self {
        Self(.insufficientStorage, "The body cannot be stored: \(reason)", reason: .spool)
    }

    private static func unavailable(_ detail: String, _ reason: Reason) -> Self {
        Self(.serviceUnavailable, detail, retryAfter: 1, reason: reason)
    }
}
