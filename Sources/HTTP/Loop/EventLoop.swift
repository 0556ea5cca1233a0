// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// One thread that serves its share of the connections.
///
/// `@unchecked Sendable`: other threads use `mailbox` and `counters` only, which are `Sendable`; everything else is
/// touched by the thread that calls `run()` alone.
final class EventLoop: @unchecked Sendable {
    /// How often time limits are looked at, in milliseconds.
    static let sweepInterval = 100
    static let wakeToken = UInt64.max
    /// Tokens of listeners have this bit and their index below it.
    static let listenerBit: UInt64 = 1 << 63

    let mailbox: Mailbox
    let counters = LoopCounters()
    let context: ConversationContext
    let pool: WorkerPool
    let ledger: ConnectionLedger
    let listeners: SharedListeners
    /// All loops of the server, this one included; set before any of them runs.
    var loops: [EventLoop] = []

    var poller: Poller
    var clock = Clock()
    /// The connection of each descriptor.
    var connections: [Connection?] = []
    var connectionCount = 0
    var refusedCount = 0
    var newcomers: [Newcomer] = []
    var generation: UInt64 = 0
    /// Connections with more to do that shall not keep others waiting.
    var ready: [Connection] = []
    var input = [UInt8](repeating: 0, count: 64 << 10)
    var output = OutputBuffer()
    var isListening = false
    var isDraining = false
    var deadline = Int.max
    private var nextSweep = 0

    init(
        _ context: ConversationContext,
        _ pool: WorkerPool,
        _ ledger: ConnectionLedger,
        _ listeners: SharedListeners
    ) throws(HTTPServerError) {
        self.context = context
        self.pool = pool
        self.ledger = ledger
        self.listeners = listeners
        mailbox = try Mailbox()
        poller = try Poller()
        guard poller.watch(mailbox.wakeDescriptor, token: Self.wakeToken) else {
            throw HTTPServerError(operation: "epoll_ctl", code: errno)
        }
    }

    deinit {
        poller.close()
    }

    /// Serves until it is told to end.
    func run() {
        startListening()
        while !isFinished {
            let count = poller.wait(milliseconds: waitingTime)
            clock.update()
            for index in 0..<count { handle(poller[index]) }
            serveReady()
            placeNewcomers()
            if clock.moment.milliseconds >= nextSweep {
                sweep()
                nextSweep = clock.moment.milliseconds + Self.sweepInterval
            }
        }
        stopListening()
        // Those that other loops gave away too late are closed with the rest.
        readMail()
        placeNewcomers()
        for connection in connections { connection.map(close) }
    }

    private var isFinished: Bool {
        isDraining && (connectionCount == 0 || clock.moment.milliseconds >= deadline)
    }

    /// Without connections nothing is swept, so a server with nothing to do does nothing.
    private var waitingTime: Int {
        if !ready.isEmpty { return 0 }
        guard newcomers.isEmpty else { return Self.newcomerInterval }
        guard connectionCount > 0 || isDraining || !isListening else { return -1 }
        return max(0, min(nextSweep, deadline) - clock.moment.milliseconds)
    }

    private func handle(_ event: Poller.Event) {
        if event.token == Self.wakeToken { return readMail() }
        if event.token & Self.listenerBit != 0 { return accept(Int(event.token & ~Self.listenerBit)) }
        guard let connection = connection(event.token) else { return }
        if event.isBroken { return close(connection) }
        if event.isReadable || event.isEnding { connection.isReadable = true }
        if event.isEnding { connection.isEnding = true }
        serve(connection)
    }

    private func serveReady() {
        let turn = ready
        ready.removeAll(keepingCapacity: true)
        for connection in turn {
            connection.isQueued = false
            serve(connection)
        }
    }

    private func readMail() {
        for message in mailbox.take() {
            switch message {
            case .connection(let fd, let peer): admit(fd, peer)
            case .answer(let response, let token): deliver(response, token)
            case .drain(let milliseconds): drain(milliseconds)
            case .halt:
                isDraining = true
                deadline = 0
            }
        }
    }

    /// The connection that a token was made for, unless it is gone: descriptors are used again, generations are not.
    func connection(_ token: UInt64) -> Connection? {
        let index = Int(token & 0xFFFF_FFFF)
        guard index < connections.count, let connection = connections[index], connection.token == token else {
            return nil
        }
        return connection
    }
}
