// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization

/// An HTTP/1.1 server (RFC 9110, RFC 9112) on POSIX sockets.
///
/// It handles no signals; a broken pipe raises none.
public final class HTTPServer: Sendable {
    private struct Running {
        let loops: [EventLoop]
        let threads: [Thread]
        let pool: WorkerPool
        var isStopping = false
    }

    private let configuration: HTTPConfiguration
    private let handler: any HTTPHandler
    private let running = Mutex<Running?>(nil)

    /// A server that does not listen yet.
    public init(configuration: HTTPConfiguration, handler: any HTTPHandler) {
        self.configuration = configuration
        self.handler = handler
    }

    /// Listens and serves on threads of its own.
    ///
    /// - Returns: the addresses that are listened on, in the order of the configuration, with the ports that the
    ///   system chose.
    /// - Throws: when an address cannot be listened on or the system has no thread or descriptor left; or when the
    ///   server runs already.
    public func start() throws(HTTPServerError) -> [HTTPAddress] {
        try running.withLock { (running) throws(HTTPServerError) in
            guard running == nil else { throw HTTPServerError(operation: "start", code: EALREADY) }
            let listeners = SharedListeners(try listen())
            do throws(HTTPServerError) {
                running = try run(listeners)
            } catch {
                listeners.close()
                throw error
            }
            return listeners.all.map(\.address)
        }
    }

    /// Stops accepting, closes idle connections, lets requests under way finish, and returns when nothing is left.
    ///
    /// What is not finished when the grace is over is cut off. A call while another one waits cuts it off at once.
    public func shutdown(grace: Duration) {
        let isSecond = running.withLock { running in
            defer { running?.isStopping = true }
            return running?.isStopping ?? false
        }
        guard let current = running.withLock({ $0 }) else { return }
        let (seconds, attoseconds) = grace.components
        let milliseconds = Int(clamping: min(max(seconds, 0), 1_000_000) * 1_000 + attoseconds / 1_000_000_000_000_000)
        for loop in current.loops { loop.mailbox.post(isSecond ? .halt : .drain(milliseconds: milliseconds)) }
        guard !isSecond else { return }
        for thread in current.threads { thread.join() }
        current.pool.stop()
        for loop in current.loops {
            // What another loop gave it when it had ended already.
            for case .connection(let fd, _) in loop.mailbox.take() { _ = close(fd) }
            // The loops know each other.
            loop.loops = []
        }
        running.withLock { $0 = nil }
    }

    /// What the server has done since it was started; zeros when it does not run.
    public var counters: HTTPCounters {
        var sum = HTTPCounters()
        guard let running = running.withLock({ $0 }) else { return sum }
        for loop in running.loops { loop.counters.add(to: &sum) }
        sum.spooledBytes = configuration.spool.heldBytes
        return sum
    }

    private func listen() throws(HTTPServerError) -> [Listener] {
        var listeners: [Listener] = []
        do throws(HTTPServerError) {
            for address in configuration.addresses {
                listeners.append(try Listener(address, socketMode: configuration.socketMode))
            }
        } catch {
            for listener in listeners { listener.close() }
            throw error
        }
        return listeners
    }

    private func run(_ listeners: SharedListeners) throws(HTTPServerError) -> Running {
        let context = ConversationContext(configuration, handler: handler)
        let ledger = ConnectionLedger(
            maximum: configuration.maximumConnections,
            maximumPerAddress: configuration.maximumConnectionsPerAddress
        )
        let pool = try WorkerPool(
            threads: configuration.workerCount,
            queueLength: configuration.workerQueueLength,
            context
        )
        var loops: [EventLoop] = []
        for _ in 0..<configuration.loopCount {
            loops.append(try EventLoop(context, pool, ledger, listeners))
        }
        for loop in loops {
            loop.loops = loops
            listeners.join(loop)
        }
        var threads: [Thread] = []
        do throws(HTTPServerError) {
            try pool.start()
            for loop in loops { threads.append(try Thread { loop.run() }) }
        } catch {
            for loop in loops { loop.mailbox.post(.halt) }
            for thread in threads { thread.join() }
            for loop in loops { loop.loops = [] }
            pool.stop()
            throw error
        }
        return Running(loops: loops, threads: threads, pool: pool)
    }
}
