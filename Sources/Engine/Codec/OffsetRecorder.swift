// SPDX-License-Identifier: Apache-2.0

/// Notes where each leaf of a decoded state lies in the stream.
struct OffsetRecorder {
    /// A leaf: its place in the state, and its bytes.
    struct Leaf {
        let path: JSONPointer
        let range: Range<Int>
    }

    private enum Token {
        case key(Program.Name)
        case index(Int)
        case text(String)
    }

    private var tokens: [Token] = []
    private var found: [(tokens: [Token], range: Range<Int>)] = []

    @inline(never)
    mutating func enter(key: Program.Name) { tokens.append(.key(key)) }
    @inline(never)
    mutating func enter(index: Int) { tokens.append(.index(index)) }
    @inline(never)
    mutating func enter(token: String) { tokens.append(.text(token)) }
    @inline(never)
    mutating func leave() { tokens.removeLast() }

    @inline(never)
    mutating func record(_ start: Int, _ end: Int) {
        found.append((tokens, start..<end))
    }

    /// How far the notes go.
    struct Mark {
        fileprivate let tokens: Int
        fileprivate let found: Int
    }

    var mark: Mark { Mark(tokens: tokens.count, found: found.count) }

    /// Forgets what came behind a mark.
    mutating func rewind(_ mark: Mark) {
        tokens.removeSubrange(mark.tokens...)
        found.removeSubrange(mark.found...)
    }

    func leaves(names: [UInt8]) -> [Leaf] {
        found.map { tokens, range in
            Leaf(
                path: JSONPointer(
                    tokens.map { token in
                        switch token {
                        case .key(let name): String(decoding: names[name.plain], as: UTF8.self)
                        case .index(let index): String(index)
                        case .text(let text): text
                        }
                    }
                ),
                range: range
            )
        }
    }
}
