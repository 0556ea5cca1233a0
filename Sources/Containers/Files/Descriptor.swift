// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import Glibc

/// An open file of the system, closed with its last user.
final class Descriptor: Sendable {
    let number: Int32
    private let closes: Bool

    init(_ number: Int32, closes: Bool) {
        self.number = number
        self.closes = closes
    }

    deinit {
        if closes { close(number) }
    }

    /// Opens a file for reading.
    convenience init(reading path: String) throws(VMStateError) {
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { throw .unreadable("\(path): \(SystemError.text(errno))") }
        self.init(number, closes: true)
    }

    /// What kind of file it is, and how many bytes it has if it is a regular one.
    func status() -> (kind: mode_t, size: Int)? {
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { return nil }
        return (status.st_mode & S_IFMT, Int(status.st_size))
    }
}

/// The system's words for its errors.
enum SystemError {
    static func text(_ code: Int32) -> String {
        unsafe String(cString: strerror(code))
    }
}
