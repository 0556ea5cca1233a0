// SPDX-License-Identifier: Apache-2.0
internal import CEpoll
internal import Glibc
internal import Synchronization

/// What other threads tell a loop.
enum Mail: Sendable {
    /// A connection that another loop has accepted.
    case connection(fd: Int32, peer: String)
    /// A worker has the answer for the connection of that token; nil: it did not begin, since too many bytes are held.
    case answer(HTTPResponse?, token: UInt64)
    /// Accept nothing more, and end when all is answered or when that many milliseconds have gone by.
    case drain(milliseconds: Int)
    /// End at once.
    case halt
}

/// The way to a loop from other threads; an eventfd wakes it.
final class Mailbox: Sendable {
    let wakeDescriptor: Int32
    private let mail = Mutex<[Mail]>([])

    init() throws(HTTPServerError) {
        wakeDescriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        guard wakeDescriptor >= 0 else { throw HTTPServerError(operation: "eventfd", code: errno) }
    }

    deinit {
        _ = close(wakeDescriptor)
    }

    /// Leaves a message; the first of several wakes the loop.
    func post(_ message: Mail) {
        let isFirst = mail.withLock { mail in
            mail.append(message)
            return mail.count == 1
        }
        // A full counter would block, and means that the loop is woken anyway.
        if isFirst { _ = eventfd_write(wakeDescriptor, 1) }
    }

    /// Takes all messages, oldest first.
    func take() -> [Mail] {
        var count: eventfd_t = 0
        _ = unsafe eventfd_read(wakeDescriptor, &count)
        return mail.withLock { mail in
            defer { mail = [] }
            return mail
        }
    }
}
