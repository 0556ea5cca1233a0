// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// SIGTERM and SIGINT, and SIGPIPE.
///
/// The first two are blocked in every thread and waited for, so no handler runs in the middle of anything.
enum Signals {
    private static func set() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGTERM)
        unsafe sigaddset(&set, SIGINT)
        return set
    }

    /// Before any thread is started: threads inherit it.
    static func block() {
        var set = set()
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        // A log that nobody reads any more ends no service.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Returns when one of the signals has come.
    static func wait() {
        var set = set()
        var signal: Int32 = 0
        unsafe sigwait(&set, &signal)
    }

    /// Ends the process at once when another one comes.
    static func endAtTheNext() {
        var thread = pthread_t()
        unsafe pthread_create(
            &thread,
            nil,
            { _ in
                Signals.wait()
                _exit(1)
            },
            nil
        )
    }
}
