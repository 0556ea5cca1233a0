// SPDX-License-Identifier: Apache-2.0

internal import HTTP

extension Routes {
    /// Whether the process answers at all.
    static func health(_ path: String) -> Route {
        let response = ok
        return Route(method: "GET", path: path) { _ in response }
    }

    /// Whether requests shall be sent here: no longer once the end was announced.
    static func readiness(_ state: ServiceState) -> Route {
        let response = ok
        return Route(method: "GET", path: "/readyz") { _ throws(Problem) in
            guard !state.isStopping else { throw Problem(.serviceUnavailable, "the service is shutting down") }
            return response
        }
    }

    private static var ok: HTTPResponse { HTTPResponse(Array("{\"status\":\"ok\"}".utf8), json) }
}
