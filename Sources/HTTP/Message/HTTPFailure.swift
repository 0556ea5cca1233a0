// SPDX-License-Identifier: Apache-2.0

/// Why the server answers a request itself, without `HTTPHandler.respond(to:)`.
public struct HTTPFailure: Error, Sendable, Hashable {
    /// 400, 408, 413, 414, 417, 431, 501, 503 or 505.
    public let status: HTTPStatus
    /// One sentence about this case, without a full stop; safe to show to the client.
    public let detail: String
    /// Seconds for `Retry-After`, with 503.
    public let retryAfter: Int?

    init(_ status: HTTPStatus, _ detail: String, retryAfter: Int? = nil) {
        self.status = status
        self.detail = detail
        self.retryAfter = retryAfter
    }

    static func badRequest(_ detail: String) -> Self { Self(.badRequest, detail) }

    static let bodyTooLarge = Self(.contentTooLarge, "The body is larger than allowed")
    static let expectation = Self(.expectationFailed, "The only expectation that can be met is 100-continue")
    static let truncated = badRequest("The connection ended in the middle of the request")
    static let headTimedOut = Self(.requestTimeout, "The header took too long to arrive")
    static let bodyTimedOut = Self(.requestTimeout, "The body arrived too slowly")
    static let requestTimedOut = Self(.requestTimeout, "The request took too long")
    static let workTimedOut = Self(.serviceUnavailable, "The answer took too long", retryAfter: 1)
    static let overloaded = Self(.serviceUnavailable, "More requests are waiting than allowed", retryAfter: 1)
    static let tooManyConnections = Self(.serviceUnavailable, "More connections are open than allowed", retryAfter: 1)
}
