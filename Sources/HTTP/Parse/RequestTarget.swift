// SPDX-License-Identifier: Apache-2.0

/// A request target and what it names (RFC 9112 §3.2).
struct RequestTarget {
    let path: String
    let query: String?

    /// Parses a target whose bytes have not been checked yet.
    ///
    /// - Throws: 400 for a form that does not go with the method or is malformed, 501 for CONNECT.
    init(_ bytes: Span<UInt8>, _ range: Range<Int>, method: String) throws(HTTPFailure) {
        guard !range.isEmpty else { throw .badRequest("The request target is empty") }
        try Self.checkBytes(bytes, range)
        if method == "CONNECT" {
            // RFC 9112 §3.2.3: authority-form goes with CONNECT alone, and CONNECT with nothing else.
            guard HostField.isValid(bytes, range, allowsEmpty: false) else {
                throw .badRequest("The target of CONNECT is not an authority")
            }
            throw HTTPFailure(.notImplemented, "CONNECT is not supported")
        }
        var start = range.lowerBound
        if bytes[start] == UInt8(ascii: "*"), range.count == 1 {
            // RFC 9112 §3.2.4: asterisk-form goes with OPTIONS alone.
            guard method == "OPTIONS" else { throw .badRequest("The target * is for OPTIONS") }
            path = "*"
            query = nil
            return
        }
        if bytes[start] != UInt8(ascii: "/") { start = try Self.endOfAuthority(bytes, range) }
        var pathEnd = start
        while pathEnd < range.upperBound, bytes[pathEnd] != UInt8(ascii: "?") { pathEnd += 1 }
        path = start == pathEnd ? "/" : try PathNormalizer.normalize(bytes, start..<pathEnd)
        query = pathEnd < range.upperBound ? bytes.string(pathEnd + 1..<range.upperBound) : nil
    }

    /// RFC 3986 §2: a URI is of visible ASCII, `%` starts an escape, and a fragment is never sent (RFC 9110 §7.1).
    ///
    /// Marks that RFC 3986 leaves out, such as `|`, are let through: clients send them and they mean nothing here.
    private static func checkBytes(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPFailure) {
        for index in range {
            let byte = bytes[index]
            guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "#") else {
                throw .badRequest("The request target has a byte that may not stand there")
            }
            if byte == UInt8(ascii: "%"), PercentCoding.escape(bytes, index, range.upperBound) == nil {
                throw .badRequest("A % in the request target does not start an escape")
            }
        }
    }

    /// RFC 9112 §3.2.2: absolute-form has to be accepted; here of http and https, whose authority is not empty.
    private static func endOfAuthority(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPFailure) -> Int {
        for scheme in ["http://", "https://"] {
            let start = range.lowerBound + scheme.utf8.count
            guard start < range.upperBound, bytes.equalsIgnoringCase(range.lowerBound..<start, scheme.utf8) else {
                continue
            }
            var end = start
            while end < range.upperBound, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") { end += 1 }
            if HostField.isValid(bytes, start..<end, allowsEmpty: false) { return end }
        }
        throw .badRequest("The request target is not a path nor an absolute http URI")
    }
}
