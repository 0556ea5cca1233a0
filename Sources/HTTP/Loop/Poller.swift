// SPDX-License-Identifier: Apache-2.0
internal import CEpoll
internal import Glibc

/// An epoll instance.
///
/// Safe to use: of the union in its events only the token is written and read.
@safe
struct Poller {
    struct Event {
        let token: UInt64
        let isReadable: Bool
        /// The other side has ended; bytes it sent before may still be there.
        let isEnding: Bool
        /// Nothing can be sent any more.
        let isBroken: Bool
    }

    private let fd: Int32
    private var events = unsafe [epoll_event](repeating: epoll_event(), count: 256)

    init() throws(HTTPServerError) {
        fd = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard fd >= 0 else { throw HTTPServerError(operation: "epoll_create1", code: errno) }
    }

    /// Watches a connection, edge-triggered: told once of each arrival, and never changed afterwards.
    func watchConnection(_ fd: Int32, token: UInt64) -> Bool {
        add(fd, EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue, token)
    }

    /// Watches a listening socket that other loops watch as well: as few of them as possible are woken.
    func watchListener(_ fd: Int32, token: UInt64) -> Bool {
        add(fd, EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue, token)
    }

    /// Watches a descriptor that belongs to this loop alone.
    func watch(_ fd: Int32, token: UInt64) -> Bool {
        add(fd, EPOLLIN.rawValue, token)
    }

    func forget(_ fd: Int32) {
        _ = epoll_ctl(self.fd, EPOLL_CTL_DEL, fd, nil)
    }

    private func add(_ fd: Int32, _ interest: UInt32, _ token: UInt64) -> Bool {
        var event = unsafe epoll_event(events: interest, data: epoll_data_t(u64: token))
        return unsafe epoll_ctl(self.fd, EPOLL_CTL_ADD, fd, &event) == 0
    }

    /// Waits for events.
    ///
    /// - Parameter milliseconds: how long at most; -1 for as long as it takes.
    /// - Returns: how many there are.
    mutating func wait(milliseconds: Int) -> Int {
        let count = unsafe epoll_wait(fd, &events, Int32(events.count), Int32(clamping: milliseconds))
        return max(0, Int(count))
    }

    subscript(index: Int) -> Event {
        let kinds = unsafe events[index].events
        return Event(
            token: unsafe events[index].data.u64,
            isReadable: kinds & EPOLLIN.rawValue != 0,
            isEnding: kinds & EPOLLRDHUP.rawValue != 0,
            isBroken: kinds & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
        )
    }

    func close() {
        _ = Glibc.close(fd)
    }
}
