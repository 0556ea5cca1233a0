// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import Server

/// A second server that gives `/metrics` alone.
struct MetricsServer {
    private let server: HTTPServer

    /// A server for the metrics of a service, with the service's limits and one thread of each kind.
    init(_ address: HTTPAddress, _ configuration: HTTPConfiguration, _ service: Service) {
        var configuration = configuration
        configuration.addresses = [address]
        configuration.loops = 1
        configuration.workers = 1
        server = HTTPServer(configuration: configuration, handler: MetricsHandler(service))
    }

    func start() throws(HTTPServerError) -> [HTTPAddress] {
        try server.start()
    }

    func stop() {
        server.shutdown(grace: .zero)
    }
}
