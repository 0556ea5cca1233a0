// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import Synchronization

/// What a running service knows of itself, beside its configuration.
final class ServiceState: Sendable {
    private struct Server: Sendable {
        weak var server: HTTPServer?
    }

    private let stopping = Atomic(false)
    /// Weak, since the server holds its handler.
    private let server = Mutex(Server())

    /// Whether the end was announced.
    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    func stop() { stopping.store(true, ordering: .relaxed) }

    func observe(_ observed: HTTPServer) { server.withLock { $0.server = observed } }

    /// The counters of the observed server; zeros without one.
    var counters: HTTPCounters { server.withLock { $0.server }?.counters ?? HTTPCounters() }
}
