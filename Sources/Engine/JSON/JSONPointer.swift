// SPDX-License-Identifier: Apache-2.0

/// A place in a JSON document (RFC 6901).
///
/// The places of a document share what they have in common, so that one more costs the same at any depth.
public struct JSONPointer: Sendable {
    private enum Token {
        case names([String])
        case name(String)
        case index(Int)
    }

    private final class Link: Sendable {
        let outer: Link?
        let token: Token

        init(_ outer: Link?, _ token: Token) {
            self.outer = outer
            self.token = token
        }
    }

    /// The innermost but for `index`; nil: the whole document.
    private var last: Link?
    /// The innermost where that is an index, as most are: it needs no link before something is appended; -1: none.
    private var index = -1

    /// The whole document, or the place these tokens lead to.
    public init(_ tokens: [String] = []) {
        last = tokens.isEmpty ? nil : Link(nil, .names(tokens))
    }

    /// The names and indices from the outermost value inwards; none: the whole document.
    public var tokens: [String] {
        var tokens = index < 0 ? [] : [String(index)]
        var link = last
        while let current = link {
            switch current.token {
            case .names(let names): tokens += names.reversed()
            case .name(let name): tokens.append(name)
            case .index(let index): tokens.append(String(index))
            }
            link = current.outer
        }
        tokens.reverse()
        return tokens
    }

    /// The place of a member below this one.
    public func appending(_ name: String) -> JSONPointer {
        var place = JSONPointer()
        place.last = Link(linked, .name(name))
        return place
    }

    /// The place of an element below this one.
    public func appending(_ index: Int) -> JSONPointer {
        var place = JSONPointer()
        place.last = linked
        place.index = index
        return place
    }

    private var linked: Link? { index < 0 ? last : Link(last, .index(index)) }
}

extension JSONPointer: Hashable {
    /// Whether both lead to the same place.
    public static func == (left: JSONPointer, right: JSONPointer) -> Bool {
        left.last === right.last && left.index == right.index || left.tokens == right.tokens
    }

    /// Hashes the tokens.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(tokens)
    }
}

extension JSONPointer: CustomStringConvertible {
    /// The RFC 6901 text: `/a/0/b~1c`.
    public var description: String {
        var text = ""
        for token in tokens {
            text += "/"
            guard token.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
                text += token
                continue
            }
            for scalar in token.unicodeScalars {
                switch scalar {
                case "~": text += "~0"
                case "/": text += "~1"
                default: text.unicodeScalars.append(scalar)
                }
            }
        }
        return text
    }
}
