// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Counts answers by route, method and status, and how long they took.
///
/// All label values are known from the start, so no request can make their number grow.
final class RequestMetrics: Sendable {
    /// Upper bounds of the histogram, as they are written and in nanoseconds.
    static let buckets: [(label: String, nanoseconds: Int)] = [
        ("0.0001", 100_000), ("0.00025", 250_000), ("0.0005", 500_000), ("0.001", 1_000_000), ("0.0025", 2_500_000),
        ("0.005", 5_000_000), ("0.01", 10_000_000), ("0.025", 25_000_000), ("0.05", 50_000_000), ("0.1", 100_000_000),
        ("0.25", 250_000_000), ("0.5", 500_000_000), ("1", 1_000_000_000), ("2.5", 2_500_000_000), ("5", 5_000_000_000),
        ("10", 10_000_000_000), ("30", 30_000_000_000),
    ]
    /// Other methods are `other`; `none` is for a request without a readable header.
    static let methods = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "other", "none"]
    /// The statuses that have a name; any other is `other`.
    static let statuses =
        (200...599).filter { !HTTPStatus(rawValue: $0).reasonPhrase.isEmpty }.map(String.init) + [
            "other"
        ]

    /// The counters of one route, in the order in which they lie in the cells.
    private enum Layout {
        static let answers = RequestMetrics.methods.count * RequestMetrics.statuses.count
        static let buckets = answers
        /// One more bucket than bounds: for what is above all of them.
        static let nanoseconds = buckets + RequestMetrics.buckets.count + 1
        static let received = nanoseconds + 1
        static let sent = received + 1
        static let size = sent + 1
    }

    /// Path templates, then `*` (the server as a whole), `unmatched` (no such path) and `none` (no readable header).
    let routes: [String]
    private let indices: [String: Int]
    private let methodIndices: [String: Int]
    private let statusIndices: [Int]
    private let cells: CounterCells

    init(paths: [String]) {
        var routes: [String] = []
        for path in paths where !routes.contains(path) { routes.append(path) }
        self.routes = routes + ["*", "unmatched", "none"]
        indices = Dictionary(uniqueKeysWithValues: self.routes.dropLast(2).enumerated().map { ($1, $0) })
        methodIndices = Dictionary(uniqueKeysWithValues: Self.methods.dropLast(2).enumerated().map { ($1, $0) })
        let known = Self.statuses.dropLast().enumerated().map { (Int($1) ?? 0, $0) }
        let byStatus = Dictionary(uniqueKeysWithValues: known)
        statusIndices = (200...599).map { byStatus[$0] ?? Self.statuses.count - 1 }
        cells = CounterCells(count: self.routes.count * Layout.size + HTTPFailure.Reason.allCases.count)
    }

    /// Counts an answer.
    func count(_ exchange: HTTPExchange) {
        let copy = cells.copy
        let base = route(of: exchange.head) * Layout.size
        let status = statusIndices[exchange.response.status.rawValue - 200]
        copy.add(1, to: base + method(of: exchange.head) * Self.statuses.count + status)
        if let failure = exchange.failure, let index = HTTPFailure.Reason.allCases.firstIndex(of: failure.reason) {
            copy.add(1, to: routes.count * Layout.size + index)
        }
        if exchange.receivedBodyBytes > 0 { copy.add(exchange.receivedBodyBytes, to: base + Layout.received) }
        if exchange.sentBodyBytes > 0 { copy.add(exchange.sentBodyBytes, to: base + Layout.sent) }
        // Without a header nothing was measured.
        guard exchange.head != nil else { return }
        let (seconds, attoseconds) = exchange.duration.components
        let nanoseconds = Int(seconds) &* 1_000_000_000 &+ Int(attoseconds / 1_000_000_000)
        let bucket = Self.buckets.firstIndex { nanoseconds <= $0.nanoseconds } ?? Self.buckets.count
        copy.add(1, to: base + Layout.buckets + bucket)
        copy.add(nanoseconds, to: base + Layout.nanoseconds)
    }

    private func route(of head: HTTPRequestHead?) -> Int {
        guard let head else { return routes.count - 1 }
        return indices[head.path] ?? routes.count - 2
    }

    private func method(of head: HTTPRequestHead?) -> Int {
        guard let head else { return Self.methods.count - 1 }
        return methodIndices[head.method] ?? Self.methods.count - 2
    }
}

// What was counted.
extension RequestMetrics {
    /// Answers of a route, of those methods and statuses that there were.
    func answers(route: Int) -> [(method: String, status: String, count: Int)] {
        Self.methods.indices.flatMap { method in
            Self.statuses.indices.compactMap { status in
                let count = cells[route * Layout.size + method * Self.statuses.count + status]
                return count == 0 ? nil : (Self.methods[method], Self.statuses[status], count)
            }
        }
    }

    /// Answers of a route that took at most as long as each bound, then all; each number holds those before it.
    func cumulativeBuckets(route: Int) -> [Int] {
        var sum = 0
        return (0...Self.buckets.count).map { index in
            sum += cells[route * Layout.size + Layout.buckets + index]
            return sum
        }
    }

    /// The time that all answers of a route took together.
    func seconds(route: Int) -> Double { Double(cells[route * Layout.size + Layout.nanoseconds]) / 1e9 }

    /// Body bytes that a route received and sent.
    func bodyBytes(route: Int) -> (received: Int, sent: Int) {
        (cells[route * Layout.size + Layout.received], cells[route * Layout.size + Layout.sent])
    }

    /// Answers that the server gave by itself, by reason.
    func failures() -> [(reason: String, count: Int)] {
        HTTPFailure.Reason.allCases.enumerated().map { ($1.rawValue, cells[routes.count * Layout.size + $0]) }
    }
}
