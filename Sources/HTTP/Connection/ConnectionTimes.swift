// SPDX-License-Identifier: Apache-2.0

/// The time limits of a configuration in milliseconds.
struct TimeLimits: Sendable {
    let header: Int
    let bodyGrace: Int
    let bodyRate: Int
    let idle: Int
    let request: Int
    let writeStall: Int
    let linger: Int

    init(_ configuration: HTTPConfiguration) {
        header = Self.milliseconds(configuration.headerTimeout)
        bodyGrace = Self.milliseconds(configuration.bodyGrace)
        bodyRate = configuration.minimumBodyRate
        idle = Self.milliseconds(configuration.idleTimeout)
        request = Self.milliseconds(configuration.requestTimeout)
        writeStall = Self.milliseconds(configuration.writeStallTimeout)
        linger = Self.milliseconds(configuration.lingerTime)
    }

    /// At most some thirty years, so that sums with a clock cannot overflow.
    private static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return Int(clamping: min(max(seconds, 0), 1_000_000_000) * 1_000 + attoseconds / 1_000_000_000_000_000)
    }
}

/// When the present phase of a connection began, and what has come of it.
struct ConnectionTimes {
    /// Where a connection is, as far as its time limits go.
    enum Phase {
        case idle
        case head
        case body
        case work
        case answered
        case lingering
    }

    /// Which limit was passed.
    enum Expiry: Equatable {
        case idle
        case head
        case body
        case request
        case linger
        case writeStall
    }

    private(set) var phase = Phase.idle
    private(set) var bodyBytes = 0
    private var phaseStart: Int
    private var requestStart: Int
    private var unsentSince: Int?

    init(now: Int) {
        phaseStart = now
        requestStart = now
    }

    /// Enters a phase; the first one after idling starts the request's own clock.
    mutating func enter(_ next: Phase, now: Int) {
        if phase == .idle || next == .head { requestStart = now }
        if next == .body { bodyBytes = 0 }
        phase = next
        phaseStart = now
    }

    mutating func received(bodyBytes count: Int) {
        // A count of bytes that really came does not reach 2⁶³.
        bodyBytes += count
    }

    /// Notes that the client took some bytes, or that there are now bytes for it to take.
    mutating func sent(someRemain: Bool, now: Int) {
        // An idle client's time starts when it has its answer.
        if phase == .idle, unsentSince != nil, !someRemain { phaseStart = now }
        unsentSince = someRemain ? now : nil
    }

    /// The limit that has been passed, if any.
    func expiry(_ limits: TimeLimits, now: Int) -> Expiry? {
        if let unsentSince, now - unsentSince > limits.writeStall { return .writeStall }
        let elapsed = now - phaseStart
        switch phase {
        case .idle where unsentSince == nil: return elapsed > limits.idle ? .idle : nil
        case .lingering: return elapsed > limits.linger ? .linger : nil
        case .head where elapsed > limits.header: return .head
        case .body where elapsed > limits.bodyGrace && isTooSlow(limits, over: elapsed - limits.bodyGrace): return .body
        case .idle, .head, .body, .work, .answered: return now - requestStart > limits.request ? .request : nil
        }
    }

    /// In floating point, since the products may exceed an `Int`.
    private func isTooSlow(_ limits: TimeLimits, over milliseconds: Int) -> Bool {
        Double(bodyBytes) * 1_000 < Double(milliseconds) * Double(limits.bodyRate)
    }
}
