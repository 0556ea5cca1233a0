// SPDX-License-Identifier: Apache-2.0

/// Compares two decoded states, field by field.
struct StateDiff {
    /// A state, and where its first byte is.
    struct Side {
        let state: JSONNode
        let layout: StateLayout?
        let base: Int

        init(_ decoded: VMStateCodec.Decoded, at base: Int) {
            state = decoded.state.root
            layout = decoded.layout
            self.base = base
        }

        func node(_ place: Int?) -> StateLayout.Node? {
            place.flatMap { layout?.nodes[$0] }
        }

        func offset(_ place: Int?) -> Int? {
            node(place).flatMap { $0.hasBytes ? base + $0.range.lowerBound : nil }
        }
    }

    /// A value of one side and its place.
    private struct Part {
        let node: JSONNode
        let place: Int?
    }

    private let a: Side
    private let b: Side
    private var path: [String] = []
    private var list: DifferenceList

    init(_ a: Side, _ b: Side, into list: consuming DifferenceList) {
        self.a = a
        self.b = b
        self.list = list
    }

    /// Compares everything; returns the list with what was found.
    consuming func run() -> DifferenceList {
        compare(
            Part(node: a.state, place: a.layout == nil ? nil : 0),
            Part(node: b.state, place: b.layout == nil ? nil : 0)
        )
        return list
    }

    private mutating func compare(_ left: Part, _ right: Part) {
        let types = (a.node(left.place)?.type ?? "", b.node(right.place)?.type ?? "")
        let isNull = left.node.kind == .null || right.node.kind == .null
        if !isNull, !types.0.isEmpty, !types.1.isEmpty, types.0 != types.1 {
            add(.type, left, right, .text(types.0), .text(types.1))
        }
        switch (left.node.kind, right.node.kind) {
        case (.object, .object): members(left, right)
        case (.array, .array): elements(left, right)
        default: values(left, right)
        }
    }

    // MARK: Objects and arrays

    private mutating func members(_ left: Part, _ right: Part) {
        var cursors = (StateLayoutCursor(a.layout, left.place), StateLayoutCursor(b.layout, right.place))
        let others = right.node.members
        var index: [String: Int] = [:]
        var used = Array(repeating: false, count: others.count)
        var next = 0
        for (name, value) in left.node.members {
            let own = Part(node: value, place: cursors.0?.find(.name(name)))
            var found: Int?
            if next < others.count, others[next].name == name {
                found = next
            } else {
                if index.isEmpty {
                    for (position, other) in others.enumerated() { index[other.name] = position }
                }
                found = index[name]
            }
            path.append(name)
            if let found {
                used[found] = true
                next = found + 1
                compare(own, Part(node: others[found].value, place: cursors.1?.find(.name(name))))
            } else {
                missing(own, nil)
            }
            path.removeLast()
        }
        for (position, other) in others.enumerated() where !used[position] {
            path.append(other.name)
            missing(nil, Part(node: other.value, place: cursors.1?.find(.name(other.name))))
            path.removeLast()
        }
    }

    private mutating func elements(_ left: Part, _ right: Part) {
        var cursors = (StateLayoutCursor(a.layout, left.place), StateLayoutCursor(b.layout, right.place))
        let (own, others) = (left.node.elements, right.node.elements)
        if own.count != others.count { add(.count, left, right, .integer(own.count), .integer(others.count)) }
        for index in 0..<max(own.count, others.count) {
            let token = StateLayout.Token.index(index)
            path.append(String(index))
            let first = index < own.count ? Part(node: own[index], place: cursors.0?.find(token)) : nil
            let second = index < others.count ? Part(node: others[index], place: cursors.1?.find(token)) : nil
            if let first, let second { compare(first, second) } else { missing(first, second) }
            path.removeLast()
        }
    }

    private mutating func missing(_ left: Part?, _ right: Part?) {
        let entry = left.map { a.node($0.place) } ?? b.node(right?.place)
        add(
            entry?.kind == .subsection ? .subsection : .field,
            left,
            right,
            left.map { .state($0.node) } ?? .absent,
            right.map { .state($0.node) } ?? .absent
        )
    }

    // MARK: Values

    private mutating func values(_ left: Part, _ right: Part) {
        if let own = left.node.buffer, let other = right.node.buffer {
            return buffers(left, right, own, other)
        }
        if let own = a.node(left.place), let other = b.node(right.place), own.type == other.type,
            own.kind == .value, other.kind == .value, own.range.count != other.range.count
        {
            add(.size, left, right, .integer(own.range.count), .integer(other.range.count))
        }
        if !left.node.isSame(as: right.node) { add(.value, left, right, .state(left.node), .state(right.node)) }
    }

    private mutating func buffers(
        _ left: Part,
        _ right: Part,
        _ own: ArraySlice<UInt8>,
        _ other: ArraySlice<UInt8>
    ) {
        guard let difference = BufferDifference(own, other) else { return }
        list.add(
            .buffer,
            path: path,
            type: a.node(left.place)?.type,
            .state(left.node),
            .state(right.node),
            at: (a.offset(left.place), b.offset(right.place)),
            first: difference.first,
            differing: difference.count
        )
    }

    private mutating func add(
        _ kind: StreamDifference.Kind,
        _ left: Part?,
        _ right: Part?,
        _ first: StreamDifference.Value,
        _ second: StreamDifference.Value
    ) {
        let type = (left.map { a.node($0.place) } ?? b.node(right?.place))?.type
        list.add(
            kind,
            path: path,
            type: type,
            first,
            second,
            at: (a.offset(left?.place), b.offset(right?.place))
        )
    }
}

/// Where two runs of bytes differ.
struct BufferDifference {
    /// The first byte that differs, or that only one has.
    let first: Int
    /// How many bytes differ, those that only one has included.
    let count: Int

    /// Nil when they are equal.
    init?(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) {
        guard a != b else { return nil }
        var first: Int?
        var count = 0
        for (index, pair) in zip(a, b).enumerated() where pair.0 != pair.1 {
            first = first ?? index
            count += 1
        }
        self.first = first ?? min(a.count, b.count)
        self.count = count + abs(a.count - b.count)
    }
}
