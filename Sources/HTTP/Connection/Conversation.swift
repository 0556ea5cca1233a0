// SPDX-License-Identifier: Apache-2.0

/// The protocol side of one connection: bytes in, bytes and steps out.
///
/// It has no socket, and the time that its limits go by is given to it.
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
    var answerCount = 0
    var phase = Phase.idle
    var times: ConnectionTimes

    private var parser: RequestParser
    var head: HTTPRequestHead?
    /// Runs from the end of the head.
    var stopwatch = Stopwatch()
    /// Bytes of the request's body that came.
    var bodyBytes = 0
    let peer: String
    /// Why the answer that is being written is the server's own.
    var failure: HTTPFailure?
    var body: [UInt8] = []
    /// The file that the body goes to, once it is too large for memory.
    var file: HTTPFileWriter?
    var spoolAbove = Int.max
    /// Bytes of the body that are entered in the context, until the request has its answer.
    var heldBodyBytes = 0
    var bodyLimit = 0
    var execution = HTTPExecution.loop

    /// Bytes of memory that the body holds so far.
    var heldBodyCapacity: Int { body.capacity }

    init(_ context: ConversationContext, peer: String, now: Int) {
        self.context = context
        self.peer = peer
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
        case .idle: return output.hasTail || output.count > context.maximumUnsentBytes ? .flush : nil
        case .head, .collecting, .draining: return nil
        }
    }
}
