// SPDX-License-Identifier: Apache-2.0

/// Sorts findings by their place.
///
/// Definitions come first, then the members of each object as QEMU's structures declare them, elements by index. At one place
/// errors come before warnings and warnings before notes.
struct FindingOrder {
    /// Members that have a place in the order; others come behind them by name.
    private static let members = [
        "definitions", "vmsd", "devices", "vmsd_name", "name", "version_id", "version", "minimum_version_id",
        "priority",
        "unmigratable", "early_setup", "needed", "fields", "Fields", "subsections", "Subsections", "field", "offset",
        "info", "flags", "field_exists", "num", "num_offset", "size", "size_offset", "start", "struct", "Description",
        "key_vmsd", "struct_version_id", "err_hint",
    ]

    private struct Key {
        let ranks: [Int]
        let finding: Finding
    }

    /// Names beyond this length have no place of their own: looking them up would cost more than it gives.
    private static let longestName = 1024

    private var ranks: [String: Int] = [:]
    /// The names that the caller chose: of definitions, of the device classes of a dump.
    private var names: [String: Int] = [:]

    init(_ document: VMStateDocument) {
        for (rank, member) in Self.members.enumerated() { ranks[member] = rank }
        for description in document.descriptions {
            let tokens = description.path.tokens
            let name =
                document.kind == .dump ? tokens.first : tokens.first == "definitions" ? tokens.dropFirst().first : nil
            if let name, name.utf8.count <= Self.longestName, names[name] == nil { names[name] = names.count }
        }
    }

    /// The findings in order, each once.
    func sorted(_ findings: [Finding]) -> [Finding] {
        let keys = findings.map { Key(ranks: ranks($0.path?.tokens ?? []), finding: $0) }.sorted(by: isBefore)
        var result: [Finding] = []
        for key in keys where result.last != key.finding { result.append(key.finding) }
        return result
    }

    private func ranks(_ tokens: [String]) -> [Int] {
        tokens.enumerated().map { depth, token in
            guard token.utf8.count <= Self.longestName else { return Self.members.count }
            let isName = depth == 0 || (depth == 1 && tokens[0] == "definitions")
            if isName, let rank = names[token] { return rank }
            return Int(token) ?? ranks[token] ?? Self.members.count
        }
    }

    private func isBefore(_ left: Key, _ right: Key) -> Bool {
        if left.ranks != right.ranks { return left.ranks.lexicographicallyPrecedes(right.ranks) }
        let (first, second) = (left.finding, right.finding)
        let (tokens, others) = (first.path?.tokens ?? [], second.path?.tokens ?? [])
        if tokens != others { return tokens.lexicographicallyPrecedes(others) }
        if first.severity != second.severity { return first.severity > second.severity }
        if first.rule != second.rule { return first.rule.description < second.rule.description }
        return first.message < second.message
    }
}
