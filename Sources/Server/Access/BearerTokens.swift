// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The tokens of which a caller has to show one (RFC 6750).
public struct BearerTokens: Sendable {
    /// What is no token (RFC 6750 §2.1): the place says where it stands, never what it is.
    public struct Invalid: Error, Sendable, Hashable {
        /// The line, from 1; nil when there is no token at all.
        public let line: Int?
    }

    private var tokens: [[UInt8]]

    /// Tokens, one on each line, so that an old and a new one can hold at once.
    ///
    /// White space around them, empty lines and lines that begin with `#` do not count.
    ///
    /// - Throws: when a line is no token, or there is none.
    public init(_ text: [UInt8]) throws(Invalid) {
        var tokens: [[UInt8]] = []
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let token = Array(Self.trimmed(line))
            guard let first = token.first, first != UInt8(ascii: "#") else { continue }
            guard Self.isToken(token) else { throw Invalid(line: index + 1) }
            tokens.append(token)
        }
        guard !tokens.isEmpty else { throw Invalid(line: nil) }
        self.tokens = tokens
    }

    /// These tokens and others.
    public func with(_ others: BearerTokens) -> BearerTokens {
        var all = self
        all.tokens += others.tokens
        return all
    }

    /// Whether the text is one of them.
    ///
    /// Every token is compared to its end whatever the bytes before were: the time depends on the length of the text and
    /// on the number of tokens, not on how much of the text is right, nor on the length of a token.
    func contains(_ text: some Collection<UInt8>) -> Bool {
        let given = Array(text)
        var found: UInt8 = 0
        for token in tokens {
            var difference = UInt64(truncatingIfNeeded: given.count ^ token.count)
            for index in given.indices { difference |= UInt64(given[index] ^ token[index % token.count]) }
            // 1 for no difference, 0 for any, without a branch.
            found |= UInt8(truncatingIfNeeded: ((difference | (0 &- difference)) >> 63) ^ 1)
        }
        return found == 1
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0d }
        let start = line.drop(while: isBlank)
        return start.prefix(start.reversed().drop(while: isBlank).count)
    }

    /// `b64token` of RFC 6750 §2.1.
    private static func isToken(_ token: [UInt8]) -> Bool {
        let body = token.prefix { $0 != UInt8(ascii: "=") }
        return !body.isEmpty && token[body.count...].allSatisfy { $0 == UInt8(ascii: "=") }
            && body.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: "-._~+/".utf8.contains(byte)
                }
            }
    }
}

extension BearerTokens {
    /// The reason to refuse a request; nil for one that shows a token.
    func refusal(_ head: HTTPRequestHead) -> Problem? {
        let fields = head.headers.values("Authorization")
        let given = fields.compactMap(Self.credentials)
        if fields.count == 1, let token = given.first, contains(token.utf8) { return nil }
        var problem = Problem(.unauthorized, given.isEmpty ? "a bearer token is needed" : "the token is not valid")
        // RFC 6750 §3.1: without a token the challenge has no error.
        let error = given.isEmpty ? "" : ", error=\"invalid_token\""
        problem.headers.append(name: "WWW-Authenticate", value: "Bearer realm=\"qevm\"\(error)")
        return problem
    }

    /// What stands behind the scheme `Bearer`, which is named in any case (RFC 9110 §11.1).
    private static func credentials(_ field: String) -> Substring? {
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.first?.lowercased() == "bearer" else { return nil }
        return parts.count > 1 ? parts[1].drop { $0 == " " } : ""
    }
}
