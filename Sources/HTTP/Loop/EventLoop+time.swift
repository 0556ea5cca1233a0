// SPDX-License-Identifier: Apache-2.0

extension EventLoop {
    /// How long a connection that has not asked for anything yet is kept when the server shuts down, in milliseconds:
    /// its first request may be on its way.
    private static let newcomerGrace = 250

    /// Looks at the time limits of all connections, and tries again to accept.
    func sweep() {
        if !isListening, !isDraining { startListening() }
        for connection in connections {
            guard let connection else { continue }
            if let step = connection.conversation.expire(&output, clock.moment) {
                releaseTicket(connection)
                perform(step, connection)
                serve(connection)
            } else if isDraining {
                closeIfIdle(connection)
            }
        }
    }

    /// Ends in an orderly way: what waits to be accepted is, what was asked is answered, what is idle is closed.
    func drain(_ milliseconds: Int) {
        guard !isDraining else { return }
        acceptLast()
        stopListening()
        isDraining = true
        deadline = clock.moment.milliseconds + milliseconds
        for connection in connections {
            guard let connection else { continue }
            connection.conversation.isLast = true
            // A request may have come that epoll has not told of yet.
            connection.isReadable = true
            serve(connection)
            closeIfIdle(connection)
        }
        // What was idle has made room.
        placeNewcomers()
    }

    private func closeIfIdle(_ connection: Connection) {
        guard !connection.isClosed, connection.conversation.phase == .idle, connection.unsent.isEmpty else { return }
        let age = clock.moment.milliseconds - connection.acceptedAt
        if connection.conversation.answerCount > 0 || age > Self.newcomerGrace { close(connection) }
    }
}
