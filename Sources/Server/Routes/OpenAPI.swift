// SPDX-License-Identifier: Apache-2.0

internal import HTTP

extension Routes {
    /// The description of the service, as it stands in the project.
    static var openAPI: Route {
        let body = PackageResources.openapi_yaml
        // RFC 9512: the media type of YAML.
        return Route(method: "GET", path: "/openapi.yaml") { _ in HTTPResponse(body, "application/yaml") }
    }
}
