// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP

// sockets-peer PORT: qevm's HTTP module with the handler that the peers have, without the service above it.
var configuration = HTTPConfiguration()
configuration.maximumConnections = 16_384
configuration.addresses = [
    .ip(host: "127.0.0.1", port: CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 8080)
]
let server = HTTPServer(configuration: configuration, handler: Handler())
_ = try server.start()
while true { pause() }
