// SPDX-License-Identifier: Apache-2.0

/// A member of the state: `num`, `regs.count`, `a[2].b`.
public struct MemberPath: Sendable, Hashable {
    /// One step of a path.
    enum Step: Sendable, Hashable {
        case name(String)
        case index(Int)
    }

    /// The path as it was written.
    ///
    /// QEMU's field names may contain dots and brackets themselves, so a member of exactly this name goes before the
    /// steps.
    public let text: String
    let steps: [Step]

    /// Splits at dots and indices; text that is no path is one name.
    public init(_ text: String) {
        self.text = text
        steps = Self.split(text) ?? [.name(text)]
    }

    /// Whether the path stands before another one in an order in which those with the same first steps stand together.
    func precedes(_ other: MemberPath) -> Bool {
        steps.lexicographicallyPrecedes(other.steps) { first, second in
            switch (first, second) {
            case (.name(let first), .name(let second)): first < second
            case (.index(let first), .index(let second)): first < second
            case (.name, .index): true
            case (.index, .name): false
            }
        }
    }

    private static func split(_ text: String) -> [Step]? {
        var steps: [Step] = []
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
            guard let name = pieces.first, !name.isEmpty else { return nil }
            steps.append(.name(String(name)))
            for piece in pieces.dropFirst() {
                guard piece.last == "]", let index = Int(piece.dropLast()), index >= 0 else { return nil }
                steps.append(.index(index))
            }
        }
        return steps
    }
}
