// SPDX-License-Identifier: Apache-2.0

public import HTTP
public import Logging

/// The HTTP service: finds the route, speaks the content codings, and words errors as problem documents.
public struct Service: HTTPHandler {
    private let configuration: ServiceConfiguration
    private let router: Router
    private let log: RequestLog

    /// A service with these limits.
    ///
    /// - Parameters:
    ///   - configuration: the limits.
    ///   - logger: gets a line for each request, at level info.
    public init(
        _ configuration: ServiceConfiguration = ServiceConfiguration(),
        logger: Logger = Logger(label: "qevm") { _ in SwiftLogNoOpLogHandler() }
    ) {
        self.configuration = configuration
        router = Router(Routes.all(configuration))
        log = RequestLog(logger: logger)
    }

    /// Decides by the head alone what is refused; bodies are read only for routes that want them.
    public func admit(_ head: HTTPRequestHead) -> HTTPAdmission {
        let start = ContinuousClock.now
        let admission = decide(head)
        guard case .answer(let response) = admission else { return admission }
        return .answer(finish(response, head, received: 0, since: start))
    }

    private func decide(_ head: HTTPRequestHead) -> HTTPAdmission {
        let route: Route
        switch router.find(head) {
        case .route(let found): route = found
        case .answer(let response): return .answer(response)
        }
        guard route.takesBody else { return .collect(bodyLimit: 0, on: .loop) }
        do throws(Problem) {
            try route.check(head)
            _ = try ContentCoding.ofRequest(head)
            // RFC 9110 §15.5.12: a POST says how long its body is.
            guard head.headers.contains("Content-Length") || head.headers.contains("Transfer-Encoding") else {
                throw Problem(.lengthRequired, "a Content-Length or a chunked body is needed")
            }
            guard (head.declaredLength ?? 0) <= configuration.bodyBytes else {
                throw Problem(.contentTooLarge, "a body may have at most \(configuration.bodyBytes) bytes")
            }
        } catch {
            return .answer(error.response())
        }
        // A small body can inflate to a large one.
        let isCoded = head.headers.contains("Content-Encoding")
        return .collect(
            bodyLimit: configuration.bodyBytes,
            on: isCoded ? .worker : .workerAbove(bodyBytes: configuration.loopBodyBytes)
        )
    }

    /// Answers a request whose body is complete.
    public func respond(to request: HTTPRequest) -> HTTPResponse {
        let start = ContinuousClock.now
        return finish(answer(request), request.head, received: request.body.count, since: start)
    }

    /// Gives the answer the request's id and the log its line.
    private func finish(
        _ response: HTTPResponse,
        _ head: HTTPRequestHead,
        received: Int,
        since start: ContinuousClock.Instant
    ) -> HTTPResponse {
        let id = RequestID(head)
        var response = response
        response.headers.append(name: RequestID.header, value: id.text)
        if log.logger.logLevel <= .info || response.status.rawValue >= 500 {
            log.write(head, response, id, received: received, took: ContinuousClock.now - start)
        }
        return response
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        guard case .route(let route) = router.find(request.head) else {
            return Problem(.notFound, "there is nothing at this path").response()
        }
        do throws(Problem) {
            let coding = try ContentCoding.ofRequest(request.head)
            let body = try coding.decoded(request.body, limit: configuration.inflatedBytes)
            return ContentCoding.encoded(try route.answer(request.head, body), for: request.head, of: route)
        } catch {
            return ContentCoding.encoded(error.response(), for: request.head, of: route)
        }
    }

    /// What the server refuses by itself, as a problem document.
    public func failure(_ failure: HTTPFailure) -> HTTPResponse {
        Problem(failure.status, failure.detail).response()
    }
}
