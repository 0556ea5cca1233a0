// SPDX-License-Identifier: Apache-2.0

/// The versions of HTTP that are spoken (RFC 9112 §2.3).
///
/// A higher minor version counts as 1.1 (RFC 9110 §2.5).
public enum HTTPVersion: Sendable, Hashable {
    case http10
    case http11
}

/// What stands before the body of a request.
///
/// It has passed every check of RFC 9112 that does not need the body: framing, `Host`, the target's form.
public struct HTTPRequestHead: Sendable {
    /// As it was sent; methods are case-sensitive (RFC 9110 §9.1).
    public let method: String
    /// The target as it was sent, in origin, absolute or asterisk form (RFC 9112 §3.2).
    public let target: String
    /// The path: percent-decoded once, valid UTF-8, starting with `/`, free of dot segments; or `*`.
    public let path: String
    /// What stands behind the first `?`, as it was sent; nil without a `?`.
    public let query: String?
    /// The version of the client.
    public let version: HTTPVersion
    /// The header fields in the order they were sent.
    public let headers: HTTPHeaders
    /// The IP address of the client as text, or `unix` when it came through a Unix-domain socket.
    public let peer: String

    /// How the body is framed.
    let framing: BodyFraming
    /// What `Connection` and the version say about keeping the connection (RFC 9112 §9.3).
    let isPersistent: Bool
    let expectation: Expectation

    /// Number of body bytes that the client declared; 0 without a body, nil when it is chunked.
    public var declaredLength: Int? {
        switch framing {
        case .none: 0
        case .length(let count): count
        case .chunked: nil
        }
    }

    /// The value of the first parameter of that name in the query, percent-decoded, `+` read as a space.
    ///
    /// A parameter without `=` has the empty value; nil when there is no such parameter.
    public func queryValue(_ name: String) -> String? {
        queryItems.first { $0.name == name }?.value
    }

    /// The parameters of the query in their order, percent-decoded, `+` read as a space.
    ///
    /// A parameter without `=` has the empty value.
    public var queryItems: [(name: String, value: String)] {
        guard let query else { return [] }
        return query.utf8.split(separator: UInt8(ascii: "&")).map { pair in
            let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return (
                halves.first.map { PercentCoding.decodeForm($0) } ?? "",
                halves.count > 1 ? PercentCoding.decodeForm(halves[1]) : ""
            )
        }
    }
}

/// What the client asked for with `Expect` (RFC 9110 §10.1.1).
enum Expectation: Sendable, Hashable {
    case none
    case continue100
    case unknown
}

/// A request whose body has been read to its end.
public struct HTTPRequest: Sendable {
    /// What stood before the body.
    public let head: HTTPRequestHead
    /// The body without its transfer coding.
    public let body: HTTPBody
}
