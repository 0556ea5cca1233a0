// SPDX-License-Identifier: Apache-2.0
internal import CEpoll
internal import Glibc

/// A listening socket, shared by all loops.
struct Listener: Sendable {
    /// Clients that may wait to be accepted; the system may allow fewer.
    static let queueLength: Int32 = 4_096

    let fd: Int32
    /// The address with the port that the system chose.
    let address: HTTPAddress
    /// The file of a Unix-domain socket.
    private let file: FileIdentity?

    /// Binds and listens.
    ///
    /// - Parameters:
    ///   - address: where.
    ///   - socketMode: permission bits for the path of a Unix-domain socket.
    /// - Throws: the call that failed, and why.
    init(_ address: HTTPAddress, socketMode: UInt32? = nil) throws(HTTPServerError) {
        guard var socketAddress = SocketAddress(address) else {
            throw HTTPServerError(operation: "parse", address: address, code: EINVAL)
        }
        if case .unix(let path) = address { try Self.removeStale(path, address) }
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        fd = socket(socketAddress.family, type, 0)
        guard fd >= 0 else { throw HTTPServerError(operation: "socket", address: address, code: errno) }
        if socketAddress.family != AF_UNIX {
            Self.enable(fd, SOL_SOCKET, SO_REUSEADDR)
            // Accepted sockets inherit it: an answer is sent in one piece and must not wait for an acknowledgement.
            Self.enable(fd, Int32(IPPROTO_TCP), TCP_NODELAY)
        }
        // So that 0.0.0.0 and :: can be listened on side by side.
        if socketAddress.family == AF_INET6 { Self.enable(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY) }
        let fd = fd
        guard unsafe socketAddress.withPointers({ unsafe bind(fd, $0, $1.pointee) }) == 0 else {
            throw Self.failure("bind", fd, address)
        }
        file = if case .unix(let path) = address { FileIdentity(path) } else { nil }
        // Nobody can connect before listen().
        if case .unix(let path) = address, let socketMode, unsafe chmod(path, socketMode) != 0 {
            throw Self.failure("chmod", fd, address, isBound: true)
        }
        guard listen(fd, Self.queueLength) == 0 else { throw Self.failure("listen", fd, address, isBound: true) }
        if case .ip(let host, 0) = address {
            let bound = unsafe SocketAddress { name, length in _ = unsafe getsockname(fd, name, length) }
            self.address = .ip(host: host, port: bound.hostAndPort.port)
        } else {
            self.address = address
        }
    }

    /// Stops listening and removes the file of a Unix-domain socket, unless something else has taken its place.
    func close() {
        _ = Glibc.close(fd)
        guard case .unix(let path) = address, let file, FileIdentity(path) == file else { return }
        _ = unsafe unlink(path)
    }

    private static func enable(_ fd: Int32, _ level: Int32, _ option: Int32) {
        var one: Int32 = 1
        _ = unsafe setsockopt(fd, level, option, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// What has failed; the socket is closed, and its file removed where it is there already.
    private static func failure(
        _ operation: String,
        _ fd: Int32,
        _ address: HTTPAddress,
        isBound: Bool = false
    ) -> HTTPServerError {
        let error = HTTPServerError(operation: operation, address: address, code: errno)
        _ = Glibc.close(fd)
        if isBound, case .unix(let path) = address { _ = unsafe unlink(path) }
        return error
    }

    /// Removes the socket of a server that is gone; one that still answers, or any other file, is left alone.
    private static func removeStale(_ path: String, _ address: HTTPAddress) throws(HTTPServerError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK, var target = SocketAddress(address) else {
            throw HTTPServerError(operation: "bind", address: address, code: EEXIST)
        }
        // One whose queue is full has a server, for which is not waited.
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let probe = socket(AF_UNIX, type, 0)
        guard probe >= 0 else { throw HTTPServerError(operation: "socket", address: address, code: errno) }
        defer { _ = Glibc.close(probe) }
        let isAlive = unsafe target.withPointers { unsafe connect(probe, $0, $1.pointee) } == 0 || errno != ECONNREFUSED
        guard !isAlive else { throw HTTPServerError(operation: "bind", address: address, code: EADDRINUSE) }
        _ = unsafe unlink(path)
    }
}

/// Which file is at a path.
private struct FileIdentity: Equatable {
    let device: dev_t
    let inode: ino_t

    /// nil: there is none.
    init?(_ path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        device = status.st_dev
        inode = status.st_ino
    }
}

extension Listener {
    enum Accepted {
        case connection(fd: Int32, peer: String)
        /// Nobody waits.
        case none
        /// No descriptor or no memory is left.
        case exhausted(HTTPServerError)
    }

    func accept() -> Accepted {
        while true {
            var fd: Int32 = -1
            let peer = unsafe SocketAddress { address, length in
                fd = unsafe accept4(self.fd, address, length, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
            }
            if fd >= 0 { return .connection(fd: fd, peer: peer.hostAndPort.host) }
            switch errno {
            case EAGAIN, EBADF, EINVAL: return .none
            case let code where [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code):
                return .exhausted(HTTPServerError(operation: "accept", address: address, code: code))
            // accept(2): an error of the new connection (ECONNABORTED, ENETDOWN …) is passed on; the next may be well.
            default: continue
            }
        }
    }
}
