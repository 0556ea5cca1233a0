// SPDX-License-Identifier: Apache-2.0

/// The bounds that the parser keeps by itself.
struct ParserLimits: Sendable {
    var targetBytes = 8 << 10
    var headerBytes = 16 << 10
    var headerCount = 100
    /// RFC 9112 §2.2: empty lines before a request are to be ignored; a few of them.
    var emptyLines = 4
}

/// Turns the bytes of a connection into requests, however they are cut into pieces.
///
/// A head that lies in one piece of input is parsed where it lies; only the beginning of an unfinished one is kept.
struct RequestParser {
    enum Event {
        case needInput
        case head(HTTPRequestHead)
        /// A piece of the body, as a range of the input.
        case body(Range<Int>)
        case end
    }

    private enum State {
        case start(emptyLines: Int, sawReturn: Bool)
        case head(HeadBuilder)
        case fixed(remaining: Int)
        case chunked(ChunkedDecoder)
    }

    private let limits: ParserLimits
    private let peer: String
    private var state = State.start(emptyLines: 0, sawReturn: false)
    private var held: [UInt8] = []

    init(limits: ParserLimits, peer: String) {
        self.limits = limits
        self.peer = peer
    }

    /// Whether a request has begun and has not ended.
    var isInsideRequest: Bool {
        if case .start = state { return false }
        return true
    }

    /// Looks at the bytes from `position` on and moves it behind what was taken.
    ///
    /// - Throws: the failure to answer with; the parser is of no use afterwards.
    mutating func next(_ input: Span<UInt8>, _ position: inout Int) throws(HTTPFailure) -> Event {
        switch state {
        case .start(let emptyLines, let sawReturn):
            guard try skipEmptyLines(input, &position, emptyLines, sawReturn) else { return .needInput }
            return try parseHead(HeadBuilder(limits: limits), input, &position)
        case .head(let builder):
            return try parseHead(builder, input, &position)
        case .fixed(let remaining):
            return parseFixed(remaining, input, &position)
        case .chunked(var decoder):
            // The decoder's buffer is not to be copied: it must have one owner while it grows.
            state = .fixed(remaining: 0)
            switch try decoder.next(input, &position) {
            case .needInput:
                state = .chunked(decoder)
                return .needInput
            case .data(let range):
                state = .chunked(decoder)
                return .body(range)
            case .end:
                state = .start(emptyLines: 0, sawReturn: false)
                return .end
            }
        }
    }

    /// - Returns: whether a byte of a request line was found; `position` is then at it.
    private mutating func skipEmptyLines(
        _ input: Span<UInt8>,
        _ position: inout Int,
        _ emptyLines: Int,
        _ sawReturn: Bool
    ) throws(HTTPFailure) -> Bool {
        var emptyLines = emptyLines
        var sawReturn = sawReturn
        while position < input.count {
            let byte = input[position]
            if sawReturn {
                guard byte == UInt8(ascii: "\n") else { throw .badRequest("CR without LF before the request line") }
                emptyLines += 1
                guard emptyLines <= limits.emptyLines else {
                    throw .badRequest("There are too many empty lines before the request line")
                }
                sawReturn = false
            } else if byte == UInt8(ascii: "\r") {
                sawReturn = true
            } else {
                return true
            }
            position += 1
        }
        state = .start(emptyLines: emptyLines, sawReturn: sawReturn)
        return false
    }

    private mutating func parseHead(
        _ unfinished: HeadBuilder,
        _ input: Span<UInt8>,
        _ position: inout Int
    ) throws(HTTPFailure) -> Event {
        var builder = unfinished
        // The builder's arrays must have one owner while they grow.
        state = .fixed(remaining: 0)
        guard held.isEmpty else { return try parseHeldHead(&builder, input, &position) }
        let rest = input.extracting(position..<input.count)
        while let lineFeed = rest.firstLineFeed(from: builder.lineStart) {
            guard try builder.line(rest, lineFeed: lineFeed) else { continue }
            position += lineFeed + 1
            return try finish(builder, rest.array(0..<lineFeed + 1))
        }
        try builder.checkLimits(end: rest.count)
        rest.append(0..<rest.count, to: &held)
        position = input.count
        state = .head(builder)
        return .needInput
    }

    /// Goes on with a head whose beginning came with an earlier input.
    private mutating func parseHeldHead(
        _ builder: inout HeadBuilder,
        _ input: Span<UInt8>,
        _ position: inout Int
    ) throws(HTTPFailure) -> Event {
        while let lineFeed = input.firstLineFeed(from: position) {
            input.append(position..<lineFeed + 1, to: &held)
            position = lineFeed + 1
            guard try builder.line(held.span, lineFeed: held.count - 1) else { continue }
            let bytes = held
            held = []
            return try finish(builder, bytes)
        }
        try builder.checkLimits(end: held.count + input.count - position)
        input.append(position..<input.count, to: &held)
        position = input.count
        state = .head(builder)
        return .needInput
    }

    private mutating func finish(_ builder: HeadBuilder, _ bytes: [UInt8]) throws(HTTPFailure) -> Event {
        let head = try builder.finish(bytes, peer: peer)
        switch head.framing {
        case .none: state = .fixed(remaining: 0)
        case .length(let count): state = .fixed(remaining: count)
        case .chunked: state = .chunked(ChunkedDecoder(limits: limits))
        }
        return .head(head)
    }

    private mutating func parseFixed(_ remaining: Int, _ input: Span<UInt8>, _ position: inout Int) -> Event {
        guard remaining > 0 else {
            state = .start(emptyLines: 0, sawReturn: false)
            return .end
        }
        guard position < input.count else { return .needInput }
        let range = position..<position + min(remaining, input.count - position)
        position = range.upperBound
        state = .fixed(remaining: remaining - range.count)
        return .body(range)
    }
}
