// SPDX-License-Identifier: Apache-2.0

/// One header or trailer line.
enum FieldLine {
    /// Finds name and value of the line in `range`, which excludes its CR LF.
    ///
    /// - Throws: 400 for whatever RFC 9112 §5 does not allow.
    static func parse(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPFailure) -> HTTPHeaders.Line {
        var index = range.lowerBound
        // RFC 9112 §5.2: a line that starts with white space would continue the one before it (obs-fold);
        // RFC 9112 §2.2: after the request line it is what smugglers send.
        guard index < range.upperBound, !bytes[index].isWhitespace else {
            throw .badRequest("A header line starts with white space")
        }
        while index < range.upperBound, bytes[index].isToken { index += 1 }
        let name = range.lowerBound..<index
        // RFC 9112 §5.1: no white space between name and colon.
        guard index < range.upperBound, bytes[index] == UInt8(ascii: ":"), !name.isEmpty else {
            throw .badRequest("A header name is not a token followed by a colon")
        }
        let value = bytes.trimmingWhitespace(index + 1..<range.upperBound)
        // RFC 9110 §5.5: CR, LF and NUL are dangerous, other control bytes are not legal either.
        for index in value where !bytes[index].isFieldValue {
            throw .badRequest("A header value has a control byte")
        }
        return HTTPHeaders.Line(name: narrow(name), value: narrow(value))
    }

    /// Header bytes are bounded far below 2³², so nothing is clamped.
    private static func narrow(_ range: Range<Int>) -> Range<UInt32> {
        UInt32(clamping: range.lowerBound)..<UInt32(clamping: range.upperBound)
    }
}
