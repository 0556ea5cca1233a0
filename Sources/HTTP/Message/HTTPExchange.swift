// SPDX-License-Identifier: Apache-2.0

/// An answer that is about to be sent, with the request it is for.
public struct HTTPExchange: Sendable {
    /// The request; nil when no header could be read.
    public let head: HTTPRequestHead?
    /// Who it came from: an address without a port, empty for a Unix-domain socket.
    public let peer: String
    /// The answer, without what the server adds to it.
    public let response: HTTPResponse
    /// Why the server gave the answer by itself; nil for those of the handler.
    public let failure: HTTPFailure?
    /// Bytes of the request's body that were read, without their transfer coding.
    public let receivedBodyBytes: Int
    /// Bytes of the answer's body that are sent: none to HEAD.
    public let sentBodyBytes: Int
    /// The time from the header's end to the answer; zero without a header.
    public let duration: Duration
}
