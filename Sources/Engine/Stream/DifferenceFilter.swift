// SPDX-License-Identifier: Apache-2.0

/// What a comparison leaves out.
///
/// Patterns are
/// - `timer`: sections by idstr or VMSD name, and `configuration`, `commands`, `ram`;
/// - `/cpu_ticks_offset`: members of all sections and what is inside them, as a JSON Pointer in which `*` stands for one token and
///   `**` for any number;
/// - `timer:/cpu_ticks_offset`: the same in some sections only;
/// - `type:timer`: values of a type, by the vmdesc's word.
public struct DifferenceFilter: Sendable {
    private enum Pattern: Sendable {
        case section(String)
        case path(section: String?, tokens: [String])
        case type(String)
    }

    private let patterns: [Pattern]

    /// A filter of these patterns; none leaves out nothing.
    public init(_ patterns: [String] = []) {
        self.patterns = patterns.map { text in
            if text.hasPrefix("type:") { return .type(String(text.dropFirst(5))) }
            if text.hasPrefix("/") { return .path(section: nil, tokens: Self.tokens(text)) }
            let parts = Array(text.utf8)
            for index in parts.indices.dropLast()
            where parts[index] == UInt8(ascii: ":") && parts[index + 1] == UInt8(ascii: "/") {
                let section = String(decoding: parts[..<index], as: UTF8.self)
                let path = String(decoding: parts[(index + 1)...], as: UTF8.self)
                return .path(section: section, tokens: Self.tokens(path))
            }
            return .section(text)
        }
    }

    private static func tokens(_ path: String) -> [String] {
        // What is no pointer, as `/a~`, is taken as it is.
        JSONPointer(path)?.tokens
            ?? path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
    }

    /// Whether a section is left out as a whole.
    func excludes(section: String) -> Bool {
        patterns.contains { pattern in
            if case .section(let name) = pattern { return Self.names(section, name) }
            return false
        }
    }

    /// Whether a place in a section's state is left out.
    func excludes(section: String, path: [String], type: String?) -> Bool {
        patterns.contains { pattern in
            switch pattern {
            case .section(let name): Self.names(section, name)
            case .type(let name): name == type
            case .path(let name, let tokens):
                (name.map { Self.names(section, $0) } ?? true) && Self.matches(path, tokens)
            }
        }
    }

    private static func names(_ section: String, _ name: String) -> Bool {
        name == section || section.hasSuffix("/" + name)
    }

    /// Whether the path begins as the pattern says, with all readings of `**` at once.
    private static func matches(_ path: [String], _ pattern: [String]) -> Bool {
        /// How many tokens of the pattern may have been used.
        func closure(_ states: Set<Int>) -> Set<Int> {
            var states = states
            for state in pattern.indices where states.contains(state) && pattern[state] == "**" {
                states.insert(state + 1)
            }
            return states
        }
        var states = closure([0])
        if states.contains(pattern.count) { return true }
        for token in path {
            var next: Set<Int> = []
            for state in states where state < pattern.count {
                if pattern[state] == "**" { next.insert(state) }
                if pattern[state] == "*" || pattern[state] == token { next.insert(state + 1) }
            }
            states = closure(next)
            if states.contains(pattern.count) { return true }
        }
        return false
    }
}
