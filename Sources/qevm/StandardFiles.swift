// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Standard input, output and error.
enum StandardFiles {
    /// Sees to it that no file or socket gets the number of one that the caller has closed.
    ///
    /// Reading and writing them goes on to fail: what stands for standard input cannot be read, the others not written.
    static func hold() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest number that is free is this one.
            _ = unsafe open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
