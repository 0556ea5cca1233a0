// SPDX-License-Identifier: Apache-2.0

extension EventLoop {
    /// Pieces of input taken from one connection in a turn.
    private static let readsPerTurn = 8

    /// Moves a connection on until it waits for its client, a worker or its next turn.
    func serve(_ connection: Connection) {
        var reads = 0
        while !connection.isClosed, sendUnsent(connection) {
            let step: Conversation.Step
            if connection.conversation.phase == .closing {
                // RFC 9112 §9.6: end the sending side, then read on, so that no reset overtakes the last answer.
                Socket.endSending(connection.fd)
                connection.conversation.linger(clock.moment)
                continue
            } else if connection.conversation.phase == .working {
                return
            } else if !connection.held.isEmpty {
                step = takeHeld(connection)
            } else if connection.hasEnded {
                step = connection.conversation.inputEnded(&output, clock.moment)
            } else if connection.isReadable {
                guard reads < Self.readsPerTurn else { return queue(connection) }
                reads += 1
                guard let next = read(connection) else { return }
                step = next
            } else {
                return
            }
            perform(consume step, connection)
        }
    }

    /// Lets the others have their turn first.
    func queue(_ connection: Connection) {
        guard !connection.isQueued else { return }
        connection.isQueued = true
        ready.append(connection)
    }

    /// Does what the conversation asks for, and sends what it has written.
    ///
    /// A request that no worker takes is gone before its answer is sent, and so is its file.
    func perform(_ step: consuming Conversation.Step, _ connection: Connection) {
        let next: Conversation.Step
        switch consume step {
        case .work(let request):
            let isTaken = submit(request, connection)
            next = isTaken ? .flush : connection.conversation.refuseWork(&output, clock.moment)
        case let other: next = other
        }
        countAnswers(connection)
        countRequest(connection)
        if case .close = next { return close(connection) }
        send(connection)
    }

    func countAnswers(_ connection: Connection) {
        let count = connection.conversation.answerCount
        guard count > connection.countedAnswers else { return }
        counters.answers.count(count - connection.countedAnswers)
        connection.countedAnswers = count
    }

    /// Enters the connection's request, or takes it out once it has its answer.
    private func countRequest(_ connection: Connection) {
        let isInFlight = connection.conversation.head != nil
        guard isInFlight != connection.isInFlight else { return }
        connection.isInFlight = isInFlight
        counters.requestsInFlight.count(isInFlight ? 1 : -1)
    }

    /// - Returns: nil when there was no input, or no connection any more.
    private func read(_ connection: Connection) -> Conversation.Step? {
        switch Socket.receive(connection.fd, into: &input) {
        case .bytes(0):
            connection.hasEnded = true
            return connection.conversation.inputEnded(&output, clock.moment)
        case .bytes(let count):
            // epoll(7): a short read of a stream has emptied it, and what comes later is told anew; but the end that
            // was told already is not.
            if count < input.count, !connection.isEnding { connection.isReadable = false }
            counters.bytesReceived.count(count)
            var position = 0
            // A second reference for as long as the bytes are looked at, not a copy.
            let bytes = input
            let step = receive(connection, bytes.span.extracting(0..<count), &position)
            if position < count { connection.held = bytes.span.array(position..<count) }
            return step
        case .wouldBlock:
            connection.isReadable = false
            return nil
        case .failed:
            close(connection)
            return nil
        }
    }

    private func takeHeld(_ connection: Connection) -> Conversation.Step {
        let bytes = connection.held
        var position = connection.heldStart
        let step = receive(connection, bytes.span, &position)
        connection.heldStart = position
        if position == bytes.count {
            connection.held = []
            connection.heldStart = 0
        }
        return step
    }

    private func receive(
        _ connection: Connection,
        _ bytes: Span<UInt8>,
        _ position: inout Int
    ) -> Conversation.Step {
        connection.conversation.receive(bytes, &position, &output, clock.moment)
    }

    private func submit(_ request: HTTPRequest, _ connection: Connection) -> Bool {
        let ticket = WorkerPool.Ticket()
        let token = connection.token
        let job = WorkerPool.Job(request: request, ticket: ticket) { [mailbox] response in
            mailbox.post(.answer(response, token: token))
        }
        guard pool.submit(job) else {
            counters.rejected.count(1)
            return false
        }
        connection.ticket = ticket
        counters.requestsWithWorkers.count(1)
        return true
    }

    /// Gives a worker's answer to the connection that asked, if it is still there and still waits.
    func deliver(_ response: HTTPResponse?, _ token: UInt64) {
        guard let connection = connection(token), connection.ticket != nil else { return }
        releaseTicket(connection)
        let step =
            if let response {
                connection.conversation.complete(response, &output, clock.moment)
            } else {
                connection.conversation.refuseBodies(&output, clock.moment)
            }
        perform(step, connection)
        serve(connection)
    }

    func releaseTicket(_ connection: Connection) {
        guard let ticket = connection.ticket else { return }
        ticket.cancel()
        connection.ticket = nil
        counters.requestsWithWorkers.count(-1)
    }
}
