// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Synchronization

/// Says that connections wait for descriptors: once a minute, since the server tries again several times a second.
final class ExhaustionLog: Sendable {
    private static let interval = Duration.seconds(60)

    private let logger: Logger
    private let nextLine = Mutex<ContinuousClock.Instant?>(nil)

    init(_ logger: Logger) {
        self.logger = logger
    }

    /// Writes the line, unless there was one a short time ago.
    ///
    /// - Parameters:
    ///   - reason: what the system says.
    ///   - now: the time.
    func write(_ reason: String, now: ContinuousClock.Instant = .now) {
        let isDue = nextLine.withLock { nextLine in
            if let nextLine, now < nextLine { return false }
            nextLine = now + Self.interval
            return true
        }
        if isDue { logger.warning("connections wait to be accepted", metadata: ["reason": "\(reason)"]) }
    }
}
