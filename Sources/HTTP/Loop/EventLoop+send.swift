// SPDX-License-Identifier: Apache-2.0

extension EventLoop {
    /// Calls to send to one connection in a turn: a file that its client takes quickly would keep the others waiting.
    private static let sendsPerTurn = 8

    /// Sends what is in the loop's output, or keeps for later what the client does not take now.
    func send(_ connection: Connection) {
        guard !output.isEmpty else { return }
        guard connection.unsent.isEmpty else { return keep(connection) }
        switch Socket.send(connection.fd, output, from: 0) {
        case .bytes(let count):
            counters.bytesSent.count(count)
            guard count < output.count else { return output.reset() }
            connection.sentBytes = count
            keep(connection)
        case .wouldBlock:
            keep(connection)
        case .failed:
            output.reset()
            close(connection)
        }
    }

    private func keep(_ connection: Connection) {
        let now = clock.moment.milliseconds
        if connection.unsent.isEmpty { connection.conversation.times.sent(someRemain: true, now: now) }
        // What a worker made has been entered; of a file nothing is in memory.
        if output.held == nil { output.held = HeldAnswer(output.bytes.count + output.tail.count, in: context.held) }
        connection.unsent.append(output)
        output = OutputBuffer()
    }

    /// Sends what was kept, or as much of it as a turn allows.
    ///
    /// - Returns: whether nothing is left and the connection is still there.
    func sendUnsent(_ connection: Connection) -> Bool {
        var sends = 0
        while let first = connection.unsent.first {
            guard sends < Self.sendsPerTurn else {
                queue(connection)
                return false
            }
            sends += 1
            switch Socket.send(connection.fd, first, from: connection.sentBytes) {
            case .bytes(let count):
                counters.bytesSent.count(count)
                connection.sentBytes += count
                if first.file != nil { connection.conversation.times.transferred(fileBytes: count) }
                if connection.sentBytes == first.count {
                    connection.unsent.removeFirst()
                    connection.sentBytes = 0
                }
                let someRemain = !connection.unsent.isEmpty
                connection.conversation.times.sent(someRemain: someRemain, now: clock.moment.milliseconds)
            case .wouldBlock:
                return false
            case .failed:
                close(connection)
                return false
            }
        }
        return true
    }
}
