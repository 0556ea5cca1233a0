// SPDX-License-Identifier: Apache-2.0

/// The protocol side of one connection: bytes in, bytes and steps out.
///
/// It has no socket and no clock.
struct Conversation {
    /// Where the conversation is.
    ///
    /// A body that is streamed to the handler would be a case beside `collecting`, an answer that is streamed from it
    /// one beside `working`.
    enum Phase: Equatable {
        /// Between requests.
        case idle
        /// Some bytes of a head are there.
        case head
        /// The body is read and kept.
        case collecting
        /// The body of a request that has its answer is read and dropped.
        case draining
        /// A worker has the request.
        case working
        /// The last answer is in the output.
        case closing
        /// The last answer was sent; what still comes is dropped until the client ends.
        case lingering(remaining: Int)
    }

    /// What the socket side has to do next.
    enum Step {
        /// Send what is in the output and read on.
        case read
        /// Send what is in the output before any more input is looked at.
        case flush
        /// Have a worker answer, then call `complete(_:)`; until then no input is looked at.
        case work(HTTPRequest)
        /// Send what is in the output, end the sending side, then call `linger(_:)`.
        case finish
        /// Close without sending anything more.
        case close
    }

    let context: ConversationContext
    /// Set when the server is shutting down: the next answer is the last.
    var isLast = false
    /// Answers given so far.
    private(set) var answerCount = 0
    private(set) var phase = Phase.idle
    var times: ConnectionTimes

    private var parser: RequestParser
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    /// Bytes of the body that are entered in the context, until the request has its answer.
    private var heldBodyBytes = 0
    private var bodyLimit = 0
    private var execution = HTTPExecution.loop

    /// Bytes of memory that the body holds so far.
    var heldBodyCapacity: Int { body.capacity }

    init(_ context: ConversationContext, peer: String, now: Int) {
        self.context = context
        parser = RequestParser(limits: context.parserLimits, peer: peer)
        times = ConnectionTimes(now: now)
    }

    /// Looks at input from `position` on, moves it behind what was taken and puts answers into the output.
    mutating func receive(
        _ input: Span<UInt8>,
        _ position: inout Int,
        _ output: inout OutputBuffer,
        _ moment: Moment
    ) -> Step {
        while true {
            if let step = stepWithoutParser(input, &position, output) { return step }
            do throws(HTTPFailure) {
                switch try parser.next(input, &position) {
                case .needInput:
                    if phase == .idle, parser.isInsideRequest { enter(.head, moment) }
                    return .read
                case .head(let head):
                    let isWaiting = position == input.count
                    if let step = begin(head, clientIsWaiting: isWaiting, &output, moment) { return step }
                case .body(let range):
                    if let step = take(input, range, &output, moment) { return step }
                case .end:
                    if let step = end(&output, moment) { return step }
                }
            } catch {
                return fail(error, &output, moment)
            }
        }
    }

    /// The phases in which input is not parsed, and the bound on answers that wait to be sent (back-pressure).
    private mutating func stepWithoutParser(
        _ input: Span<UInt8>,
        _ position: inout Int,
        _ output: OutputBuffer
    ) -> Step? {
        switch phase {
        case .lingering(let remaining):
            let left = remaining - (input.count - position)
            position = input.count
            phase = .lingering(remaining: left)
            return left > 0 ? .read : .close
        case .closing: return .finish
        case .working: return .flush
        case .idle: return !output.tail.isEmpty || output.count > context.maximumUnsentBytes ? .flush : nil
        case .head, .collecting, .draining: return nil
        }
    }

    /// RFC 9110 §10.1.1, RFC 9112 §6: decides by the head what becomes of the request.
    private mutating func begin(
        _ head: HTTPRequestHead,
        clientIsWaiting: Bool,
        _ output: inout OutputBuffer,
        _ moment: Moment
    ) -> Step? {
        self.head = head
        switch context.handler.admit(head) {
        case .answer(let response):
            return answerWithoutBody(response, head, &output, moment)
        case .collect(let limit, let execution):
            if head.expectation == .unknown { return refuse(.expectation, head, &output, moment) }
            if let length = head.declaredLength, length > limit { return refuse(.bodyTooLarge, head, &output, moment) }
            bodyLimit = limit
            self.execution = execution
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

    private mutating func take(
        _ input: Span<UInt8>,
        _ range: Range<Int>,
        _ output: inout OutputBuffer,
        _ moment: Moment
    ) -> Step? {
        times.received(bodyBytes: range.count)
        guard phase == .collecting else { return nil }
        // RFC 9110 §15.5.14: of a chunked body the length shows only now.
        guard range.count <= bodyLimit - body.count else { return fail(.bodyTooLarge, &output, moment) }
        guard context.hold(bodyBytes: range.count) else { return fail(.overloaded, &output, moment) }
        heldBodyBytes += range.count
        input.append(range, to: &body)
        return nil
    }

    /// The request is there to its last byte.
    private mutating func end(_ output: inout OutputBuffer, _ moment: Moment) -> Step? {
        guard phase == .collecting, let head else {
            enter(.idle, moment)
            return nil
        }
        let request = HTTPRequest(head: head, body: body)
        body = []
        if execution.needsWorker(bodyBytes: request.body.count) {
            enter(.working, moment)
            return .work(request)
        }
        write(context.handler.respond(to: request), keeps: true, &output, moment)
        return phase == .closing ? .finish : nil
    }

    /// Gives the answer of a worker.
    mutating func complete(_ response: HTTPResponse, _ output: inout OutputBuffer, _ moment: Moment) -> Step {
        guard phase == .working else { return .read }
        write(response, keeps: true, &output, moment)
        return phase == .closing ? .finish : .flush
    }

    /// Answers in place of a worker when none can take the request.
    mutating func refuseWork(_ output: inout OutputBuffer, _ moment: Moment) -> Step {
        complete(response(to: .overloaded), &output, moment)
    }

    /// Refuses the connection itself, before any request.
    mutating func refuseConnection(_ output: inout OutputBuffer, _ moment: Moment) -> Step {
        fail(.tooManyConnections, &output, moment)
    }

    /// The client has ended its sending side; what it sent before is still answered (RFC 9112 §9.6).
    mutating func inputEnded(_ output: inout OutputBuffer, _ moment: Moment) -> Step {
        switch phase {
        case .idle, .draining, .lingering: return .close
        case .closing: return .finish
        case .working:
            isLast = true
            return .flush
        // RFC 9112 §8: an incomplete request is answered with an error.
        case .head, .collecting: return fail(.truncated, &output, moment)
        }
    }

    /// The last answer and the end of the sending side are on their way.
    mutating func linger(_ moment: Moment) {
        phase = .lingering(remaining: context.lingerBytes)
        times.enter(.lingering, now: moment.milliseconds)
    }

    /// Looks whether a time limit has been passed; nil when not.
    mutating func expire(_ output: inout OutputBuffer, _ moment: Moment) -> Step? {
        guard let expiry = times.expiry(context.times, now: moment.milliseconds) else { return nil }
        switch (phase, expiry) {
        case (_, .writeStall), (.idle, _), (.draining, _), (.closing, _), (.lingering, _): return .close
        case (.working, _): return fail(.workTimedOut, &output, moment)
        case (_, .head): return fail(.headTimedOut, &output, moment)
        case (_, .body): return fail(.bodyTimedOut, &output, moment)
        default: return fail(.requestTimedOut, &output, moment)
        }
    }

    /// Answers with a failure after which the input cannot be understood any more.
    private mutating func fail(_ failure: HTTPFailure, _ output: inout OutputBuffer, _ moment: Moment) -> Step {
        // A request whose body was only dropped has its answer already.
        guard phase != .draining else {
            enter(.closing, moment)
            return .finish
        }
        if phase != .collecting, phase != .working { head = nil }
        write(response(to: failure), keeps: false, &output, moment)
        return .finish
    }

    private func response(to failure: HTTPFailure) -> HTTPResponse {
        var response = context.handler.failure(failure)
        // RFC 9110 §10.2.3.
        if let seconds = failure.retryAfter, !response.headers.contains("Retry-After") {
            response.headers.append(name: "Retry-After", value: String(seconds))
        }
        return response
    }

    /// Puts an answer into the output and goes on to the next request, or to the end.
    private mutating func write(
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
        output.append(response, context, date: moment.dateLine)
        answerCount += 1
        head = nil
        releaseBody()
        enter(keeps ? .idle : .closing, moment)
    }

    /// Gives up the body; also to be called when the connection is gone.
    mutating func releaseBody() {
        context.release(bodyBytes: heldBodyBytes)
        heldBodyBytes = 0
        body = []
    }

    private mutating func enter(_ next: Phase, _ moment: Moment) {
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
