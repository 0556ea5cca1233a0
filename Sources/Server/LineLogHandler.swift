// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import Glibc
public import Logging

/// Writes each log event as a line to standard error, and never waits for whoever reads.
public struct LineLogHandler: LogHandler {
    /// What a line is.
    public enum Form: String, Sendable {
        /// Time, level, logger, metadata and message, as swift-log's own handler writes them.
        case text
        /// An object with `time_ms`, `level`, `logger`, `message` and the metadata.
        case json
    }

    /// Events below it are dropped.
    public var logLevel = Logger.Level.info
    /// What every line carries.
    public var metadata: Logger.Metadata = [:]

    private let label: String
    private let form: Form

    /// A handler for the logger of this name.
    public init(label: String, form: Form) {
        self.label = label
        self.form = form
    }

    /// One value that every line carries.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes a line, in one call so that lines of several threads do not mix.
    public func log(event: LogEvent) {
        let values = metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted { $0.key < $1.key }
        switch form {
        case .text:
            let text = values.map { " \($0.key)=\($0.value)" }.joined()
            LogOutput.write(Array("\(Self.now) \(event.level.rawValue) \(label):\(text) \(event.message)\n".utf8))
        case .json:
            guard let line = try? json(event, values) else { return }
            LogOutput.write(line + [UInt8(ascii: "\n")])
        }
    }

    private func json(
        _ event: LogEvent,
        _ values: [(key: String, value: Logger.Metadata.Value)]
    ) throws -> [UInt8] {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        var writer = JSONObjectWriter()
        writer.member("time_ms", Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000)
        writer.member("level", event.level.rawValue)
        writer.member("logger", label)
        writer.member("message", event.message.description)
        for (key, value) in values {
            if case .stringConvertible(let number as Int) = value {
                writer.member(key, number)
            } else {
                writer.member(key, value.description)
            }
        }
        return try writer.finish()
    }

    /// The local time, as in RFC 3339 but for the colon of the zone.
    private static var now: String {
        var seconds = time(nil)
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        var room = [CChar](repeating: 0, count: 64)
        let count = unsafe strftime(&room, room.count, "%Y-%m-%dT%H:%M:%S%z", &parts)
        return String(decoding: room[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
