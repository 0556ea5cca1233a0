// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Reads the clocks once per turn of a loop and words the date once per second.
struct Clock {
    private(set) var moment = Moment()
    private var second = -1

    init() {
        update()
    }

    mutating func update() {
        moment.milliseconds = Self.milliseconds()
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        guard time.tv_sec != second else { return }
        second = time.tv_sec
        moment.dateLine = Array("Date: \(HTTPDate.format(secondsSince1970: second))\r\n".utf8)
    }

    /// Milliseconds since the machine started.
    static func milliseconds() -> Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }
}
