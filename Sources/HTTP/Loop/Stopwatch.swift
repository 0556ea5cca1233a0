// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Measures how long something takes, to the nanosecond.
struct Stopwatch {
    private let start = Self.nanoseconds()

    /// The time since it was made.
    var elapsed: Duration { .nanoseconds(Self.nanoseconds() - start) }

    private static func nanoseconds() -> Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
