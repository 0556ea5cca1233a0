// SPDX-License-Identifier: Apache-2.0

internal import HTTP

extension Routes {
    static let metricsPath = "/metrics"

    /// What the service has done and is doing, for Prometheus.
    static func metrics(_ page: MetricsPage) -> Route {
        Route(method: "GET", path: metricsPath) { _ in HTTPResponse(page.text(), PrometheusText.mediaType) }
    }
}
