// SPDX-License-Identifier: Apache-2.0

/// The first line of a request (RFC 9112 §3).
struct RequestLine {
    let method: String
    let target: Range<Int>
    let parsed: RequestTarget
    let version: HTTPVersion

    /// Parses the line in `range`, which excludes its CR LF.
    init(_ bytes: Span<UInt8>, _ range: Range<Int>, maximumTargetBytes: Int) throws(HTTPFailure) {
        var index = range.lowerBound
        while index < range.upperBound, bytes[index].isToken { index += 1 }
        // RFC 9112 §3: single spaces; a lenient split on any white space is left to others.
        guard index > range.lowerBound, index < range.upperBound, bytes[index] == 0x20 else {
            throw .badRequest("The request line does not start with a method and a space")
        }
        let methodRange = range.lowerBound..<index
        let targetStart = index + 1
        index = range.upperBound - 1
        while index > targetStart, bytes[index] != 0x20 { index -= 1 }
        // RFC 9112 §2.3: the version is always there; the short form of HTTP/0.9 is not HTTP/1.1.
        guard index > targetStart else { throw .badRequest("The request line has no version") }
        target = targetStart..<index
        version = try Self.version(bytes, index + 1..<range.upperBound)
        // RFC 9112 §3: a method longer than any implemented one.
        guard methodRange.count <= 32 else { throw HTTPFailure(.notImplemented, "The method is not implemented") }
        method = bytes.string(methodRange)
        // RFC 9110 §15.5.15.
        guard target.count <= maximumTargetBytes else { throw .targetTooLong }
        parsed = try RequestTarget(bytes, target, method: method)
    }

    /// RFC 9112 §2.3: `HTTP/` digit `.` digit, in capitals.
    private static func version(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPFailure) -> HTTPVersion {
        let start = range.lowerBound
        guard range.count == 8, bytes[start] == UInt8(ascii: "H"), bytes[start + 1] == UInt8(ascii: "T"),
            bytes[start + 2] == UInt8(ascii: "T"), bytes[start + 3] == UInt8(ascii: "P"),
            bytes[start + 4] == UInt8(ascii: "/"), bytes[start + 5].isDigit,
            bytes[start + 6] == UInt8(ascii: "."), bytes[start + 7].isDigit
        else { throw .badRequest("The version is malformed") }
        // RFC 9110 §15.6.6: another major version is another protocol.
        guard bytes[start + 5] == UInt8(ascii: "1") else {
            throw HTTPFailure(.versionNotSupported, "Only HTTP/1.1 and HTTP/1.0 are spoken")
        }
        return bytes[start + 7] == UInt8(ascii: "0") ? .http10 : .http11
    }
}

extension HTTPFailure {
    static let targetTooLong = Self(.uriTooLong, "The request target is longer than allowed")
    static let headerTooLarge = Self(.headerFieldsTooLarge, "The header is larger than allowed")
}
