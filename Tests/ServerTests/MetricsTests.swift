// SPDX-License-Identifier: Apache-2.0

import Engine
import HTTP
import Synchronization
import TestSupport
import Testing

@testable import Server

@Suite("Metrics", .timeLimit(.minutes(10)))
struct MetricsTests {
    private let type = [("Content-Type", "application/json")]

    private func page(_ port: Int) throws -> PrometheusPage {
        let answer = try Client(port: port).ask("GET", "/metrics")
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        return try PrometheusPage(answer.text)
    }

    @Test func everyFamilyIsThereOnceAndWellFormed() throws {
        try withService({
            $0.http.workers = 3
            $0.http.workerQueueLength = 17
            $0.http.maximumConnections = 99
        }) { port in
            _ = try Client(port: port).ask("GET", "/healthz")
            let page = try page(port)
            let expected = [
                "qevm_build_info", "qevm_http_requests_total", "qevm_http_request_duration_seconds",
                "qevm_http_request_body_bytes_total", "qevm_http_response_body_bytes_total", "qevm_http_rejected_total",
                "qevm_http_requests_in_flight", "qevm_http_requests_abandoned_total", "qevm_http_requests_with_workers",
                "qevm_http_workers", "qevm_http_worker_queue_limit", "qevm_http_connections",
                "qevm_http_connections_limit", "qevm_http_spool_bytes", "qevm_http_spool_limit_bytes",
                "qevm_http_connections_accepted_total", "qevm_http_descriptors_exhausted_total",
                "qevm_http_received_bytes_total", "qevm_http_sent_bytes_total", "qevm_log_lines_omitted_total",
                "process_start_time_seconds", "process_cpu_seconds_total",
                "process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds", "process_max_fds",
            ]
            #expect(page.families.map(\.name) == expected)
            #expect(page.value("qevm_build_info", ["version": Product.version]) == 1)
            #expect(page.value("qevm_http_workers") == 3)
            #expect(page.value("qevm_http_worker_queue_limit") == 17)
            #expect(page.value("qevm_http_connections_limit") == 99)
        }
    }

    @Test func theProcessIsDescribed() throws {
        let page = try page(Shared.port)
        // Between 2020 and 2100, a megabyte and a terabyte.
        #expect(page.value("process_start_time_seconds").map { $0 > 1.5e9 && $0 < 4.1e9 } == true)
        #expect(page.value("process_resident_memory_bytes").map { $0 > 1e6 && $0 < 1e12 } == true)
        #expect(page.value("process_cpu_seconds_total").map { $0 > 0 } == true)
        let descriptors = try #require(page.value("process_open_fds"))
        let maximum = try #require(page.value("process_max_fds"))
        #expect(descriptors > 3 && descriptors < maximum)
    }

    @Test func answersAreCountedByRouteMethodAndStatus() throws {
        try withService({ $0.bodyBytes = 1000 }) { port in
            let client = try Client(port: port)
            for _ in 0..<3 { #expect(try client.ask("GET", "/healthz?a=b").status == 200) }
            let head = try client.ask("HEAD", "/openapi.yaml")
            let good = try client.ask("POST", "/v1/encode", type, body: Array(Documents.encode.utf8))
            let bad = try client.ask("POST", "/v1/encode", type, body: Array("{}".utf8))
            #expect([head.status, good.status, bad.status] == [200, 200, 422])
            for path in ["/nothing", "/nothing/else", "/v1/encode/"] { _ = try client.ask("GET", path) }
            _ = try client.ask("DELETE", "/v1/decode")
            _ = try client.ask("BREW", "/livez")
            _ = try client.ask("OPTIONS", "*")
            let large = [UInt8](repeating: 0x20, count: 1001)
            #expect(try client.ask("POST", "/v1/decode", type, body: large).status == 413)
            let page = try page(port)
            func count(_ route: String, _ method: String, _ status: String) -> Double? {
                page.value("qevm_http_requests_total", ["route": route, "method": method, "status": status])
            }
            #expect(count("/healthz", "GET", "200") == 3)
            #expect(count("/openapi.yaml", "HEAD", "200") == 1)
            #expect(count("/v1/encode", "POST", "200") == 1)
            #expect(count("/v1/encode", "POST", "422") == 1)
            #expect(count("unmatched", "GET", "404") == 3)
            #expect(count("/v1/decode", "DELETE", "405") == 1)
            #expect(count("/livez", "other", "501") == 1)
            #expect(count("*", "OPTIONS", "204") == 1)
            #expect(count("/v1/decode", "POST", "413") == 1)
            #expect(page.sum("qevm_http_requests_total") == 13)
            func bytes(_ direction: String, _ route: String) -> Double? {
                page.value("qevm_http_\(direction)_body_bytes_total", ["route": route])
            }
            #expect(bytes("request", "/v1/encode") == Double(Documents.encode.utf8.count + 2))
            #expect(bytes("response", "/v1/encode") == Double(good.body.count + bad.body.count))
            #expect(bytes("response", "/openapi.yaml") == 0)
            #expect(page.value("qevm_http_sent_bytes_total").map { $0 > 1000 } == true)
            #expect(page.value("qevm_http_received_bytes_total").map { $0 > 1000 } == true)
            #expect(page.value("qevm_http_connections_accepted_total") == 2)
            #expect(page.value("qevm_http_connections") == 2)
        }
    }

    @Test func timesAreCountedByRoute() throws {
        try withService({ _ in }) { port in
            let client = try Client(port: port)
            for _ in 0..<5 { _ = try client.ask("GET", "/livez") }
            let body = Array(Documents.buffer(200_000).utf8)
            #expect(try client.ask("POST", "/v1/decode", type, body: body).status == 200)
            let page = try page(port)
            let name = "qevm_http_request_duration_seconds"
            #expect(page.value("\(name)_count", ["route": "/livez"]) == 5)
            #expect(page.value("\(name)_count", ["route": "/v1/decode"]) == 1)
            #expect(page.value("\(name)_count", ["route": "/v1/encode"]) == 0)
            #expect(page.value("\(name)_sum", ["route": "/livez"]).map { $0 > 0 && $0 < 5 } == true)
            // A decode of 200 KB is no matter of 100 microseconds.
            #expect(page.value("\(name)_bucket", ["route": "/v1/decode", "le": "0.0001"]) == 0)
            #expect(page.value("\(name)_bucket", ["route": "/v1/decode", "le": "+Inf"]) == 1)
        }
    }

    /// What the server answers by itself is counted too.
    @Test func failuresAreCountedByReason() throws {
        try withService({ $0.http.headerTimeout = .milliseconds(200) }) { port in
            let malformed = try Client(port: port)
            malformed.send(Array("nonsense\r\n\r\n".utf8))
            #expect(try malformed.answer().status == 400)
            let slow = try Client(port: port)
            slow.send(Array("GET /".utf8))
            #expect(try slow.answer().status == 408)
            let expecting = try Client(port: port)
            let headers = type + [("Content-Length", "5"), ("Expect", "miracles")]
            expecting.send(request("POST", "/v1/encode", headers))
            #expect(try expecting.answer().status == 417)
            let page = try page(port)
            func count(_ reason: String) -> Double? { page.value("qevm_http_rejected_total", ["reason": reason]) }
            #expect(count("request") == 2)
            #expect(count("header_timeout") == 1)
            #expect(count("queue") == 0)
            let none = ["route": "none", "method": "none"]
            #expect(page.value("qevm_http_requests_total", none.merging(["status": "400"]) { $1 }) == 1)
            #expect(page.value("qevm_http_requests_total", none.merging(["status": "408"]) { $1 }) == 1)
            let expected = ["route": "/v1/encode", "method": "POST", "status": "417"]
            #expect(page.value("qevm_http_requests_total", expected) == 1)
        }
    }

    @Test func connectionsTurnedAwayAreCounted() throws {
        try withService({ $0.http.maximumConnections = 1 }) { port in
            let only = try Client(port: port)
            #expect(try only.ask("GET", "/livez").status == 200)
            let second = try Client(port: port)
            #expect(try second.answer().status == 503)
            let page = try PrometheusPage(try only.ask("GET", "/metrics").text)
            #expect(page.value("qevm_http_rejected_total", ["reason": "connections"]) == 1)
        }
    }

    @Test func aRequestWithoutAnswerIsInFlightUntilItIsAbandoned() throws {
        try withService({ _ in }) { port in
            let watcher = try Client(port: port)
            func value(_ name: String) throws -> Double? {
                try PrometheusPage(try watcher.ask("GET", "/metrics").text).value("qevm_http_\(name)")
            }
            func wait(_ name: String, _ expected: Double) throws -> Bool {
                for _ in 0..<2000 where try value(name) == expected { return true }
                return false
            }
            var waiting: Client? = try Client(port: port)
            waiting?.send(request("POST", "/v1/encode", type + [("Content-Length", "5")]))
            #expect(try wait("requests_in_flight", 1))
            #expect(try value("requests_abandoned_total") == 0)
            // Closed with an answer unread, or none: either way nothing is in flight any more.
            waiting = nil
            #expect(try wait("requests_in_flight", 0))
        }
    }

    /// The cells are shared by all threads, and none of what they add is lost.
    @Test func nothingIsLostBetweenThreads() async {
        let metrics = RequestMetrics(paths: ["/a", "/a", "/b"])
        #expect(metrics.routes == ["/a", "/b", "*", "unmatched", "none"])
        let cells = CounterCells(count: 3)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        let copy = cells.copy
                        copy.add(1, to: 0)
                        copy.add(2, to: 2)
                    }
                }
            }
        }
        #expect((0..<3).map { cells[$0] } == [80_000, 0, 160_000])
    }

    @Test func labelsAndHelpAreEscaped() throws {
        var text = PrometheusText()
        let hostile = "a\\b\"c\nd{},= é"
        text.family("x_total", .counter, "one\\two\nthree \"four\"")
        text.sample(1, [("a", hostile), ("b", "")])
        text.sample(0.5, [("a", "x")])
        let page = try PrometheusPage(String(decoding: text.bytes, as: UTF8.self))
        #expect(page.families.map(\.help) == ["one\\\\two\\nthree \"four\""])
        #expect(page.value("x_total", ["a": hostile, "b": ""]) == 1)
        #expect(page.value("x_total", ["a": "x"]) == 0.5)
        #expect(text.bytes.count { $0 == UInt8(ascii: "\n") } == 4)
    }

    /// The parser of the tests is worth something only if it refuses.
    @Test(
        arguments: [
            "x 1\n", "# HELP x a\n# TYPE x gauge\nx 1", "# HELP x a\n# TYPE x gauge\ny 1\n",
            "# HELP x a\n# TYPE x gauge\nx 1\nx 2\n", "# HELP x a\n# TYPE x gauge\nx one\n", "# HELP x a\nx 1\n",
            "# HELP x a\n# TYPE x gauge\n# HELP x a\n# TYPE x gauge\n", "# HELP x a\n# TYPE x counter\nx 1\n",
            "# HELP x a\n# TYPE x gauge\nx{a=\"1\n\"} 1\n", "# HELP x a\n# TYPE x gauge\nx{a=\"1\",a=\"2\"} 1\n",
            "# HELP x a\n# TYPE x gauge\nx{a=1} 1\n", "# HELP x a\n# TYPE x gauge\n\nx 1\n",
            "# HELP x a\n# TYPE x histogram\nx_bucket{le=\"1\"} 1\nx_sum 1\nx_count 1\n",
            "# HELP x a\n# TYPE x histogram\nx_bucket{le=\"1\"} 2\nx_bucket{le=\"+Inf\"} 1\nx_sum 1\nx_count 1\n",
            "# HELP x a\n# TYPE x histogram\nx_bucket{le=\"1\"} 1\nx_bucket{le=\"+Inf\"} 2\nx_sum 1\nx_count 1\n",
        ]
    )
    func theParserOfTheTestsIsStrict(_ text: String) {
        #expect(throws: PrometheusPage.Invalid.self) { try PrometheusPage(text) }
    }

    @Test func metricsCanHaveAnAddressOfTheirOwn() throws {
        try withService({ $0.servesMetrics = false }) { port, service in
            var configuration = HTTPConfiguration()
            configuration.addresses = [.ip(host: "127.0.0.1", port: 0)]
            configuration.loops = 1
            configuration.workers = 1
            let server = HTTPServer(configuration: configuration, handler: MetricsHandler(service))
            guard case .ip(_, let own) = try server.start().first else { throw ClientError(step: "start") }
            defer { server.shutdown(grace: .zero) }
            #expect(try Client(port: port).ask("GET", "/metrics").status == 404)
            let client = try Client(port: own)
            let page = try PrometheusPage(try client.ask("GET", "/metrics").text)
            let missing = ["route": "/metrics", "method": "GET", "status": "404"]
            #expect(page.value("qevm_http_requests_total", missing) == 1)
            #expect(page.value("qevm_http_connections_accepted_total") == 1)
            #expect(try client.ask("GET", "/healthz").status == 404)
            #expect(try client.ask("POST", "/metrics", body: []).status == 405)
            #expect(try client.ask("HEAD", "/metrics").status == 200)
            #expect(try client.ask("GET", "/metrics", body: [1]).status == 413)
        }
    }
}
