// SPDX-License-Identifier: Apache-2.0

/// How the end of a request's body is found (RFC 9112 §6.3).
enum BodyFraming: Sendable, Hashable {
    case none
    case length(Int)
    case chunked
}

/// What the fields that frame a body said so far.
///
/// Whatever two recipients could read in two ways is refused: that is what request smuggling lives on.
struct FramingFields {
    private var length: Int?
    private var hasTransferEncoding = false
    private var chunkedCount = 0
    private var otherCount = 0
    private var isChunkedLast = false

    /// RFC 9110 §8.6: digits only.
    ///
    /// A sign, a list, inner white space or a second field is refused (RFC 9112 §6.3).
    mutating func contentLength(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(HTTPFailure) {
        guard length == nil else { throw .badRequest("Content-Length is given twice") }
        guard !value.isEmpty else { throw .badRequest("Content-Length is empty") }
        var total = 0
        for index in value {
            guard bytes[index].isDigit else { throw .badRequest("Content-Length is not a number") }
            let (tenfold, overflow) = total.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(Int(bytes[index] - 0x30))
            guard !overflow, !carry else { throw .badRequest("Content-Length is too large a number") }
            total = sum
        }
        length = total
    }

    /// RFC 9112 §6.1: a list of codings, in the order in which they were applied.
    mutating func transferEncoding(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(HTTPFailure) {
        hasTransferEncoding = true
        var start = value.lowerBound
        while start <= value.upperBound {
            var end = start
            while end < value.upperBound, bytes[end] != UInt8(ascii: ",") { end += 1 }
            let coding = bytes.trimmingWhitespace(start..<end)
            guard !coding.isEmpty else { throw .badRequest("Transfer-Encoding has an empty member") }
            isChunkedLast = bytes.equalsIgnoringCase(coding, "chunked".utf8)
            if isChunkedLast { chunkedCount += 1 } else { otherCount += 1 }
            start = end + 1
        }
    }

    /// The framing that follows from all of them.
    ///
    /// - Throws: 400 where the length cannot be known, 501 for a coding that is not spoken here.
    func resolve(_ version: HTTPVersion) throws(HTTPFailure) -> BodyFraming {
        guard hasTransferEncoding else {
            guard let length, length > 0 else { return .none }
            return .length(length)
        }
        // RFC 9112 §6.1: both together may be a smuggling attempt.
        guard length == nil else { throw .badRequest("Content-Length and Transfer-Encoding are given together") }
        // RFC 9112 §6.1: in HTTP/1.0 the framing is to be treated as faulty.
        guard version == .http11 else { throw .badRequest("Transfer-Encoding is given with HTTP/1.0") }
        // RFC 9112 §6.3: without chunked as the last coding the length is unknown; chunked is never applied twice.
        guard isChunkedLast, chunkedCount == 1 else {
            throw .badRequest("Transfer-Encoding does not end in one chunked")
        }
        // RFC 9112 §6.1: a coding that is not understood.
        guard otherCount == 0 else {
            throw HTTPFailure(.notImplemented, "The only transfer coding that is understood is chunked")
        }
        return .chunked
    }
}
