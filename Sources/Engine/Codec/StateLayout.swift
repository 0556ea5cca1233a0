// SPDX-License-Identifier: Apache-2.0

/// Where the parts of a decoded state lie in its bytes, and of what type they are: a tree beside that of the state.
public struct StateLayout: Sendable {
    /// What a place is.
    enum Kind: Sendable {
        /// Only on the way to other places.
        case path
        /// A value with bytes of its own.
        case value
        /// An object or array: its range holds those of its parts.
        case container
        /// The object of a subsection; its range begins with the byte that announces it.
        case subsection
    }

    /// A step of a path.
    enum Token: Sendable, Hashable {
        case name(String)
        case index(Int)

        var text: String {
            switch self {
            case .name(let name): name
            case .index(let index): String(index)
            }
        }
    }

    /// A place; the first one is the state as a whole.
    struct Node: Sendable {
        let token: Token
        let parent: Int
        fileprivate(set) var kind: Kind
        fileprivate(set) var range: Range<Int>
        /// The vmdesc's word: `uint32`, `buffer`, `struct` …; of an array that of its elements.
        fileprivate(set) var type: String
        /// -1: none.
        fileprivate(set) var firstChild = -1
        fileprivate(set) var nextSibling = -1
        /// Whether a place that was read later has its path: the value is not in the state.
        fileprivate(set) var isReplaced = false

        var hasBytes: Bool { kind != .path }
    }

    let nodes: [Node]
    /// Whether a walk from the first to the last meets the bytes in their order.
    let isOrdered: Bool

    init(_ recorder: OffsetRecorder, names: [UInt8]) {
        var nodes: [Node] = []
        nodes.reserveCapacity(recorder.entries.count + 1)
        nodes.append(Node(token: .name(""), parent: -1, kind: .path, range: 0..<0, type: ""))
        var lastChild = [-1]
        lastChild.reserveCapacity(recorder.entries.count + 1)
        var known: [[Token: Int]] = recorder.hasRepeats ? [[:]] : []
        /// Where the node of each entry is.
        var places: [Int] = []
        places.reserveCapacity(recorder.entries.count)
        var texts: [Int: String] = [:]
        var isOrdered = !recorder.hasRepeats
        var end = 0
        for entry in recorder.entries {
            let parent = entry.parent < 0 ? 0 : places[entry.parent]
            let token: Token
            switch entry.token {
            case .index(let index): token = .index(index)
            case .text(let text): token = .name(text)
            case .key(let name):
                if let text = texts[name.plain.lowerBound] {
                    token = .name(text)
                } else {
                    let text = String(decoding: names[name.plain], as: UTF8.self)
                    texts[name.plain.lowerBound] = text
                    token = .name(text)
                }
            }
            let sibling = lastChild[parent]
            if sibling >= 0, nodes[sibling].token == token, nodes[sibling].absorb(entry) {
                places.append(sibling)
                continue
            }
            if recorder.hasRepeats, let same = known[parent][token] {
                if entry.kind == .path, nodes[same].kind == .path {
                    places.append(same)
                    continue
                }
                nodes[same].isReplaced = true
            } else if sibling >= 0, nodes[sibling].token == token {
                nodes[sibling].isReplaced = true
            }
            let place = nodes.count
            nodes.append(
                Node(token: token, parent: parent, kind: entry.kind, range: entry.range, type: entry.type)
            )
            if sibling < 0 {
                nodes[parent].firstChild = place
            } else {
                nodes[sibling].nextSibling = place
            }
            lastChild[parent] = place
            lastChild.append(-1)
            if recorder.hasRepeats {
                known[parent][token] = place
                known.append([:])
            }
            places.append(place)
            if entry.kind == .value {
                if entry.range.lowerBound < end { isOrdered = false }
                end = max(end, entry.range.upperBound)
            }
        }
        if isOrdered { Self.spread(&nodes) }
        self.nodes = nodes
        self.isOrdered = isOrdered
    }

    /// Gives what lies only on the way to others the range of these.
    private static func spread(_ nodes: inout [Node]) {
        for index in nodes.indices.dropFirst().reversed() where nodes[index].hasBytes {
            let parent = nodes[index].parent
            guard parent > 0 else { continue }
            switch nodes[parent].kind {
            case .path:
                nodes[parent].kind = .container
                nodes[parent].range = nodes[index].range
                nodes[parent].type = nodes[index].type
            case .container:
                nodes[parent].range = nodes[parent].range.spanning(nodes[index].range)
                if nodes[parent].isMarker { nodes[parent].type = nodes[index].type }
            case .value, .subsection: break
            }
        }
    }

    /// The values with their places, in the order in which they were read.
    var values: [(path: JSONPointer, range: Range<Int>)] {
        nodes.indices.filter { nodes[$0].kind == .value }.map { (path(of: $0), nodes[$0].range) }
    }

    /// Where a place is in the state.
    func path(of node: Int) -> JSONPointer {
        var tokens: [String] = []
        var at = node
        while at > 0 {
            tokens.append(nodes[at].token.text)
            at = nodes[at].parent
        }
        return JSONPointer(tokens.reversed())
    }

    /// Where the first part of an object or array begins that has bytes; nil: none has.
    func firstPart(of node: Int) -> Int? {
        var child = nodes[node].firstChild
        while child >= 0 {
            if nodes[child].hasBytes { return nodes[child].range.lowerBound }
            if let inner = firstPart(of: child) { return inner }
            child = nodes[child].nextSibling
        }
        return nil
    }
}

extension StateLayout.Node {
    /// Whether the type is that of a pointer's marker, and not that of what it points to.
    fileprivate var isMarker: Bool { type == "nullptr" || type == "ptr-marker" }

    /// Takes in a place of the same path that was read right behind this one: another part of one array, or the element
    /// behind the marker of its pointer.
    ///
    /// - Returns: false when it is no such place.
    fileprivate mutating func absorb(_ entry: OffsetRecorder.Entry) -> Bool {
        switch (kind, entry.kind) {
        case (_, .value), (_, .subsection), (.subsection, _): return false
        case (.value, .path): return false
        case (.value, .container) where !isMarker: return false
        case (_, .path): return true
        case (.path, .container):
            range = entry.range
            type = entry.type
        case (.container, .container), (.value, .container):
            range = range.spanning(entry.range)
            if isMarker { type = entry.type }
        }
        kind = .container
        return true
    }
}

extension Range<Int> {
    /// The range from the first to the last of both.
    fileprivate func spanning(_ other: Range) -> Range {
        Swift.min(lowerBound, other.lowerBound)..<Swift.max(upperBound, other.upperBound)
    }
}

/// Finds the places of an object's members or an array's elements; fastest in their order.
struct StateLayoutCursor {
    private let layout: StateLayout
    private let node: Int
    /// The child that is expected next; -1: none.
    private(set) var next: Int
    private var index: [StateLayout.Token: Int]?

    /// - Parameters:
    ///   - layout: the places.
    ///   - node: the object or array; nil: it has none.
    init?(_ layout: StateLayout?, _ node: Int?) {
        guard let layout, let node else { return nil }
        self.layout = layout
        self.node = node
        next = layout.nodes[node].firstChild
    }

    /// The place of a member or element.
    mutating func find(_ token: StateLayout.Token) -> Int? {
        if next >= 0, layout.nodes[next].token == token, !layout.nodes[next].isReplaced {
            defer { next = layout.nodes[next].nextSibling }
            return next
        }
        if index == nil {
            var all: [StateLayout.Token: Int] = [:]
            var child = layout.nodes[node].firstChild
            while child >= 0 {
                if !layout.nodes[child].isReplaced { all[layout.nodes[child].token] = child }
                child = layout.nodes[child].nextSibling
            }
            index = all
        }
        guard let found = index?[token] else { return nil }
        next = layout.nodes[found].nextSibling
        return found
    }
}
