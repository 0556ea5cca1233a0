// SPDX-License-Identifier: Apache-2.0

/// Collects the lines of one request head; all offsets count from the first byte of its request line.
struct HeadBuilder {
    /// Where the line begins that is looked at next.
    private(set) var lineStart = 0
    private let limits: ParserLimits
    private var requestLine: RequestLine?
    private var fieldsStart = 0
    private var lines: [HTTPHeaders.Line] = []
    private var framing = FramingFields()
    private var hasHost = false
    private var hasClose = false
    private var hasKeepAlive = false
    private var expectation = Expectation.none

    init(limits: ParserLimits) {
        self.limits = limits
    }

    /// Fails as soon as a line without an end, of which `count` bytes are there, is too long.
    func checkLimits(end count: Int) throws(HTTPFailure) {
        if requestLine == nil {
            // The target's own limit, and room for method and version.
            guard count <= limits.targetBytes + 64 else { throw .targetTooLong }
        } else {
            // RFC 6585 §5.
            guard count - fieldsStart <= limits.headerBytes else { throw .headerTooLarge }
        }
    }

    /// Takes the line whose LF is at `lineFeed`.
    ///
    /// - Returns: true at the empty line that ends the head.
    mutating func line(_ bytes: Span<UInt8>, lineFeed: Int) throws(HTTPFailure) -> Bool {
        try checkLimits(end: lineFeed)
        // RFC 9112 §2.2: a bare LF may be taken as the end of a line; not taking it leaves one reading only.
        guard lineFeed > lineStart, bytes[lineFeed - 1] == UInt8(ascii: "\r") else {
            throw .badRequest("A line ends in LF without CR")
        }
        let range = lineStart..<lineFeed - 1
        lineStart = lineFeed + 1
        guard requestLine != nil else {
            requestLine = try RequestLine(bytes, range, maximumTargetBytes: limits.targetBytes)
            fieldsStart = lineStart
            lines.reserveCapacity(16)
            return false
        }
        guard !range.isEmpty else { return true }
        let line = try FieldLine.parse(bytes, range)
        guard lines.count < limits.headerCount else { throw .headerTooLarge }
        lines.append(line)
        try note(bytes, line)
        return false
    }

    /// Remembers what the fields say that the connection itself lives by.
    private mutating func note(_ bytes: Span<UInt8>, _ line: HTTPHeaders.Line) throws(HTTPFailure) {
        let name = Int(line.name.lowerBound)..<Int(line.name.upperBound)
        let value = Int(line.value.lowerBound)..<Int(line.value.upperBound)
        switch name.count {
        case 4 where bytes.equalsIgnoringCase(name, "host".utf8):
            // RFC 9112 §3.2: 400 for a second or an invalid Host.
            guard !hasHost else { throw .badRequest("Host is given twice") }
            guard HostField.isValid(bytes, value, allowsEmpty: true) else { throw .badRequest("Host is invalid") }
            hasHost = true
        case 6 where bytes.equalsIgnoringCase(name, "expect".utf8):
            let isKnown = expectation != .unknown && bytes.equalsIgnoringCase(value, "100-continue".utf8)
            expectation = isKnown ? .continue100 : .unknown
        case 10 where bytes.equalsIgnoringCase(name, "connection".utf8):
            noteConnection(bytes, value)
        case 14 where bytes.equalsIgnoringCase(name, "content-length".utf8):
            try framing.contentLength(bytes, value)
        case 17 where bytes.equalsIgnoringCase(name, "transfer-encoding".utf8):
            try framing.transferEncoding(bytes, value)
        case 14 where bytes.equalsIgnoringCase(name, "content_length".utf8),
            17 where bytes.equalsIgnoringCase(name, "transfer_encoding".utf8):
            // RFC 9112 §11.2: others take `_` for `-`, as CGI does (RFC 3875 §4.1.18), and would see another framing.
            throw .badRequest("A field that frames the body is spelled with an underscore")
        default: break
        }
    }

    /// RFC 9110 §7.6.1: a list of options in any case.
    private mutating func noteConnection(_ bytes: Span<UInt8>, _ value: Range<Int>) {
        var start = value.lowerBound
        while start < value.upperBound {
            var end = start
            while end < value.upperBound, bytes[end] != UInt8(ascii: ",") { end += 1 }
            let option = bytes.trimmingWhitespace(start..<end)
            if bytes.equalsIgnoringCase(option, "close".utf8) { hasClose = true }
            if bytes.equalsIgnoringCase(option, "keep-alive".utf8) { hasKeepAlive = true }
            start = end + 1
        }
    }

    /// The head, from its bytes up to and with the empty line.
    func finish(_ bytes: [UInt8], peer: String) throws(HTTPFailure) -> HTTPRequestHead {
        guard let requestLine else { throw .badRequest("There is no request line") }
        let version = requestLine.version
        // RFC 9112 §3.2: HTTP/1.1 always has a Host.
        guard hasHost || version == .http10 else { throw .badRequest("Host is missing") }
        return HTTPRequestHead(
            method: requestLine.method,
            target: bytes.span.string(requestLine.target),
            path: requestLine.parsed.path,
            query: requestLine.parsed.query,
            version: version,
            headers: HTTPHeaders(bytes: bytes, lines: lines),
            peer: peer,
            framing: try framing.resolve(version),
            // RFC 9112 §9.3: close wins; HTTP/1.0 has to ask to be kept.
            isPersistent: !hasClose && (version == .http11 || hasKeepAlive),
            // RFC 9110 §10.1.1: 100-continue of an HTTP/1.0 client is ignored.
            expectation: version == .http10 && expectation == .continue100 ? .none : expectation
        )
    }
}
