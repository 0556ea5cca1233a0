// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Where the server listens and what bounds it keeps.
public struct HTTPConfiguration: Sendable {
    /// The addresses to listen on.
    public var addresses: [HTTPAddress] = [.ip(host: "127.0.0.1", port: 8080)]

    /// Permission bits of the Unix-domain sockets; nil leaves them to the umask.
    ///
    /// Who may write to a socket may connect to it.
    public var socketMode: UInt32?

    /// Event loops, each a thread; 0 means as many as there are cores.
    public var loops = 0
    /// Threads for requests that are not answered on an event loop; 0 means as many as there are cores.
    public var workers = 0
    /// Requests that may wait for a worker; beyond it they are answered with 503.
    public var workerQueueLength = 256

    /// Bytes of the request target; beyond it 414.
    public var maximumTargetBytes = 8 << 10
    /// Bytes of all header lines; beyond it 431.
    ///
    /// Also bounds trailers.
    public var maximumHeaderBytes = 16 << 10
    /// Number of header lines; beyond it 431.
    ///
    /// Also bounds trailers.
    public var maximumHeaderCount = 100

    /// Connections open at once; beyond it 503, unless one ends within a moment.
    public var maximumConnections = 10_000
    /// Connections open at once from one IP address; 0 means no such bound.
    public var maximumConnectionsPerAddress = 0

    /// How long a header may take from its first byte to its last.
    public var headerTimeout: Duration = .seconds(10)
    /// How long a body may take before its rate counts.
    public var bodyGrace: Duration = .seconds(10)
    /// Bytes per second, on average and after the grace, that a body must arrive with.
    public var minimumBodyRate = 512
    /// How long a connection may be open without a request.
    public var idleTimeout: Duration = .seconds(60)
    /// How long everything may take from the first byte of a request to the last of its answer.
    ///
    /// With a body in a file, its transfer and what comes behind have that time each; see `minimumFileRate`.
    public var requestTimeout: Duration = .seconds(300)
    /// How long a client may take nothing of an answer that waits for it.
    public var writeStallTimeout: Duration = .seconds(30)

    /// How long the rest of a request is read and dropped after the final answer, so that a reset does not overtake it.
    public var lingerTime: Duration = .seconds(1)
    /// Bytes that are read and dropped at most after the final answer.
    public var lingerBytes = 16 << 20
    /// Bytes of a body nobody wants that are read and dropped to keep the connection; before more it is closed.
    public var maximumDrainBytes = 64 << 10

    /// Bytes of all bodies together that are held at once; beyond it 503.
    ///
    /// This, not the limit of one body times the number of connections, is what uploads can make memory grow by.
    public var maximumHeldBodyBytes = 512 << 20

    /// Where bodies go that the handler wants in files.
    public var spool = HTTPSpool()
    /// Bytes per second, on average and beyond `requestTimeout`, that a body in a file must be transferred with.
    ///
    /// Such a transfer may take the time of a whole request, and a second more for each so many bytes that came through.
    public var minimumFileRate = 64 << 10

    /// Bytes of answers that may wait for the client before no further pipelined request is looked at.
    public var maximumUnsentBytes = 64 << 10

    /// The defaults.
    public init() {}

    /// Event loops that there will be.
    public var loopCount: Int { loops > 0 ? loops : Self.coreCount }
    /// Worker threads that there will be.
    public var workerCount: Int { workers > 0 ? workers : Self.coreCount }

    private static var coreCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}

/// An address to listen on.
public enum HTTPAddress: Sendable, Hashable, CustomStringConvertible {
    /// A numeric IPv4 or IPv6 address; port 0 lets the system choose a free one.
    case ip(host: String, port: Int)
    /// A path in the file system for a Unix-domain socket.
    case unix(path: String)

    /// `127.0.0.1:8080`, `[::1]:8080` or `unix:/run/x.sock`.
    public var description: String {
        switch self {
        case .ip(let host, let port): host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
