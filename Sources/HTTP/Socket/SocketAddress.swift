// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// An address in the form the socket calls take.
struct SocketAddress {
    private(set) var storage = sockaddr_storage()
    private(set) var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

    /// The one that a call fills in.
    init(_ fill: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Void) {
        unsafe withPointers { unsafe fill($0, $1) }
    }

    /// - Returns: nil for a host that is not a numeric address, a port that is not one, or too long a path.
    init?(_ address: HTTPAddress) {
        switch address {
        case .ip(let host, let port):
            guard let port = UInt16(exactly: port) else { return nil }
            self.init(host: host, port: port)
        case .unix(let path):
            self.init(path: Array(path.utf8))
        }
    }

    private init?(host: String, port: UInt16) {
        var four = sockaddr_in()
        var six = sockaddr_in6()
        if unsafe inet_pton(AF_INET, host, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            store(four)
        } else if unsafe inet_pton(AF_INET6, host, &six.sin6_addr) == 1 {
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            store(six)
        } else {
            return nil
        }
    }

    private init?(path: [UInt8]) {
        var local = sockaddr_un()
        local.sun_family = sa_family_t(AF_UNIX)
        // One byte of sun_path stays 0 and ends the path.
        guard !path.isEmpty, !path.contains(0), path.count < MemoryLayout.size(ofValue: local.sun_path) else {
            return nil
        }
        unsafe withUnsafeMutableBytes(of: &local.sun_path) { unsafe $0.copyBytes(from: path) }
        store(local)
    }

    /// Every sockaddr_* is a plain C structure that is at most as large as sockaddr_storage.
    private mutating func store<T>(_ value: T) {
        unsafe withUnsafeMutableBytes(of: &storage) { storage in
            unsafe withUnsafeBytes(of: value) { unsafe storage.copyMemory(from: $0) }
        }
        length = socklen_t(MemoryLayout<T>.size)
    }

    mutating func withPointers<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> Result {
        unsafe withUnsafeMutablePointer(to: &storage) { storage in
            unsafe withUnsafeMutablePointer(to: &length) { length in
                unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
            }
        }
    }

    var family: Int32 { Int32(storage.ss_family) }

    /// Host and port of an IP address; `unix` and 0 for any other.
    var hostAndPort: (host: String, port: Int) {
        var storage = storage
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let port: UInt16 = unsafe withUnsafeMutableBytes(of: &storage) { raw in
            switch family {
            case AF_INET:
                var four = unsafe raw.load(as: sockaddr_in.self)
                _ = unsafe inet_ntop(AF_INET, &four.sin_addr, &text, socklen_t(text.count))
                return UInt16(bigEndian: four.sin_port)
            case AF_INET6:
                var six = unsafe raw.load(as: sockaddr_in6.self)
                _ = unsafe inet_ntop(AF_INET6, &six.sin6_addr, &text, socklen_t(text.count))
                return UInt16(bigEndian: six.sin6_port)
            default:
                return 0
            }
        }
        let host = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return (host.isEmpty ? "unix" : String(decoding: host, as: UTF8.self), Int(port))
    }
}
