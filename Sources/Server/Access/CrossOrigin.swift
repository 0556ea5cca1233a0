// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Which web pages may use the service from a browser (CORS, WHATWG Fetch §3.2).
public struct CrossOrigin: Sendable {
    /// The text is neither `*` nor an origin: scheme, host and perhaps a port, and nothing behind them.
    public struct Invalid: Error, Sendable, Hashable {
        /// The text.
        public let text: String
    }

    /// Seconds for which a browser may keep the answer to a preflight; browsers have lower bounds of their own.
    static let maximumAge = 7200
    /// Fields that a page may set.
    static let requestHeaders = "Authorization, Content-Encoding, Content-Type, X-Request-Id, traceparent, tracestate"
    /// Fields that a page may read, beside those that Fetch allows always.
    static let responseHeaders = "Accept, Allow, Retry-After, WWW-Authenticate, X-Request-Id"

    private let allowsAny: Bool
    private let origins: Set<String>

    /// The origins that are allowed; one `*` allows all.
    ///
    /// - Throws: what is no origin.
    public init(_ origins: [String]) throws(Invalid) {
        for origin in origins where origin != "*" && !Self.isOrigin(origin) { throw Invalid(text: origin) }
        allowsAny = origins.contains("*")
        self.origins = Set(origins.map { $0.lowercased() })
    }

    /// Whether a request asks if a page may send another one.
    static func isPreflight(_ head: HTTPRequestHead) -> Bool {
        head.method == "OPTIONS" && head.headers.contains("Origin")
            && head.headers.contains("Access-Control-Request-Method")
    }

    /// Adds to an answer what a browser wants to know before it shows the answer to a page.
    ///
    /// - Parameters:
    ///   - response: the answer.
    ///   - head: the request; nil when no header could be read, and then no page can be told anything.
    func complete(_ response: inout HTTPResponse, for head: HTTPRequestHead?) {
        // The answer differs by origin, also for those that are not allowed.
        if !allowsAny { response.headers.append(name: "Vary", value: "Origin") }
        guard let head, let origin = head.headers["Origin"], allowsAny || origins.contains(origin) else { return }
        response.headers.append(name: "Access-Control-Allow-Origin", value: allowsAny ? "*" : origin)
        if Self.isPreflight(head) {
            guard let methods = response.headers["Allow"], response.status == .noContent else { return }
            response.headers.append(name: "Access-Control-Allow-Methods", value: methods)
            response.headers.append(name: "Access-Control-Allow-Headers", value: Self.requestHeaders)
            response.headers.append(name: "Access-Control-Max-Age", value: String(Self.maximumAge))
        } else {
            response.headers.append(name: "Access-Control-Expose-Headers", value: Self.responseHeaders)
        }
    }

    /// `scheme://host` or `scheme://host:port`, as browsers write it (RFC 6454 §6.2).
    private static func isOrigin(_ text: String) -> Bool {
        guard let colon = text.firstIndex(of: ":"), colon > text.startIndex else { return false }
        let rest = text[text.index(after: colon)...]
        guard rest.hasPrefix("//"), rest.utf8.count > 2 else { return false }
        let isVisible = text.utf8.allSatisfy { (0x21..<0x7f).contains($0) }
        return isVisible && !rest.dropFirst(2).utf8.contains { "/?#@,*\\\"".utf8.contains($0) }
    }
}
