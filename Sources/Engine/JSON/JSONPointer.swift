// SPDX-License-Identifier: Apache-2.0

/// A place in a JSON document (RFC 6901).
public struct JSONPointer: Sendable, Hashable {
    /// The names and indices from the outermost value inwards; none: the whole document.
    public private(set) var tokens: [String]

    /// The whole document, or the place these tokens lead to.
    public init(_ tokens: [String] = []) {
        self.tokens = tokens
    }

    /// The place of a member or element below this one.
    public func appending(_ tokens: String...) -> JSONPointer {
        JSONPointer(self.tokens + tokens)
    }

    /// Puts a token in front, as a path that grows while an error travels outwards does.
    mutating func prepend(_ token: String) {
        tokens.insert(token, at: 0)
    }
}

extension JSONPointer: CustomStringConvertible {
    /// The RFC 6901 text: `/a/0/b~1c`.
    public var description: String {
        tokens.map { token in
            "/"
                + token.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
                .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
        }.joined()
    }
}
