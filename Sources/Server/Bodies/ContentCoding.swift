// SPDX-License-Identifier: Apache-2.0

internal import Compression
internal import HTTP

/// The compression of bodies (RFC 9110 §8.4).
enum ContentCoding: String {
    case identity, gzip, deflate

    /// Answers below this many bytes are not compressed: it would cost more than it saves.
    static let smallestAnswer = 1024

    /// How a request's body is coded.
    static func ofRequest(_ head: HTTPRequestHead) throws(Problem) -> ContentCoding {
        guard head.headers.contains("Content-Encoding") else { return .identity }
        let names = head.headers.list("Content-Encoding").map { $0.lowercased() }
        // RFC 9110 §8.4: codings in the order in which they were applied; §15.5.16 for those that are not taken.
        guard names.count <= 1, let coding = ContentCoding(name: names.first ?? "identity") else {
            var problem = Problem(
                .unsupportedMediaType,
                "a body may be coded once, with gzip or deflate, not \(names.joined(separator: ", "))"
            )
            problem.headers.append(name: "Accept-Encoding", value: "gzip, deflate")
            throw problem
        }
        return coding
    }

    private init?(name: String) {
        // RFC 9110 §8.4.1.3: x-gzip means gzip.
        self.init(rawValue: name == "x-gzip" ? "gzip" : name)
    }

    /// The body as it was before it was coded.
    func decoded(_ body: [UInt8], limit: Int) throws(Problem) -> [UInt8] {
        guard self != .identity else { return body }
        do throws(Inflater.Failure) {
            return try Inflater.inflate(body, isGzip: self == .gzip, limit: limit)
        } catch {
            switch error {
            case .tooLarge: throw Problem(.contentTooLarge, "the body inflates to more than \(limit) bytes")
            case .damaged(let offset): throw damaged(offset)
            case .truncated: throw truncated
            case .noMemory: throw Problem(.serviceUnavailable, "there is no memory to inflate the body")
            }
        }
    }

    /// The answer, compressed where the caller accepts that and it is large enough.
    ///
    /// RFC 9110 §12.5.5: `Vary` names the fields that took part in the choice of the answer.
    static func encoded(_ response: HTTPResponse, for head: HTTPRequestHead, of route: Route) -> HTTPResponse {
        var response = response
        guard !response.status.forbidsBody, !response.body.isEmpty else { return response }
        response.headers.append(
            name: "Vary",
            value: route.offers.count > 1 ? "Accept, Accept-Encoding" : "Accept-Encoding"
        )
        // What is in a file is sent as it is: to compress it would take as long as to make it.
        guard case .bytes(let plain) = response.body, head.headers.contains("Accept-Encoding") else { return response }
        let accept = head.headers.list("Accept-Encoding")
        // RFC 9110 §12.5.3: who refuses identity gets another coding, if there is one, even of a small answer.
        guard plain.count >= smallestAnswer || Negotiation.coding([], accept: accept) == nil,
            let name = Negotiation.coding(["gzip", "deflate"], accept: accept),
            let coding = ContentCoding(rawValue: name), coding != .identity,
            let body = Deflater.deflate(plain, isGzip: coding == .gzip)
        else { return response }
        response.body = .bytes(body)
        response.headers.append(name: "Content-Encoding", value: coding.rawValue)
        return response
    }
}
