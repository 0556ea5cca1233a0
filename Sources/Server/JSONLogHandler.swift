// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import Glibc
public import Logging

/// Writes each log line as a JSON object to standard error.
public struct JSONLogHandler: LogHandler {
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
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        var writer = JSONObjectWriter()
        writer.member("time_ms", Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000)
        writer.member("level", event.level.rawValue)
        writer.member("logger", label)
        writer.member("message", event.message.description)
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: {
            $0.key < $1.key
        }) {
            if case .stringConvertible(let number as Int) = value {
                writer.member(key, number)
            } else {
                writer.member(key, value.description)
            }
        }
        guard var line = try? writer.finish() else { return }
        line.append(UInt8(ascii: "\n"))
        LogOutput.write(line)
    }
}
