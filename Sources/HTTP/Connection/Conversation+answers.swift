// SPDX-License-Identifier: Apache-2.0

// Writing answers, and where they lead.
extension Conversation {
    /// Answers with a failure after which the input cannot be understood any more.
    mutating func fail(_ failure: HTTPFailure, _ output: inout OutputBuffer, _ moment: Moment) -> Step {
        // A request whose body was only dropped has its answer already.
        guard phase != .draining else {
            enter(.closing, moment)
            return .finish
        }
        if phase != .collecting, phase != .working { head = nil }
        write(response(to: failure), keeps: false, &output, moment)
        return .finish
    }

    mutating func response(to failure: HTTPFailure) -> HTTPResponse {
        self.failure = failure
        var response = context.handler.failure(failure, for: head)
        // RFC 9110 §10.2.3.
        if let seconds = failure.retryAfter, !response.headers.contains("Retry-After") {
            response.headers.append(name: "Retry-After", value: String(seconds))
        }
        return response
    }

    /// Puts an answer into the output and goes on to the next request, or to the end.
    mutating func write(
        _ response: HTTPResponse,
        keeps: Bool,
        _ output: inout OutputBuffer,
        _ moment: Moment
    ) {
        let keeps = keeps && !isLast && !response.closesConnection && (head?.isPersistent ?? false)
        let context = ResponseContext(
            version: head?.version ?? .http11,
            isHead: head?.method == "HEAD",
            keepsConnection: keeps
        )
        report(response)
        output.append(response, context, date: moment.dateLine)
        answerCount += 1
        head = nil
        failure = nil
        releaseBody()
        enter(keeps ? .idle : .closing, moment)
        if output.file != nil { times.restartRequest(now: moment.milliseconds) }
    }

    /// Tells the handler what goes out.
    private func report(_ response: HTTPResponse) {
        let hasNoBody = head?.method == "HEAD" || response.status.forbidsBody
        context.handler.answered(
            HTTPExchange(
                head: head,
                peer: peer,
                response: response,
                failure: failure,
                // Those that were counted last are of another request.
                receivedBodyBytes: head == nil ? 0 : bodyBytes,
                sentBodyBytes: hasNoBody ? 0 : response.body.count,
                duration: head == nil ? .zero : stopwatch.elapsed
            )
        )
    }

    /// Gives up the body; also to be called when the connection is gone.
    mutating func releaseBody() {
        context.held.release(heldBodyBytes)
        heldBodyBytes = 0
        body = []
        file = nil
    }

    mutating func enter(_ next: Phase, _ moment: Moment) {
        phase = next
        let timed: ConnectionTimes.Phase =
            switch next {
            case .idle: .idle
            case .head: .head
            case .collecting, .draining: .body
            case .working: .work
            case .closing: .answered
            case .lingering: .lingering
            }
        times.enter(timed, now: moment.milliseconds)
    }
}
