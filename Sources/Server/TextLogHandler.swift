// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import Logging

/// Writes each log line as text to standard error: time, level, logger, metadata, message.
///
/// As swift-log's own handler, but one that never waits for whoever reads.
public struct TextLogHandler: LogHandler {
    /// Lines below it are dropped.
    public var logLevel = Logger.Level.info
    /// What every line carries.
    public var metadata: Logger.Metadata = [:]

    private let label: String

    /// A handler for the logger of this name.
    public init(label: String) {
        self.label = label
    }

    /// One value that every line carries.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes a line, in one call so that lines of several threads do not mix.
    public func log(event: LogEvent) {
        let values = metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted { $0.key < $1.key }
        let text = values.map { " \($0.key)=\($0.value)" }.joined()
        LogOutput.write(Array("\(Self.now) \(event.level.rawValue) \(label):\(text) \(event.message)\n".utf8))
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
