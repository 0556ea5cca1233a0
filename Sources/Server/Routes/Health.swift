// SPDX-License-Identifier: Apache-2.0

internal import HTTP

extension Routes {
    /// Whether the process answers at all.
    static func health(_ path: String) -> Route {
        let response = HTTPResponse(Array("{\"status\":\"ok\"}".utf8), json)
        return Route(method: "GET", path: path) { _ in response }
    }
}
