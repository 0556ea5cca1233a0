// SPDX-License-Identifier: Apache-2.0

/// Takes a chunked body apart (RFC 9112 §7.1), byte by byte where there is structure and in runs where there is data.
struct ChunkedDecoder {
    enum Event: Equatable {
        case needInput
        case data(Range<Int>)
        case end
    }

    private enum State {
        case size(digits: Int)
        case beforeExtension
        case chunkExtension(Quoting)
        case sizeLineFeed
        case data
        case dataReturn
        case dataLineFeed
        case trailer
    }

    /// Where in a quoted string (RFC 9110 §5.6.4) an extension is.
    private enum Quoting {
        case outside, inside, escaped

        mutating func pass(_ byte: UInt8) {
            switch self {
            case .outside: if byte == UInt8(ascii: "\"") { self = .inside }
            case .inside where byte == UInt8(ascii: "\""): self = .outside
            case .inside where byte == UInt8(ascii: "\\"): self = .escaped
            case .inside: break
            case .escaped: self = .inside
            }
        }
    }

    /// Bytes of one chunk's size line; extensions mean nothing here and are read over.
    static let maximumSizeLineBytes = 256

    private var state = State.size(digits: 0)
    private var remaining = 0
    private var lineBytes = 0
    private var trailer: [UInt8] = []
    private var trailerCount = 0
    private var trailerBytes = 0
    private let limits: ParserLimits

    init(limits: ParserLimits) {
        self.limits = limits
    }

    /// Looks at the bytes from `position` on and moves it behind what was taken.
    mutating func next(_ input: Span<UInt8>, _ position: inout Int) throws(HTTPFailure) -> Event {
        while position < input.count {
            if case .data = state {
                let end = position + min(remaining, input.count - position)
                defer { position = end }
                remaining -= end - position
                if remaining == 0 { state = .dataReturn }
                return .data(position..<end)
            }
            let byte = input[position]
            position += 1
            if case .trailer = state {
                if try takeTrailer(byte) { return .end }
            } else {
                try takeStructure(byte)
            }
        }
        return .needInput
    }

    private mutating func takeStructure(_ byte: UInt8) throws(HTTPFailure) {
        lineBytes += 1
        guard lineBytes <= Self.maximumSizeLineBytes else { throw .badRequest("The line of a chunk size is too long") }
        switch state {
        case .size(let digits):
            if let digit = byte.hexValue {
                // RFC 9112 §7.1: recipients have to guard against overflow.
                guard remaining <= Int.max >> 4 else { throw .badRequest("A chunk size is too large a number") }
                remaining = remaining << 4 | Int(digit)
                state = .size(digits: digits + 1)
            } else {
                guard digits > 0 else { throw .badRequest("A chunk size is not a hexadecimal number") }
                try endSize(byte, afterWhitespace: false)
            }
        case .beforeExtension:
            try endSize(byte, afterWhitespace: true)
        case .chunkExtension(var quoting):
            // RFC 9112 §7.1.1: unknown extensions are ignored, but they end with their line.
            if byte == UInt8(ascii: "\r") {
                guard quoting == .outside else { throw .badRequest("A quoted string does not end with its line") }
                state = .sizeLineFeed
            } else if byte.isFieldValue {
                quoting.pass(byte)
                state = .chunkExtension(quoting)
            } else {
                throw .badRequest("A chunk extension has a control byte")
            }
        case .sizeLineFeed:
            guard byte == UInt8(ascii: "\n") else { throw .badRequest("A chunk size does not end in CR LF") }
            state = remaining == 0 ? .trailer : .data
        case .dataReturn:
            guard byte == UInt8(ascii: "\r") else { throw .badRequest("A chunk does not end in CR LF") }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == UInt8(ascii: "\n") else { throw .badRequest("A chunk does not end in CR LF") }
            lineBytes = 0
            state = .size(digits: 0)
        case .data, .trailer: break
        }
    }

    /// What may follow a size: CR LF, or an extension after `;` and bad white space (RFC 9112 §7.1.1).
    private mutating func endSize(_ byte: UInt8, afterWhitespace: Bool) throws(HTTPFailure) {
        if byte == UInt8(ascii: ";") {
            state = .chunkExtension(.outside)
        } else if byte.isWhitespace {
            state = .beforeExtension
        } else if byte == UInt8(ascii: "\r"), !afterWhitespace {
            state = .sizeLineFeed
        } else {
            throw .badRequest("A chunk size is not a hexadecimal number")
        }
    }

    /// RFC 9112 §7.1.2: trailers are checked as headers are, then dropped; so none can take the place of a header, as
    /// RFC 9110 §6.5.1 forbids those that frame or route.
    private mutating func takeTrailer(_ byte: UInt8) throws(HTTPFailure) -> Bool {
        trailerBytes += 1
        guard trailerBytes <= limits.headerBytes else { throw .headerTooLarge }
        trailer.append(byte)
        guard byte == UInt8(ascii: "\n") else { return false }
        guard trailer.count > 1, trailer[trailer.count - 2] == UInt8(ascii: "\r") else {
            throw .badRequest("A line ends in LF without CR")
        }
        guard trailer.count > 2 else { return true }
        _ = try FieldLine.parse(trailer.span, 0..<trailer.count - 2)
        trailerCount += 1
        guard trailerCount <= limits.headerCount else { throw .headerTooLarge }
        trailer.removeAll(keepingCapacity: true)
        return false
    }
}
