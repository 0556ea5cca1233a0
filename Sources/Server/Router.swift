// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// One path and what it does.
struct Route: Sendable {
    let method: String
    let path: String
    /// The media types of bodies that it reads; none: it reads no body.
    var accepts: [String] = []
    /// Those of them whose bodies may be in files, and as large as a stream may be; others are held in memory.
    var takesStream: [String] = []
    /// The media types that it may answer with.
    var offers: [String] = []
    let respond: @Sendable (RouteRequest) throws(Problem) -> HTTPResponse

    var takesBody: Bool { !accepts.isEmpty }

    func takesStream(_ head: HTTPRequestHead) -> Bool {
        !takesStream.isEmpty && takesStream.contains(MediaType(head.headers["Content-Type"] ?? "").essence)
    }

    /// What can be refused before the body is read.
    func check(_ head: HTTPRequestHead) throws(Problem) {
        // RFC 9110 §5.3: a field that is no list comes once; of two, others may take the other one.
        let types = head.headers.values("Content-Type")
        guard types.count <= 1 || Set(types).count == 1 else {
            throw Problem(.badRequest, "Content-Type is given twice, with different values")
        }
        let type = MediaType(types.first ?? "")
        // RFC 9110 §15.5.16; §12.5.1: with the types that would have been taken.
        guard accepts.contains(type.essence) else {
            var problem = Problem(
                .unsupportedMediaType,
                "\(path) takes \(accepts.joined(separator: ", ")), not \"\(type.essence)\""
            )
            problem.headers.append(name: "Accept", value: accepts.joined(separator: ", "))
            throw problem
        }
        try Query.check(head)
        _ = try offer(head)
    }

    func answer(_ head: HTTPRequestHead, _ body: HTTPBody, memoryLimit: Int) throws(Problem) -> HTTPResponse {
        try respond(
            RouteRequest(
                head: head,
                content: body,
                type: MediaType(head.headers["Content-Type"] ?? ""),
                offer: try offer(head),
                memoryLimit: memoryLimit
            )
        )
    }

    /// The media type to answer with (RFC 9110 §12.5.1).
    private func offer(_ head: HTTPRequestHead) throws(Problem) -> String {
        guard !offers.isEmpty, head.headers.contains("Accept") else { return offers.first ?? "" }
        let accepted = head.headers.list("Accept")
        // An empty list prefers nothing.
        if accepted.isEmpty { return offers.first ?? "" }
        if let best = Negotiation.mediaType(offers, accept: accepted) { return best }
        // RFC 9110 §15.5.7.
        throw Problem(.notAcceptable, "\(path) answers with \(offers.joined(separator: ", "))")
    }
}

/// A request as a route sees it.
struct RouteRequest {
    let head: HTTPRequestHead
    /// In a file if it is large and the route takes streams.
    let content: HTTPBody
    let type: MediaType
    /// The media type that the answer shall have.
    let offer: String
    /// The most bytes of what is read as a whole.
    let memoryLimit: Int

    /// The body in memory.
    ///
    /// - Throws: 413 when it is too large for that.
    var body: [UInt8] {
        get throws(Problem) { try content.inMemory(limit: memoryLimit) }
    }

    /// The parts of a form: a name that no path has, which would go unseen, is refused, and one that comes twice.
    ///
    /// - Throws: 400, also when it is no form.
    var form: Multipart {
        get throws(Problem) {
            let form = try Multipart(content, type, memoryLimit: memoryLimit)
            var seen: Set<String> = []
            for part in form.parts {
                let name = "\"\(part.name.prefix(64))\""
                if part.name.hasPrefix("x-") { continue }
                guard Self.parts.contains(part.name) else {
                    throw Problem(.badRequest, "no path takes a part \(name): \(Self.parts.joined(separator: ", "))")
                }
                guard seen.insert(part.name).inserted else {
                    throw Problem(.badRequest, "the form has two parts \(name)")
                }
            }
            return form
        }
    }

    private static let parts = ["request", "stream", "source", "patch", "a", "b"]
}

/// Finds the route of a request.
struct Router: Sendable {
    enum Match {
        case route(Route)
        case answer(HTTPResponse)
    }

    let routes: [String: [Route]]

    /// RFC 9110 §9.3, RFC 5789 §2: the methods that are known, taken or not.
    private static let methods: Set = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"]

    init(_ routes: [Route]) {
        self.routes = Dictionary(grouping: routes, by: \.path)
    }

    func find(_ head: HTTPRequestHead) -> Match {
        // RFC 9110 §9.3.7: `OPTIONS *` asks about the server as a whole.
        if head.method == "OPTIONS", head.path == "*" { return .answer(options(["GET", "HEAD", "POST", "OPTIONS"])) }
        // RFC 9110 §15.5.5.
        guard let candidates = routes[head.path] else {
            return .answer(Problem(.notFound, "there is nothing at \(head.path)").response())
        }
        // RFC 9110 §9.3.2: HEAD is GET without the body.
        let method = head.method == "HEAD" ? "GET" : head.method
        if let route = candidates.first(where: { $0.method == method }) { return .route(route) }
        // RFC 9110 §9.1: 501 for a method that is not known, 405 with Allow for one that is not taken here (§15.5.6).
        guard Self.methods.contains(head.method) else {
            return .answer(Problem(.notImplemented, "the method \(head.method) is not known").response())
        }
        let allowed = candidates.flatMap { $0.method == "GET" ? ["GET", "HEAD"] : [$0.method] } + ["OPTIONS"]
        if head.method == "OPTIONS" { return .answer(options(allowed)) }
        var problem = Problem(.methodNotAllowed, "\(head.path) takes \(allowed.joined(separator: ", "))")
        problem.headers.append(name: "Allow", value: allowed.joined(separator: ", "))
        return .answer(problem.response())
    }

    private func options(_ allowed: [String]) -> HTTPResponse {
        HTTPResponse(.noContent, headers: HTTPHeaders([("Allow", allowed.joined(separator: ", "))]))
    }
}
