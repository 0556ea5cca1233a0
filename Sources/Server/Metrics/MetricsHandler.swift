// SPDX-License-Identifier: Apache-2.0

public import HTTP

/// Answers `GET /metrics` about a service and nothing else, for an address of its own.
///
/// It asks for no token; who can reach the address may read.
public struct MetricsHandler: HTTPHandler {
    private let router: Router

    /// A handler for what that service does.
    public init(_ service: Service) {
        router = Router([Routes.metrics(service.page)])
    }

    /// Takes requests without a body.
    public func admit(_ head: HTTPRequestHead) -> HTTPAdmission {
        if case .answer(let response) = router.find(head) { return .answer(response) }
        return .collect(bodyLimit: 0, on: .loop)
    }

    /// Gives the page.
    public func respond(to request: HTTPRequest) -> HTTPResponse {
        switch router.find(request.head) {
        case .answer(let response): return response
        case .route(let route):
            do throws(Problem) {
                return ContentCoding.encoded(
                    try route.answer(request.head, .bytes([]), memoryLimit: 0),
                    for: request.head,
                    of: route
                )
            } catch {
                return error.response()
            }
        }
    }

    /// A problem document.
    public func failure(_ failure: HTTPFailure, for head: HTTPRequestHead?) -> HTTPResponse {
        Problem(failure.status, failure.detail).response()
    }
}
