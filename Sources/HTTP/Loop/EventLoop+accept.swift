// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization

extension EventLoop {
    /// Connections accepted in one turn, so that a flood of them does not keep the others waiting.
    private static let acceptsPerTurn = 64
    /// Connections that wait to be told that they are too many; beyond it they are told and closed without waiting.
    private static let maximumRefused = 64

    func startListening() {
        isListening = true
        for (index, listener) in listeners.all.enumerated() {
            let isWatched = poller.watchListener(listener.fd, token: Self.listenerBit | UInt64(index))
            isListening = isListening && isWatched
        }
        // The sweep tries again.
        if !isListening { pauseListening() }
    }

    /// Leaves the listeners; the last loop to do so closes them.
    func stopListening() {
        pauseListening()
        listeners.leave(self)
    }

    private func pauseListening() {
        isListening = false
        for listener in listeners.all { poller.forget(listener.fd) }
    }

    func accept(_ index: Int) {
        for _ in 0..<Self.acceptsPerTurn {
            switch listeners.all[index].accept() {
            case .none: return
            // Clients wait in the system's queue; the sweep tries again. Asking on would be a busy loop.
            case .exhausted(let error):
                counters.exhaustions.count(1)
                context.handler.cannotAccept(error)
                return pauseListening()
            case .connection(let fd, let peer): place(fd, peer)
            }
        }
    }

    /// Accepts whoever waits at the moment, since closing a listener would reset them.
    func acceptLast() {
        for listener in listeners.all {
            for _ in 0..<Listener.queueLength {
                guard case .connection(let fd, let peer) = listener.accept() else { break }
                place(fd, peer)
            }
        }
    }

    /// Keeps a new connection, or gives it to the loop that has the fewest.
    private func place(_ fd: Int32, _ peer: String) {
        counters.acceptedConnections.count(1)
        let load = { (loop: EventLoop) in loop.counters.openConnections.load(ordering: .relaxed) }
        if let idlest = loops.min(by: { load($0) < load($1) }), load(idlest) + 1 < load(self), !isDraining {
            idlest.mailbox.post(.connection(fd: fd, peer: peer))
        } else {
            admit(fd, peer)
        }
    }

    /// Tells a connection from all that had its descriptor before: an event or an answer that is meant for one of those
    /// must not reach it.
    static func token(generation: UInt64, fd: Int32) -> UInt64 {
        // 31 bits of generation above 32 bits of descriptor leave the listener's bit free.
        (generation & 0x7FFF_FFFF) << 32 | UInt64(fd)
    }

    /// Serves a connection from now on; one that is not entered is told that there are too many.
    func adopt(_ fd: Int32, _ peer: String, isEntered: Bool) {
        generation += 1
        let token = Self.token(generation: generation, fd: fd)
        let now = clock.moment.milliseconds
        let connection = Connection(fd: fd, token: token, peer: peer, isEntered: isEntered, context, now: now)
        connection.conversation.isLast = isDraining
        while connections.count <= Int(fd) { connections.append(nil) }
        connections[Int(fd)] = connection
        connectionCount += 1
        if isEntered { counters.openConnections.count(1) } else { refusedCount += 1 }
        guard poller.watchConnection(fd, token: token) else { return close(connection) }
        guard isEntered else { return refuse(connection) }
    }

    private func refuse(_ connection: Connection) {
        counters.rejected.count(1)
        perform(connection.conversation.refuseConnection(&output, clock.moment), connection)
        if refusedCount > Self.maximumRefused { close(connection) } else { serve(connection) }
    }

    func close(_ connection: Connection) {
        guard !connection.isClosed else { return }
        connection.isClosed = true
        connection.conversation.releaseBody()
        // A file among them is closed now, whoever else still knows the connection.
        connection.unsent = []
        connections[Int(connection.fd)] = nil
        connectionCount -= 1
        if connection.isEntered {
            counters.openConnections.count(-1)
            ledger.leave(connection.peer)
        } else {
            refusedCount -= 1
        }
        if connection.isInFlight {
            counters.requestsInFlight.count(-1)
            counters.abandonedRequests.count(1)
        }
        if let ticket = connection.ticket {
            ticket.cancel()
            counters.requestsWithWorkers.count(-1)
        }
        connection.ticket = nil
        // Closing takes the descriptor out of the epoll set as well.
        _ = Glibc.close(connection.fd)
    }
}
