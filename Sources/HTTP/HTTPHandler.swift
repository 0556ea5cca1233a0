// SPDX-License-Identifier: Apache-2.0

/// What answers requests.
///
/// Called from several threads at once.
public protocol HTTPHandler: Sendable {
    /// Decides about a request when its head is there and its body is not; has to be quick.
    func admit(_ head: HTTPRequestHead) -> HTTPAdmission

    /// Answers a request, on the thread that `admit(_:)` chose.
    func respond(to request: HTTPRequest) -> HTTPResponse

    /// Words an answer that the server gives by itself; has to be quick.
    ///
    /// The status should be the failure's; `Retry-After` is added when the failure has it and the answer has not.
    ///
    /// - Parameters:
    ///   - failure: what it is about.
    ///   - head: the request's, when it was read.
    /// - Returns: the answer.
    func failure(_ failure: HTTPFailure, for head: HTTPRequestHead?) -> HTTPResponse

    /// Learns of an answer that is about to be sent, whoever gave it; has to be quick.
    ///
    /// Called once for each answer, on the thread of the connection's event loop.
    func answered(_ exchange: HTTPExchange)

    /// Learns that connections have to wait because the system has no descriptor or no memory for them; has to be quick.
    ///
    /// Called for each attempt, several times a second, on the threads of event loops.
    func cannotAccept(_ error: HTTPServerError)
}

extension HTTPHandler {
    /// The failure's sentence as plain text.
    public func failure(_ failure: HTTPFailure, for head: HTTPRequestHead?) -> HTTPResponse {
        HTTPResponse(failure.status, contentType: "text/plain; charset=utf-8", text: failure.detail + "\n")
    }

    /// Does nothing.
    public func answered(_ exchange: HTTPExchange) {}

    /// Does nothing.
    public func cannotAccept(_ error: HTTPServerError) {}
}

/// What becomes of a request after its head.
public enum HTTPAdmission: Sendable {
    /// Read a body of at most that many bytes (more is answered with 413), then call `respond(to:)` there.
    ///
    /// With `spoolAbove`, a body of more bytes than that goes to a file of the server's spool as it comes.
    case collect(bodyLimit: Int, on: HTTPExecution, spoolAbove: Int? = nil)
    /// Answer without the body. A short rest of it is read and dropped; before a long one the connection is closed.
    case answer(HTTPResponse)
}

/// Where `HTTPHandler.respond(to:)` runs.
public enum HTTPExecution: Sendable, Hashable {
    /// On the event loop: for work of microseconds, since all connections of the loop wait for it.
    case loop
    /// On a thread of the worker pool; 503 when the pool's queue is full.
    case worker
    /// On the event loop when the body has at most that many bytes, else on a worker.
    case workerAbove(bodyBytes: Int)

    func needsWorker(bodyBytes: Int) -> Bool {
        switch self {
        case .loop: false
        case .worker: true
        case .workerAbove(let limit): bodyBytes > limit
        }
    }
}
