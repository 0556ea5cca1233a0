// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import HTTP

/// The page that `/metrics` gives: every family, in a fixed order.
struct MetricsPage {
    let configuration: HTTPConfiguration
    let requests: RequestMetrics
    let state: ServiceState

    /// The page in the text format.
    func text() -> [UInt8] {
        var text = PrometheusText()
        text.family("qevm_build_info", .gauge, "Always 1; the labels say what runs.")
        text.sample(1, [("version", Product.version)])
        writeRequests(to: &text)
        writeServer(to: &text)
        text.family("qevm_log_lines_omitted_total", .counter, "Lines of the log that nobody read in time.")
        text.sample(LogOutput.omitted)
        Self.writeProcess(to: &text)
        return text.bytes
    }

    private func writeRequests(to text: inout PrometheusText) {
        let routes = requests.routes.indices
        text.family("qevm_http_requests_total", .counter, "Answers given, by route, method and status.")
        for route in routes {
            for (method, status, count) in requests.answers(route: route) {
                text.sample(count, [label(route), ("method", method), ("status", status)])
            }
        }
        text.family(
            "qevm_http_request_duration_seconds",
            .histogram,
            "Time from the end of a request's header to its answer."
        )
        // The last is for requests without a header, of which nothing was measured.
        for route in routes.dropLast() { writeHistogram(route, to: &text) }
        text.family("qevm_http_request_body_bytes_total", .counter, "Bytes of request bodies, by route.")
        for route in routes { text.sample(requests.bodyBytes(route: route).received, [label(route)]) }
        text.family("qevm_http_response_body_bytes_total", .counter, "Bytes of answers' bodies, by route.")
        for route in routes { text.sample(requests.bodyBytes(route: route).sent, [label(route)]) }
        text.family("qevm_http_rejected_total", .counter, "Answers that the server gave by itself, by reason.")
        for (reason, count) in requests.failures() { text.sample(count, [("reason", reason)]) }
    }

    private func writeHistogram(_ route: Int, to text: inout PrometheusText) {
        let buckets = requests.cumulativeBuckets(route: route)
        for (count, bound) in zip(buckets, RequestMetrics.buckets.map(\.label) + ["+Inf"]) {
            text.sample(count, [label(route), ("le", bound)], suffix: "_bucket")
        }
        text.sample(requests.seconds(route: route), [label(route)], suffix: "_sum")
        text.sample(buckets.last ?? 0, [label(route)], suffix: "_count")
    }

    private func label(_ route: Int) -> (name: String, value: String) { ("route", requests.routes[route]) }

    private func writeServer(to text: inout PrometheusText) {
        let counters = state.counters
        func write(_ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: Int) {
            text.family("qevm_http_\(name)", kind, help)
            text.sample(value)
        }
        write("requests_in_flight", .gauge, "Requests without an answer so far.", counters.requestsInFlight)
        write(
            "requests_abandoned_total",
            .counter,
            "Requests whose connection ended before their answer.",
            counters.abandonedRequests
        )
        write(
            "requests_with_workers",
            .gauge,
            "Requests waiting for a worker or with one.",
            counters.requestsWithWorkers
        )
        write("workers", .gauge, "Worker threads.", configuration.workerCount)
        write("worker_queue_limit", .gauge, "Requests that may wait for a worker.", configuration.workerQueueLength)
        write("connections", .gauge, "Connections open.", counters.openConnections)
        write("connections_limit", .gauge, "Connections that may be open.", configuration.maximumConnections)
        write("spool_bytes", .gauge, "Bytes of bodies that are in files.", counters.spooledBytes)
        write("spool_limit_bytes", .gauge, "Bytes of bodies that may be in files.", configuration.spool.maximumBytes)
        write("connections_accepted_total", .counter, "Connections accepted.", counters.acceptedConnections)
        write(
            "descriptors_exhausted_total",
            .counter,
            "How often connections had to wait because no descriptor was left.",
            counters.exhaustions
        )
        write("received_bytes_total", .counter, "Bytes received on all connections.", counters.bytesReceived)
        write("sent_bytes_total", .counter, "Bytes sent on all connections.", counters.bytesSent)
    }

    private static func writeProcess(to text: inout PrometheusText) {
        func write(_ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: Double?) {
            guard let value else { return }
            text.family("process_\(name)", kind, help)
            text.sample(value)
        }
        func write(_ name: String, _ help: String, _ value: Int?) {
            guard let value else { return }
            text.family("process_\(name)", .gauge, help)
            text.sample(value)
        }
        write("start_time_seconds", .gauge, "When the process was started, since 1970.", ProcessStatistics.startTime)
        write("cpu_seconds_total", .counter, "Processor time of all threads.", ProcessStatistics.processorSeconds)
        write("resident_memory_bytes", "Memory that is resident.", ProcessStatistics.residentBytes)
        write("virtual_memory_bytes", "Address space.", ProcessStatistics.virtualBytes)
        write("open_fds", "Descriptors that are open.", ProcessStatistics.openDescriptors)
        write("max_fds", "Descriptors that may be open.", ProcessStatistics.maximumDescriptors)
    }
}
