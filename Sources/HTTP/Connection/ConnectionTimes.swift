// SPDX-License-Identifier: Apache-2.0

/// The time limits of a configuration in milliseconds.
struct TimeLimits: Sendable {
    let header: Int
    let bodyGrace: Int
    let bodyRate: Int
    let idle: Int
    let request: Int
    let fileRate: Int
    let writeStall: Int
    let linger: Int

    init(_ configuration: HTTPConfiguration) {
        header = Self.milliseconds(configuration.headerTimeout)
        bodyGrace = Self.milliseconds(configuration.bodyGrace)
        bodyRate = configuration.minimumBodyRate
        idle = Self.milliseconds(configuration.idleTimeout)
        request = Self.milliseconds(configuration.requestTimeout)
        fileRate = configuration.minimumFileRate
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
    /// Bytes that went to or from a file since `requestStart`.
    private var fileBytes = 0
    private var unsentSince: Int?

    init(now: Int) {
        phaseStart = now
        requestStart = now
    }

    /// Enters a phase; the first one after idling starts the request's own clock.
    mutating func enter(_ next: Phase, now: Int) {
        // What follows the transfer of a file has a time of its own.
        if phase == .idle || next == .head || phase == .body && fileBytes > 0 { restartRequest(now: now) }
        if next == .body { bodyBytes = 0 }
        phase = next
        phaseStart = now
    }

    /// Starts the clock that the limit of the whole request goes by.
    mutating func restartRequest(now: Int) {
        requestStart = now
        fileBytes = 0
    }

    /// Notes bytes that went to or from a file.
    mutating func transferred(fileBytes count: Int) {
        fileBytes += count
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
        case .idle, .head, .body, .work, .answered: return isRequestOver(limits, now: now) ? .request : nil
        }
    }

    /// A transfer of a file may take as long as its bytes need at the lowest rate, beyond the time of any request.
    private func isRequestOver(_ limits: TimeLimits, now: Int) -> Bool {
        let excess = now - requestStart - limits.request
        guard excess > 0, fileBytes > 0 else { return excess > 0 }
        return Double(fileBytes) * 1_000 < Double(excess) * Double(limits.fileRate)
    }

    /// In floating point, since the products may exceed an `Int`.
    private func isTooSlow(_ limits: TimeLimits, over milliseconds: Int) -> Bool {
        Double(bodyBytes) * 1_000 < Double(milliseconds) * Double(limits.bodyRate)
    }
}
