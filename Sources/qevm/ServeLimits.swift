// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Engine
internal import HTTP
internal import Server

/// The limits of the service.
struct ServeLimits: ParsableArguments {
    @Option(help: "Bytes of a body as sent (QEVM_BODY_BYTES, default 67108864).") var bodyBytes: Int?
    @Option(help: "Bytes of a body once inflated (QEVM_INFLATED_BYTES, default 67108864).") var inflatedBytes: Int?
    @Option(help: "Bytes of a whole stream, as sent and once inflated (QEVM_STREAM_BYTES, default --spool-bytes).")
    var streamBytes: Int?
    @Option(help: "Bytes of all streams that are in files at once (QEVM_SPOOL_BYTES, default 8589934592).")
    var spoolBytes: Int?
    @Option(
        help: ArgumentHelp(
            "Where the files are, which have no names (QEVM_SPOOL_DIR, default $TMPDIR, /var/tmp or /tmp).",
            valueName: "directory"
        )
    )
    var spoolDir: String?
    @Option(help: "Bytes of an answer (QEVM_OUTPUT_BYTES, default 536870912).") var outputBytes: Int?
    @Option(help: "Eight-byte words of a decoded state (QEVM_STATE_WORDS, default 67108864).") var stateWords: Int?
    @Option(help: "Bytes of a request's header (QEVM_HEADER_BYTES, default 16384).") var headerBytes: Int?
    @Option(help: "Fields of a request's header (QEVM_HEADER_COUNT, default 100).") var headerCount: Int?
    @Option(help: "Connections at once (QEVM_CONNECTIONS, default 10000).") var connections: Int?
    @Option(help: "Connections at once per address, 0: any (QEVM_CONNECTIONS_PER_ADDRESS, default 0).")
    var connectionsPerAddress: Int?
    @Option(help: "Event loops, 0: one per core (QEVM_LOOPS, default 0).") var loops: Int?
    @Option(help: "Worker threads, 0: one per core (QEVM_WORKERS, default 0).") var workers: Int?
    @Option(help: "Requests waiting for a worker (QEVM_QUEUE, default 256).") var queue: Int?
    @Option(help: "Seconds for a header to arrive (QEVM_HEADER_SECONDS, default 10).") var headerSeconds: Int?
    @Option(help: "Seconds before a body must keep the minimum rate (QEVM_BODY_SECONDS, default 10).")
    var bodySeconds: Int?
    @Option(help: "Bytes a second that a body must keep (QEVM_BODY_RATE, default 512).") var bodyRate: Int?
    @Option(
        help:
            "Bytes a second that a stream must keep once a whole request's time is over (QEVM_STREAM_RATE, default 65536)."
    )
    var streamRate: Int?
    @Option(help: "Seconds that a connection may be idle (QEVM_IDLE_SECONDS, default 60).") var idleSeconds: Int?
    @Option(help: "Seconds for a whole request (QEVM_REQUEST_SECONDS, default 300).") var requestSeconds: Int?

    func configuration() throws -> ServiceConfiguration {
        var service = ServiceConfiguration()
        let any = 0...Int(Int32.max)
        let size = 1...(1 << 40)
        func set(_ flag: Int?, _ name: String, _ range: ClosedRange<Int>, _ apply: (Int) -> Void) throws {
            if let value = try Setting.number(flag, name, range) { apply(value) }
        }
        try set(bodyBytes, "QEVM_BODY_BYTES", size) { service.bodyBytes = $0 }
        try set(inflatedBytes, "QEVM_INFLATED_BYTES", size) { service.inflatedBytes = $0 }
        try set(streamBytes, "QEVM_STREAM_BYTES", 1...(1 << 50)) { service.streamBytes = $0 }
        let directory = try Setting.text(spoolDir, "QEVM_SPOOL_DIR")
        let spoolBytes = try Setting.number(spoolBytes, "QEVM_SPOOL_BYTES", 0...(1 << 50))
        service.http.spool = HTTPSpool(
            directory: directory,
            maximumBytes: spoolBytes ?? service.http.spool.maximumBytes
        )
        try set(streamRate, "QEVM_STREAM_RATE", 1...Int(Int32.max)) { service.http.minimumFileRate = $0 }
        try set(outputBytes, "QEVM_OUTPUT_BYTES", size) { service.engine.outputBytes = $0 }
        try set(stateWords, "QEVM_STATE_WORDS", size) { service.engine.stateWords = $0 }
        try set(headerBytes, "QEVM_HEADER_BYTES", 256...(16 << 20)) { service.http.maximumHeaderBytes = $0 }
        try set(headerCount, "QEVM_HEADER_COUNT", 1...100_000) { service.http.maximumHeaderCount = $0 }
        try set(connections, "QEVM_CONNECTIONS", 1...Int(Int32.max)) { service.http.maximumConnections = $0 }
        try set(connectionsPerAddress, "QEVM_CONNECTIONS_PER_ADDRESS", any) {
            service.http.maximumConnectionsPerAddress = $0
        }
        try set(loops, "QEVM_LOOPS", 0...1024) { service.http.loops = $0 }
        try set(workers, "QEVM_WORKERS", 0...1024) { service.http.workers = $0 }
        try set(queue, "QEVM_QUEUE", any) { service.http.workerQueueLength = $0 }
        try set(headerSeconds, "QEVM_HEADER_SECONDS", 1...86_400) { service.http.headerTimeout = .seconds($0) }
        try set(bodySeconds, "QEVM_BODY_SECONDS", 1...86_400) { service.http.bodyGrace = .seconds($0) }
        try set(bodyRate, "QEVM_BODY_RATE", any) { service.http.minimumBodyRate = $0 }
        try set(idleSeconds, "QEVM_IDLE_SECONDS", 1...86_400) { service.http.idleTimeout = .seconds($0) }
        try set(requestSeconds, "QEVM_REQUEST_SECONDS", 1...86_400) { service.http.requestTimeout = .seconds($0) }
        return service
    }
}
