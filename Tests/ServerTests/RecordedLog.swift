// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization

/// Keeps what is logged.
final class RecordedLog: Sendable {
    private let events = Mutex<[LogEvent]>([])

    /// The lines so far.
    var lines: [LogEvent] { events.withLock { $0 } }

    /// A logger whose lines are kept.
    func logger(_ level: Logger.Level = .info) -> Logger {
        var logger = Logger(label: "test") { _ in Handler(log: self) }
        logger.logLevel = level
        return logger
    }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.events.withLock { $0.append(event) }
        }
    }
}

extension LogEvent {
    /// The text of a member.
    subscript(name: String) -> String? { metadata?[name]?.description }
}
