// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import HTTP

/// Where the service listens.
struct ServeAddresses: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A numeric IPv4 or IPv6 address to listen on, may be repeated (QEVM_HOST, default 127.0.0.1).",
            valueName: "address"
        )
    )
    var host: [String] = []

    @Option(help: ArgumentHelp("The port; 0 takes a free one (QEVM_PORT, default 8080).", valueName: "number"))
    var port: Int?

    @Option(help: ArgumentHelp("Listen on this Unix-domain socket instead (QEVM_SOCKET).", valueName: "path"))
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "Permission bits of Unix-domain sockets, as for chmod (QEVM_SOCKET_MODE, default by the umask).",
            valueName: "octal"
        )
    )
    var socketMode: String?

    @Option(
        help: ArgumentHelp(
            "Give /metrics here and not beside the other paths: 127.0.0.1:9100, [::1]:9100 or unix:PATH (QEVM_METRICS).",
            valueName: "address"
        )
    )
    var metrics: String?

    func apply(to configuration: inout HTTPConfiguration) throws(CommandFailure) {
        let port = try Setting.number(port, "QEVM_PORT", 0...65535) ?? 8080
        let hosts = try Setting.list(host, "QEVM_HOST") ?? ["127.0.0.1"]
        configuration.addresses = hosts.map { .ip(host: $0, port: port) }
        if let path = try Setting.text(socket, "QEVM_SOCKET") { configuration.addresses = [.unix(path: path)] }
        guard let text = try Setting.text(socketMode, "QEVM_SOCKET_MODE") else { return }
        guard let mode = UInt32(text, radix: 8), mode <= 0o777 else {
            throw .unreadable("error: --socket-mode (QEVM_SOCKET_MODE) may be 0 … 777, not \"\(text)\"")
        }
        configuration.socketMode = mode
    }

    func metricsAddress() throws(CommandFailure) -> HTTPAddress? {
        guard let text = try Setting.text(metrics, "QEVM_METRICS") else { return nil }
        if let address = HTTPAddress(text) { return address }
        throw .unreadable("error: --metrics (QEVM_METRICS) may be HOST:PORT, [HOST]:PORT or unix:PATH, not \"\(text)\"")
    }
}

extension HTTPAddress {
    /// An address as `description` gives it.
    init?(_ text: String) {
        if text.hasPrefix("unix:") {
            self = .unix(path: String(text.dropFirst(5)))
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        self = .ip(host: String(host), port: Int(port))
    }

    /// How clients write it.
    var url: String {
        switch self {
        case .ip: "http://\(self)"
        case .unix: "\(self)"
        }
    }
}
