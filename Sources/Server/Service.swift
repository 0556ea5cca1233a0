// SPDX-License-Identifier: Apache-2.0

public import HTTP

/// The HTTP service: finds the route, speaks the content codings, and words errors as problem documents.
public struct Service: HTTPHandler {
    private let configuration: ServiceConfiguration
    private let router: Router

    /// A service with these limits.
    public init(_ configuration: ServiceConfiguration = ServiceConfiguration()) {
        self.configuration = configuration
        router = Router(Routes.all(configuration))
    }

    /// Decides by the head alone what is refused; bodies are read only for routes that want them.
    public func admit(_ head: HTTPRequestHead) -> HTTPAdmission {
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
