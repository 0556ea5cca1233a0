// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import HTTP
internal import Logging
internal import Server

/// `qevm serve`: the service, until a signal ends it.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        _superCommandName: QEVM.name,
        abstract: "Runs the HTTP service.",
        discussion: "Each limit is a flag or an environment variable; the flag goes before the variable."
    )

    @OptionGroup var listening: ServeAddresses

    @OptionGroup var access: ServeAccess

    @OptionGroup var limits: ServeLimits

    @Option(
        help: ArgumentHelp(
            "How long requests are still taken after a signal, while /readyz says 503 (QEVM_DRAIN_DELAY, default 0).",
            valueName: "seconds"
        )
    )
    var drainDelay: Int?

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
        Memory.setUp()
        let logger = try logger()
        var configuration = try limits.configuration()
        let delay = try Setting.number(drainDelay, "QEVM_DRAIN_DELAY", 0...3600) ?? 0
        let grace = try Setting.number(graceSeconds, "QEVM_GRACE_SECONDS", 0...3600) ?? 10
        try access.apply(to: &configuration)
        try listening.apply(to: &configuration.http)
        let metricsAddress = try listening.metricsAddress()
        configuration.servesMetrics = metricsAddress == nil
        warnAboutSpool(configuration, logger)
        warnAboutDescriptors(configuration, logger)
        Signals.block()
        let service = Service(configuration, logger: logger)
        let server = HTTPServer(configuration: configuration.http, handler: service)
        let metrics = metricsAddress.map { MetricsServer($0, configuration.http, service) }
        defer { metrics?.stop() }
        let addresses: [HTTPAddress]
        let metricsAddresses: [HTTPAddress]
        do throws(HTTPServerError) {
            metricsAddresses = try metrics?.start() ?? []
            addresses = try server.start()
        } catch {
            throw CommandFailure.unreadable("error: \(error)")
        }
        service.observe(server)
        // Who started the service need not read this.
        for address in addresses { try? Output.write(Array("listening on \(address.url)\n".utf8), to: nil) }
        for address in metricsAddresses { try? Output.write(Array("metrics on \(address.url)\n".utf8), to: nil) }
        logger.notice("started", metadata: ["addresses": "\(addresses.map(\.url).joined(separator: ", "))"])
        Signals.wait()
        Signals.endAtTheNext()
        logger.notice("stopping", metadata: ["delay_seconds": "\(delay)", "grace_seconds": "\(grace)"])
        service.beginShutdown()
        sleep(UInt32(delay))
        server.shutdown(grace: .seconds(grace))
    }

    /// Without files the service is of use all the same: file systems that cannot be written to are common.
    private func warnAboutSpool(_ configuration: ServiceConfiguration, _ logger: Logger) {
        let spool = configuration.http.spool
        do throws(HTTPSpoolError) {
            try spool.check()
        } catch {
            logger.warning(
                "no directory for large streams: requests with more than \(configuration.memoryBodyBytes) bytes are refused",
                metadata: ["directory": "\(spool.directory)", "reason": "\(error)"]
            )
        }
    }

    /// Beyond them clients wait unseen, instead of being told that there are too many.
    private func warnAboutDescriptors(_ configuration: ServiceConfiguration, _ logger: Logger) {
        let connections = configuration.http.maximumConnections
        guard let count = Descriptors.raise(for: connections) else { return }
        logger.warning(
            "not enough descriptors for all connections: further ones wait until others end",
            metadata: ["connections": .stringConvertible(connections), "room": .stringConvertible(count)]
        )
    }

    /// The log goes to standard error.
    private func logger() throws(CommandFailure) -> Logger {
        let name = try Setting.text(logLevel, "QEVM_LOG_LEVEL") ?? "notice"
        guard let level = Logger.Level(rawValue: name) else {
            throw .unreadable("error: QEVM_LOG_LEVEL may be debug, info, notice, warning or error, not \"\(name)\"")
        }
        let format = try Setting.text(logFormat, "QEVM_LOG_FORMAT") ?? "text"
        guard let form = LineLogHandler.Form(rawValue: format) else {
            throw .unreadable("error: QEVM_LOG_FORMAT may be text or json, not \"\(format)\"")
        }
        var logger = Logger(label: "qevm") { label in LineLogHandler(label: label, form: form) }
        logger.logLevel = level
        return logger
    }
}
