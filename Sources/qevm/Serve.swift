// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import HTTP
internal import Logging
internal import Server

/// `qevm serve`: the service, until a signal ends it.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the HTTP service.",
        discussion: "Each limit is a flag or an environment variable; the flag goes before the variable."
    )

    @Option(help: ArgumentHelp("The address to listen on (QEVM_HOST, default 127.0.0.1).", valueName: "address"))
    var host: String?

    @Option(help: ArgumentHelp("The port; 0 takes a free one (QEVM_PORT, default 8080).", valueName: "number"))
    var port: Int?

    @Option(help: ArgumentHelp("Listen on this Unix-domain socket instead (QEVM_SOCKET).", valueName: "path"))
    var socket: String?

    @OptionGroup var limits: ServeLimits

    @Option(
        help: ArgumentHelp(
            "How long requests under way may take after a signal (QEVM_GRACE_SECONDS, default 10).",
            valueName: "seconds"
        )
    )
    var graceSeconds: Int?

    @Option(
        help: ArgumentHelp(
            "Least level of a line of the log: debug, info (each request), notice, warning, error (QEVM_LOG_LEVEL, default notice).",
            valueName: "level"
        )
    )
    var logLevel: String?

    @Option(
        help: ArgumentHelp("The form of the log: text (default) or json (QEVM_LOG_FORMAT).", valueName: "form")
    )
    var logFormat: String?

    func run() throws {
        let logger = try logger()
        var configuration = try limits.configuration()
        let host = try Setting.text(host, "QEVM_HOST") ?? "127.0.0.1"
        let port = try Setting.number(port, "QEVM_PORT", 0...65535) ?? 8080
        let grace = try Setting.number(graceSeconds, "QEVM_GRACE_SECONDS", 0...3600) ?? 10
        if let path = try Setting.text(socket, "QEVM_SOCKET") {
            configuration.http.addresses = [.unix(path: path)]
        } else {
            configuration.http.addresses = [.ip(host: host, port: port)]
        }
        Signals.block()
        let server = HTTPServer(configuration: configuration.http, handler: Service(configuration, logger: logger))
        let addresses: [HTTPAddress]
        do throws(HTTPServerError) {
            addresses = try server.start()
        } catch {
            throw CommandFailure.unreadable("error: \(error)")
        }
        for address in addresses { try Output.write(Array("listening on \(Self.url(address))\n".utf8), to: nil) }
        logger.notice("started", metadata: ["addresses": "\(addresses.map(Self.url).joined(separator: ", "))"])
        Signals.wait()
        Signals.endAtTheNext()
        logger.notice("stopping", metadata: ["grace_seconds": "\(grace)"])
        server.shutdown(grace: .seconds(grace))
    }

    /// The log goes to standard error.
    private func logger() throws(CommandFailure) -> Logger {
        let name = try Setting.text(logLevel, "QEVM_LOG_LEVEL") ?? "notice"
        guard let level = Logger.Level(rawValue: name) else {
            throw .unreadable("error: QEVM_LOG_LEVEL may be debug, info, notice, warning or error, not \"\(name)\"")
        }
        let form = try Setting.text(logFormat, "QEVM_LOG_FORMAT") ?? "text"
        guard ["text", "json"].contains(form) else {
            throw .unreadable("error: QEVM_LOG_FORMAT may be text or json, not \"\(form)\"")
        }
        var logger = Logger(label: "qevm") { label in
            if form == "json" { JSONLogHandler(label: label) } else { StreamLogHandler.standardError(label: label) }
        }
        logger.logLevel = level
        return logger
    }

    private static func url(_ address: HTTPAddress) -> String {
        switch address {
        case .ip: "http://\(address)"
        case .unix: "\(address)"
        }
    }
}
