// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Synchronization

/// Where lines of the log go: standard error.
///
/// Loops and workers write to it, so that nobody waits for a reader that has stopped: lines are left out instead, and counted.
enum LogOutput {
    private static let counter = Atomic(0)

    /// How many lines were left out.
    static var omitted: Int { counter.load(ordering: .relaxed) }

    /// Writes a line, or leaves it out.
    static func write(_ line: [UInt8]) {
        guard canTakeMore else {
            counter.add(1, ordering: .relaxed)
            return
        }
        put(line)
    }

    /// Whether a write does not wait: a pipe can be written to when it has room for `PIPE_BUF`, and lines are shorter.
    private static var canTakeMore: Bool {
        var entry = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        return unsafe poll(&entry, 1, 0) != 0
    }

    private static func put(_ line: [UInt8]) {
        _ = unsafe Glibc.write(STDERR_FILENO, line, line.count)
    }
}
