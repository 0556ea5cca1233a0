// SPDX-License-Identifier: Apache-2.0

/// The socket side of one connection.
///
/// Belongs to the thread of its loop.
///
/// An idle connection owns no buffer: input is read into the loop's, answers are written into the loop's, and only
/// what could not be dealt with at once is kept here.
final class Connection {
    let fd: Int32
    let token: UInt64
    let peer: String
    /// In milliseconds of the loop's clock.
    let acceptedAt: Int
    /// Whether it counts against the bounds on connections; those turned away do not.
    let isEntered: Bool
    var conversation: Conversation
    /// Input that came but may not be looked at yet, from `heldStart` on.
    var held: [UInt8] = []
    var heldStart = 0
    /// Answers that the client has not taken yet; of the first, `sentBytes` are gone.
    var unsent: [OutputBuffer] = []
    var sentBytes = 0
    /// Whether there may be input in the socket.
    var isReadable = false
    /// Whether the other side announced its end: then reading goes on until the end is met.
    var isEnding = false
    /// Whether the end of the input was met.
    var hasEnded = false
    var isClosed = false
    /// Whether the loop will come back to it in its next turn.
    var isQueued = false
    /// Answers that the loop's counters know of.
    var countedAnswers = 0
    /// Whether its request is counted as one without an answer.
    var isInFlight = false
    /// What a worker does for it.
    var ticket: WorkerPool.Ticket?

    init(fd: Int32, token: UInt64, peer: String, isEntered: Bool, _ context: ConversationContext, now: Int) {
        self.fd = fd
        self.token = token
        self.peer = peer
        acceptedAt = now
        self.isEntered = isEntered
        conversation = Conversation(context, peer: peer, now: now)
    }
}
