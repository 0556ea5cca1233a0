// SPDX-License-Identifier: Apache-2.0

/// Notes where the parts of a decoded state lie in the stream, and of what type they are.
struct OffsetRecorder {
    enum Token {
        case key(Program.Name)
        case index(Int)
        case text(String)
    }

    /// A place in the state that was entered, in the order of entering.
    struct Entry {
        let token: Token
        let parent: Int
        var kind = StateLayout.Kind.path
        var range = 0..<0
        var type = ""
    }

    /// How many places are noted: each takes some hundreds of bytes.
    static let maximumEntries = 1 << 21

    /// Whether there were more places than are noted.
    var isFull: Bool { entries.count > Self.maximumEntries }

    private(set) var entries: [Entry] = []
    private var current = -1
    /// Whether one place may have been entered more than once.
    private(set) var hasRepeats = false

    @inline(never)
    mutating func enter(key: Program.Name) { enter(.key(key)) }
    @inline(never)
    mutating func enter(index: Int) { enter(.index(index)) }
    @inline(never)
    mutating func enter(token: String) { enter(.text(token)) }

    private mutating func enter(_ token: Token) {
        entries.append(Entry(token: token, parent: current))
        current = entries.count - 1
    }

    /// How far the notes go.
    struct Mark {
        fileprivate let entries: Int
        fileprivate let current: Int
    }

    var mark: Mark { Mark(entries: entries.count, current: current) }

    /// Forgets what came behind a mark.
    mutating func rewind(_ mark: Mark) {
        entries.removeSubrange(mark.entries...)
        current = mark.current
    }

    @inline(never)
    mutating func leave() {
        guard current >= 0 else { return }
        let left = current
        current = entries[left].parent
        if left == entries.count - 1, entries[left].kind == .path { entries.removeLast() }
    }

    /// The current place is a value that takes these bytes.
    @inline(never)
    mutating func record(_ start: Int, _ end: Int, type: String = "") {
        note(start, end, type, .value)
    }

    /// The current place is an object or array whose parts lie in these bytes.
    @inline(never)
    mutating func record(container start: Int, _ end: Int, type: String, isSubsection: Bool = false) {
        note(start, end, type, isSubsection ? .subsection : .container)
    }

    private mutating func note(_ start: Int, _ end: Int, _ type: String, _ kind: StateLayout.Kind) {
        guard current >= 0 else { return }
        entries[current].kind = kind
        entries[current].range = start..<end
        entries[current].type = type
    }

    /// Places that are entered from here on may be some that were entered before.
    mutating func repeats() { hasRepeats = true }
}
