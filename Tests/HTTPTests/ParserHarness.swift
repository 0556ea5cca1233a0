// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

/// What a parser made of some bytes: the requests, then the failure if there was one.
struct Transcript: Equatable, CustomStringConvertible {
    var requests: [String] = []
    var failure: HTTPFailure?

    var description: String {
        (requests + (failure.map { ["\($0.status.rawValue) \($0.detail)"] } ?? [])).joined(separator: " | ")
    }
}

/// Feeds a parser piece by piece, as `recv` would.
func transcript(_ pieces: [[UInt8]], _ limits: ParserLimits = ParserLimits()) -> Transcript {
    var parser = RequestParser(limits: limits, peer: "test")
    var transcript = Transcript()
    var head = ""
    var body: [UInt8] = []
    for piece in pieces {
        var position = 0
        reading: while true {
            do throws(HTTPFailure) {
                switch try parser.next(piece.span, &position) {
                case .needInput:
                    #expect(position == piece.count)
                    break reading
                case .head(let parsed):
                    head = "\(parsed.method) \(parsed.path)\(parsed.query.map { "?" + $0 } ?? "")"
                    body = []
                case .body(let range): body += piece[range]
                case .end:
                    let text = String(decoding: body, as: UTF8.self)
                    transcript.requests.append(body.isEmpty ? head : "\(head) \(text)")
                }
            } catch {
                transcript.failure = error
                return transcript
            }
        }
    }
    return transcript
}

/// Parses the same bytes in one piece, byte by byte, and cut in two at every place, and expects no difference.
func parse(
    _ raw: String,
    _ limits: ParserLimits = ParserLimits(),
    sourceLocation: SourceLocation = #_sourceLocation
) -> Transcript {
    let bytes = Array(raw.utf8)
    let whole = transcript([bytes], limits)
    let single = transcript(bytes.map { [$0] }, limits)
    #expect(single == whole, "byte by byte: \(raw.debugDescription)", sourceLocation: sourceLocation)
    for cut in bytes.indices {
        let halves = transcript([Array(bytes[..<cut]), Array(bytes[cut...])], limits)
        #expect(halves == whole, "cut at \(cut): \(raw.debugDescription)", sourceLocation: sourceLocation)
    }
    return whole
}

/// Parses one head in one piece.
func parseHead(_ raw: String) throws -> HTTPRequestHead {
    var parser = RequestParser(limits: ParserLimits(), peer: "192.0.2.1")
    var position = 0
    let bytes = Array(raw.utf8)
    guard case .head(let head) = try parser.next(bytes.span, &position) else {
        throw HTTPFailure.badRequest("The head has no end")
    }
    return head
}

/// A head line table's row: what is sent, and the status it fails with or nil when it is fine.
struct Row: Sendable, CustomTestStringConvertible {
    let raw: String
    let status: Int?
    init(_ raw: String, _ status: Int?) {
        self.raw = raw
        self.status = status
    }
    var testDescription: String { "\(raw.debugDescription) → \(status.map(String.init) ?? "fine")" }
}
