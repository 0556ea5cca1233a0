// SPDX-License-Identifier: Apache-2.0

public import Engine
public import HTTP

/// How the service runs.
public struct ServiceConfiguration: Sendable {
    /// The server below it: addresses, connections, time-outs.
    public var http = HTTPConfiguration()
    /// The most bytes of a request's body as it is sent.
    public var bodyBytes = 64 << 20
    /// The most bytes of a request's body once it is inflated.
    public var inflatedBytes = 64 << 20
    /// The most bytes of a whole stream, as it is sent and once it is inflated; nil: as many as `http.spool` may hold.
    public var streamBytes: Int?
    /// Bodies with more bytes than this are in files, where the route takes streams.
    public var memoryBodyBytes = 4 << 20
    /// Bodies above this many bytes are worked on by the worker pool, so that the event loops stay free.
    ///
    /// 0, since the size of a request says little about its work: 2 KB can ask for all the steps that `engine` allows.
    public var loopBodyBytes = 0
    /// What the engine may use for one request.
    public var engine = Limits.default
    /// Of which a caller of `/v1` and `/metrics` has to show one; nil asks for none.
    public var tokens: BearerTokens?
    /// Which web pages may use the service; nil answers no page of another origin.
    public var crossOrigin: CrossOrigin?
    /// Whether `/metrics` is one of the paths; not when it has an address of its own.
    public var servesMetrics = true

    /// The defaults.
    public init() {}
}
