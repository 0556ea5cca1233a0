// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// How many files and sockets the process may have open.
enum Descriptors {
    /// Those that are no connections: listeners, event queues, the files of streams that are being worked on.
    private static let others = 256
    /// Those of them that a service without work has.
    private static let own = 32

    /// Raises the limit as far as so many connections need and the system allows.
    ///
    /// - Parameter connections: how many may be open at once.
    /// - Returns: for how many there is room; nil: for all of them.
    static func raise(for connections: Int) -> Int? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        let wanted = rlim_t(connections + others)
        if limit.rlim_cur < wanted, limit.rlim_cur < limit.rlim_max {
            let before = limit.rlim_cur
            limit.rlim_cur = min(wanted, limit.rlim_max)
            if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 { limit.rlim_cur = before }
        }
        return limit.rlim_cur < wanted ? max(0, Int(limit.rlim_cur) - own) : nil
    }
}
