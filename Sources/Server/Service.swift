// SPDX-License-Identifier: Apache-2.0

public import HTTP
public import Logging

/// The HTTP service: finds the route, speaks the content codings, and words errors as problem documents.
public struct Service: HTTPHandler {
    let router: Router
    /// What `/metrics` shows.
    let page: MetricsPage
    private let configuration: ServiceConfiguration
    private let spool: Spool
    private let state = ServiceState()
    private let requests: RequestMetrics
    private let log: RequestLog
    private let exhaustionLog: ExhaustionLog

    /// A service with these limits.
    ///
    /// - Parameters:
    ///   - configuration: the limits.
    ///   - logger: gets a line for each request, at level info.
    public init(
        _ configuration: ServiceConfiguration = ServiceConfiguration(),
        logger: Logger = Logger(label: "qevm") { _ in SwiftLogNoOpLogHandler() }
    ) {
        self.init(configuration, logger: logger, routes: [])
    }

    /// The same with more routes.
    init(_ configuration: ServiceConfiguration, logger: Logger, routes more: [Route]) {
        self.configuration = configuration
        spool = Spool(configuration)
        var routes = Routes.all(configuration, state) + more
        requests = RequestMetrics(paths: routes.map(\.path) + [Routes.metricsPath])
        page = MetricsPage(configuration: configuration.http, requests: requests, state: state)
        if configuration.servesMetrics { routes.append(Routes.metrics(page)) }
        router = Router(routes)
        log = RequestLog(logger: logger)
        exhaustionLog = ExhaustionLog(logger)
    }

    /// Lets `/metrics` show the counters of the server that runs the service.
    public func observe(_ server: HTTPServer) {
        state.observe(server)
    }

    /// Says that the end is near: `/readyz` answers with 503, and connections end with their next answer.
    public func beginShutdown() {
        state.stop()
    }

    /// Decides by the head alone what is refused; bodies are read only for routes that want them.
    public func admit(_ head: HTTPRequestHead) -> HTTPAdmission {
        let admission = decide(head)
        guard case .answer(let response) = admission else { return admission }
        return .answer(finish(response, head))
    }

    private func decide(_ head: HTTPRequestHead) -> HTTPAdmission {
        if let refusal = refusal(head) { return .answer(refusal.response()) }
        let route: Route
        switch router.find(head) {
        case .route(let found): route = found
        case .answer(let response): return .answer(response)
        }
        guard route.takesBody else { return .collect(bodyLimit: 0, on: .loop) }
        let takesStream = route.takesStream(head)
        let bodyLimit = takesStream ? spool.limit : configuration.bodyBytes
        do throws(Problem) {
            try route.check(head)
            _ = try ContentCoding.ofRequest(head)
            // RFC 9110 §15.5.12: a POST says how long its body is.
            guard head.headers.contains("Content-Length") || head.headers.contains("Transfer-Encoding") else {
                throw Problem(.lengthRequired, "a Content-Length or a chunked body is needed")
            }
            // RFC 9110 §15.5.14.
            guard (head.declaredLength ?? 0) <= bodyLimit else {
                throw Problem(.contentTooLarge, "a body may have at most \(bodyLimit) bytes")
            }
        } catch {
            return .answer(error.response())
        }
        // A small body can inflate to a large one.
        let isCoded = head.headers.contains("Content-Encoding")
        return .collect(
            bodyLimit: bodyLimit,
            on: isCoded ? .worker : .workerAbove(bodyBytes: configuration.loopBodyBytes),
            spoolAbove: takesStream ? spool.threshold : nil
        )
    }

    /// A caller without a token learns nothing of the paths that need one, not even whether they are there.
    private func refusal(_ head: HTTPRequestHead) -> Problem? {
        guard let tokens = configuration.tokens else { return nil }
        let isGuarded = head.path == "/v1" || head.path.hasPrefix("/v1/") || head.path == Routes.metricsPath
        // Browsers send preflights without credentials.
        let isFree = !isGuarded || configuration.crossOrigin != nil && CrossOrigin.isPreflight(head)
        return isFree ? nil : tokens.refusal(head)
    }

    /// Answers a request whose body is complete.
    public func respond(to request: HTTPRequest) -> HTTPResponse {
        finish(answer(request), request.head)
    }

    /// What every answer carries, whoever gives it.
    private func finish(_ response: HTTPResponse, _ head: HTTPRequestHead?) -> HTTPResponse {
        var response = response
        response.headers.append(name: RequestID.header, value: RequestID(head).text)
        configuration.crossOrigin?.complete(&response, for: head)
        // Clients that connect anew are sent elsewhere by now.
        if state.isStopping { response.closesConnection = true }
        return response
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        guard case .route(let route) = router.find(request.head) else {
            return Problem(.notFound, "there is nothing at this path").response()
        }
        do throws(Problem) {
            let answer = try route.answer(
                request.head,
                try body(of: request, for: route),
                memoryLimit: configuration.bodyBytes
            )
            return ContentCoding.encoded(answer, for: request.head, of: route)
        } catch {
            return ContentCoding.encoded(error.response(), for: request.head, of: route)
        }
    }

    /// The body as it was before it was coded.
    private func body(of request: HTTPRequest, for route: Route) throws(Problem) -> HTTPBody {
        let coding = try ContentCoding.ofRequest(request.head)
        guard case .bytes(let bytes) = request.body, !route.takesStream(request.head) else {
            return try coding.decoded(request.body, to: spool)
        }
        return .bytes(try coding.decoded(bytes, limit: configuration.inflatedBytes))
    }

    /// What the server refuses by itself, as a problem document.
    public func failure(_ failure: HTTPFailure, for head: HTTPRequestHead?) -> HTTPResponse {
        finish(Problem(failure.status, failure.detail).response(), head)
    }

    /// Counts the answer and gives the log its line.
    public func answered(_ exchange: HTTPExchange) {
        requests.count(exchange)
        log.write(exchange)
    }

    /// Gives the log a line from time to time.
    public func cannotAccept(_ error: HTTPServerError) {
        exhaustionLog.write(error.description)
    }
}
