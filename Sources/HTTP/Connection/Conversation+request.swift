// SPDX-License-Identifier: Apache-2.0

// From head to end of a request.
extension Conversation {
    /// RFC 9110 §10.1.1, RFC 9112 §6: decides by the head what becomes of the request.
    mutating func begin(
        _ head: HTTPRequestHead,
        clientIsWaiting: Bool,
        _ output: inout OutputBuffer,
        _ moment: Moment
    ) -> Step? {
        self.head = head
        stopwatch = Stopwatch()
        bodyBytes = 0
        switch context.handler.admit(head) {
        case .answer(let response):
            return answerWithoutBody(response, head, &output, moment)
        case .collect(let limit, let execution, let spoolAbove):
            // RFC 9110 §10.1.1, §15.5.18.
            if head.expectation == .unknown { return refuse(.expectation, head, &output, moment) }
            // RFC 9110 §15.5.14: what is known to be too long is not read.
            if let length = head.declaredLength, length > limit { return refuse(.bodyTooLarge, head, &output, moment) }
            bodyLimit = limit
            self.execution = execution
            self.spoolAbove = spoolAbove ?? .max
            // What is known to have no room is refused before it is sent.
            if let length = head.declaredLength, length > self.spoolAbove, let failure = spoolDeclared(length) {
                return refuse(failure, head, &output, moment)
            }
            enter(.collecting, moment)
            // RFC 9110 §10.1.1: not without a body, and not when the client has begun to send it.
            if head.expectation == .continue100, head.framing != .none, clientIsWaiting {
                output.append("HTTP/1.1 100 Continue\r\n\r\n")
            }
            return nil
        }
    }

    private mutating func refuse(
        _ failure: HTTPFailure,
        _ head: HTTPRequestHead,
        _ output: inout OutputBuffer,
        _ moment: Moment
    ) -> Step? {
        answerWithoutBody(response(to: failure), head, &output, moment)
    }

    /// Answers before the body; RFC 9112 §9.3 then wants it read to its end or the connection closed.
    ///
    /// After an expectation nobody can know whether the body will come, so the connection is closed then.
    private mutating func answerWithoutBody(
        _ response: HTTPResponse,
        _ head: HTTPRequestHead,
        _ output: inout OutputBuffer,
        _ moment: Moment
    ) -> Step? {
        let length = head.declaredLength ?? .max
        let canDrain = length == 0 || length <= context.maximumDrainBytes && head.expectation == .none
        write(response, keeps: canDrain, &output, moment)
        guard phase != .closing else { return .finish }
        enter(.draining, moment)
        return nil
    }

    mutating func take(
        _ input: Span<UInt8>,
        _ range: Range<Int>,
        _ output: inout OutputBuffer,
        _ moment: Moment
    ) -> Step? {
        times.received(bodyBytes: range.count)
        bodyBytes += range.count
        guard phase == .collecting else { return nil }
        // RFC 9110 §15.5.14: of a chunked body the length shows only now.
        guard bodyBytes <= bodyLimit else { return fail(.bodyTooLarge, &output, moment) }
        if bodyBytes > spoolAbove {
            return spool(input.extracting(range)).flatMap { fail($0, &output, moment) }
        }
        guard context.held.hold(range.count) else { return fail(.tooManyBodyBytes, &output, moment) }
        heldBodyBytes += range.count
        makeRoom(for: range.count)
        input.append(range, to: &body)
        return nil
    }

    /// Grows the body to twice what has come, but not beyond what was declared: most bodies are then never copied.
    private mutating func makeRoom(for count: Int) {
        let needed = body.count + count
        guard needed > body.capacity, let length = head?.declaredLength else { return }
        body.reserveCapacity(max(needed, min(length, 2 * needed)))
    }

    /// The request is there to its last byte.
    mutating func end(_ output: inout OutputBuffer, _ moment: Moment) -> Step? {
        guard phase == .collecting, let head else {
            enter(.idle, moment)
            return nil
        }
        // Clients that do not take their answers must not make memory grow; what the loop answers is small.
        if execution != .loop, context.held.isExceeded {
            write(response(to: .tooManyBodyBytes), keeps: true, &output, moment)
            return phase == .closing ? .finish : nil
        }
        let request = HTTPRequest(head: head, body: takeBody())
        if execution.needsWorker(bodyBytes: request.body.count) {
            enter(.working, moment)
            return .work(request)
        }
        write(context.handler.respond(to: request), keeps: true, &output, moment)
        return phase == .closing ? .finish : nil
    }
}
