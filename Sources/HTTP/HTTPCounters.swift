// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// What a server has done so far, and what it is doing.
public struct HTTPCounters: Sendable, Hashable {
    /// Connections that are open.
    public var openConnections = 0
    /// Requests that wait for a worker or are with one.
    public var requestsWithWorkers = 0
    /// Requests whose header is there and whose answer is not.
    public var requestsInFlight = 0
    /// Requests whose connection ended before their answer, since the start.
    public var abandonedRequests = 0
    /// Connections accepted since the start.
    public var acceptedConnections = 0
    /// How often connections had to wait since no descriptor was left, since the start.
    public var exhaustions = 0
    /// Connections and requests turned away with 503 since the start.
    public var rejected = 0
    /// Answers given since the start.
    public var answers = 0
    /// Bytes received since the start.
    public var bytesReceived = 0
    /// Bytes sent since the start.
    public var bytesSent = 0
    /// Bytes of bodies that are in files.
    public var spooledBytes = 0

    /// Zeros.
    public init() {}
}

/// The counters of one loop: written by its thread, read by any.
final class LoopCounters: Sendable {
    let openConnections = Atomic(0)
    let requestsWithWorkers = Atomic(0)
    let requestsInFlight = Atomic(0)
    let abandonedRequests = Atomic(0)
    let acceptedConnections = Atomic(0)
    let exhaustions = Atomic(0)
    let rejected = Atomic(0)
    let answers = Atomic(0)
    let bytesReceived = Atomic(0)
    let bytesSent = Atomic(0)

    func add(to sum: inout HTTPCounters) {
        sum.openConnections += openConnections.load(ordering: .relaxed)
        sum.requestsWithWorkers += requestsWithWorkers.load(ordering: .relaxed)
        sum.requestsInFlight += requestsInFlight.load(ordering: .relaxed)
        sum.abandonedRequests += abandonedRequests.load(ordering: .relaxed)
        sum.acceptedConnections += acceptedConnections.load(ordering: .relaxed)
        sum.exhaustions += exhaustions.load(ordering: .relaxed)
        sum.rejected += rejected.load(ordering: .relaxed)
        sum.answers += answers.load(ordering: .relaxed)
        sum.bytesReceived += bytesReceived.load(ordering: .relaxed)
        sum.bytesSent += bytesSent.load(ordering: .relaxed)
    }
}

extension Atomic<Int> {
    /// Adds without ordering anything else.
    func count(_ difference: Int) {
        // Wraps after 2⁶³ events.
        _ = wrappingAdd(difference, ordering: .relaxed)
    }
}
