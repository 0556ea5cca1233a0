// SPDX-License-Identifier: Apache-2.0

// What comes from elsewhere than the input: workers, the end of the input, time.
extension Conversation {
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

    /// Answers in place of a worker that had to find that too many bytes are held.
    mutating func refuseBodies(_ output: inout OutputBuffer, _ moment: Moment) -> Step {
        complete(response(to: .tooManyBodyBytes), &output, moment)
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
}
