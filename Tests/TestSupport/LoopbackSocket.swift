// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A connection to a port of this machine that sends what it is told to; every wait ends after a time.
public final class LoopbackSocket {
    /// Nothing listens on the port.
    public struct Refused: Error {
        let place: String
    }

    private let descriptor: Int32

    /// Connects to a port of 127.0.0.1; sending and receiving give up after `seconds`.
    public init(port: Int, seconds: Int = 20) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        descriptor = try Self.connected(AF_INET, address, "port \(port)", seconds)
    }

    /// Connects to a port of ::1.
    public init(portOfIPv6 port: Int, seconds: Int = 20) throws {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = UInt16(port).bigEndian
        address.sin6_addr = in6addr_loopback
        descriptor = try Self.connected(AF_INET6, address, "port \(port)", seconds)
    }

    /// Connects to a Unix-domain socket.
    public init(path: String, seconds: Int = 20) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { throw Refused(place: path) }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        descriptor = try Self.connected(AF_UNIX, address, path, seconds)
    }

    private static func connected<T>(_ family: Int32, _ address: T, _ place: String, _ seconds: Int) throws -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        let status = unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<T>.size))
            }
        }
        guard status == 0 else {
            _ = close(descriptor)
            throw Refused(place: place)
        }
        return descriptor
    }

    deinit {
        _ = close(descriptor)
    }

    /// Sends bytes; false when the other side has closed the connection.
    @discardableResult
    public func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor,
                    $0.baseAddress?.advanced(by: sent),
                    $0.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// What has arrived, at least one byte; nil at the end of the connection and after the time.
    public func receive() -> [UInt8]? {
        var room = [UInt8](repeating: 0, count: 64 << 10)
        let count = unsafe recv(descriptor, &room, room.count, 0)
        return count > 0 ? Array(room[..<count]) : nil
    }

    /// Whether a byte has arrived that was not received yet.
    public var hasArrived: Bool {
        var byte: UInt8 = 0
        return unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) > 0
    }
}
