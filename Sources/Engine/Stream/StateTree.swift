// SPDX-License-Identifier: Apache-2.0

/// Prints a decoded state as a tree, a line for each value, with offset, size and type.
///
/// With bytes beside the lines, each byte of the state stands beside one of them: what belongs to no value, such as the byte
/// that announces an element of a queue, beside the object around it or on a line of its own.
struct StateTree {
    /// From how many equal elements on an array is folded.
    private static let foldedRun = 3

    private let layout: StateLayout?
    private let columns: TextLayout
    /// The bytes that the state was decoded from, and where the first one is.
    private let bytes: [UInt8]
    private let base: Int
    /// Up to where the bytes have been shown, when they are met in order.
    private var shown = 0
    /// The ranges that have been shown, when they are not.
    private var scattered: [Range<Int>] = []
    /// What stands before values that somebody has something to say about.
    private var notes: FindingQueue

    init(
        _ layout: StateLayout?,
        columns: TextLayout,
        bytes: [UInt8],
        at base: Int,
        notes: FindingQueue = FindingQueue([])
    ) {
        self.layout = layout
        self.columns = columns
        self.bytes = bytes
        self.base = base
        self.notes = notes
    }

    /// Prints the members of a state, and every byte.
    ///
    /// - Returns: the findings that are left.
    mutating func print(
        _ state: JSONNode,
        depth: Int,
        to sink: inout TextSink
    ) throws(VMStateError) -> FindingQueue {
        try members(of: state, at: layout == nil ? nil : 0, depth: depth, to: &sink)
        if columns.hasBytes { try rest(depth: depth, to: &sink) }
        return notes
    }

    // MARK: Objects and arrays

    private mutating func members(
        of object: JSONNode,
        at place: Int?,
        depth: Int,
        to sink: inout TextSink
    ) throws(VMStateError) {
        guard object.kind == .object else {
            return try print(object, "", at: place, depth: depth, to: &sink)
        }
        var cursor = StateLayoutCursor(layout, place)
        for (name, value) in object.members {
            let before = cursor?.next
            let found = cursor?.find(.name(name))
            if let before, let found, before < found {
                try absent(from: before, to: found, depth: depth, to: &sink)
            }
            try print(value, name.printable, at: found, depth: depth, to: &sink)
        }
        if let next = cursor?.next { try absent(from: next, to: -1, depth: depth, to: &sink) }
    }

    /// Fields that were read and are not in the state: unused bytes that are zero.
    private mutating func absent(
        from first: Int,
        to end: Int,
        depth: Int,
        to sink: inout TextSink
    ) throws(VMStateError) {
        guard let layout, layout.isOrdered else { return }
        var place = first
        while place >= 0, place != end {
            let node = layout.nodes[place]
            if node.type == "unused_buffer", !node.range.isEmpty {
                try line(
                    "\(node.token.text.printable): \(ValueText.text(bytes[node.range], hasBytes: columns.hasBytes))",
                    at: place,
                    own: node.range,
                    depth: depth,
                    to: &sink
                )
            }
            place = node.nextSibling
        }
    }

    private mutating func elements(
        of array: JSONNode,
        at place: Int?,
        depth: Int,
        to sink: inout TextSink
    ) throws(VMStateError) {
        let elements = array.elements
        var cursor = StateLayoutCursor(layout, place)
        let places = elements.indices.map { cursor?.find(.index($0)) }
        var index = 0
        while index < elements.count {
            var end = index + 1
            while end < elements.count, continues(places[end - 1], places[end]),
                elements[end].isSame(as: elements[index])
            {
                end += 1
            }
            let isFolded = end - index >= Self.foldedRun
            let isValue = elements[index].kind != .object && elements[index].kind != .array
            if !isFolded {
                end = index + 1
                try print(elements[index], "[\(index)]", at: places[index], depth: depth, to: &sink)
            } else if isValue {
                try folded(elements[index], index, end, places, depth: depth, to: &sink)
            } else {
                try print(elements[index], "[\(index)]", at: places[index], depth: depth, to: &sink)
                try folded(nil, index + 1, end, places, depth: depth, to: &sink)
            }
            index = end
        }
    }

    /// Whether an element lies right behind another and has its shape.
    private func continues(_ first: Int?, _ second: Int?) -> Bool {
        guard let layout, let first, let second else { return first == nil && second == nil }
        let (a, b) = (layout.nodes[first], layout.nodes[second])
        return a.hasBytes && b.hasBytes && a.type == b.type && a.range.count == b.range.count
            && a.range.upperBound == b.range.lowerBound && layout.isOrdered
    }

    /// Elements that are equal: the value of all, or for objects a reference to the one before.
    private mutating func folded(
        _ value: JSONNode?,
        _ first: Int,
        _ end: Int,
        _ places: [Int?],
        depth: Int,
        to sink: inout TextSink
    ) throws(VMStateError) {
        var range: Range<Int>?
        var element: StateLayout.Node?
        if let layout, let start = places[first], let last = places[end - 1] {
            range = layout.nodes[start].range.lowerBound..<layout.nodes[last].range.upperBound
            element = layout.nodes[start]
        }
        let text =
            value.map {
                ValueText.text(
                    $0,
                    type: element?.type ?? "",
                    size: element?.range.count,
                    hasBytes: columns.hasBytes
                )
            } ?? "as [\(first - 1)]"
        let label = end - first == 1 ? "[\(first)]" : "[\(first)..\(end - 1)]"
        try line(
            "\(label): \(text)",
            range: range,
            type: element?.type ?? "",
            own: range,
            depth: depth,
            to: &sink
        )
    }

    // MARK: One value

    private mutating func print(
        _ node: JSONNode,
        _ label: String,
        at place: Int?,
        depth: Int,
        to sink: inout TextSink
    ) throws(VMStateError) {
        let entry = place.flatMap { layout?.nodes[$0] }
        let separator = label.isEmpty ? "" : ": "
        switch node.kind {
        case .object:
            let own = own(place)
            try line(label + (label.isEmpty ? "" : ":"), at: place, own: own, depth: depth, to: &sink)
            try members(of: node, at: place, depth: depth + 1, to: &sink)
            try ending(place, depth: depth + 1, to: &sink)
        case .array:
            let count = node.elements.count
            let own = own(place)
            try line(
                "\(label)[\(count)]\(count == 0 ? "" : ":")",
                at: place,
                own: own,
                depth: depth,
                to: &sink
            )
            try elements(of: node, at: place, depth: depth + 1, to: &sink)
            try ending(place, depth: depth + 1, to: &sink)
        default:
            let text = ValueText.text(
                node,
                type: entry?.type ?? "",
                size: entry?.range.count,
                hasBytes: columns.hasBytes
            )
            try line(label + separator + text, at: place, own: entry?.range, depth: depth, to: &sink)
        }
    }

    /// The bytes of an object or array in front of its first part.
    private func own(_ place: Int?) -> Range<Int>? {
        guard let layout, let place, layout.nodes[place].hasBytes else { return nil }
        let range = layout.nodes[place].range
        guard let first = layout.firstPart(of: place) else { return range }
        return layout.isOrdered ? range.lowerBound..<max(first, range.lowerBound) : nil
    }

    /// The bytes of an object or array behind its last part.
    private mutating func ending(_ place: Int?, depth: Int, to sink: inout TextSink) throws(VMStateError) {
        guard columns.hasBytes, let layout, layout.isOrdered, let place, layout.nodes[place].hasBytes else { return }
        try gap(upTo: layout.nodes[place].range.upperBound, "(end)", depth: depth, to: &sink)
    }

    // MARK: Lines

    private mutating func line(
        _ text: String,
        at place: Int?,
        own: Range<Int>?,
        depth: Int,
        to sink: inout TextSink
    ) throws(VMStateError) {
        let entry = place.flatMap { layout?.nodes[$0] }
        try line(
            text,
            range: entry.flatMap { $0.hasBytes ? $0.range : nil },
            type: entry?.type ?? "",
            own: own,
            depth: depth,
            to: &sink
        )
    }

    private mutating func line(
        _ text: String,
        range: Range<Int>?,
        type: String,
        own: Range<Int>?,
        depth: Int,
        to sink: inout TextSink
    ) throws(VMStateError) {
        var beside: ArraySlice<UInt8> = []
        if columns.hasBytes, let own {
            if layout?.isOrdered == true {
                try gap(upTo: own.lowerBound, "(no field)", depth: depth, to: &sink)
                beside = bytes[min(max(own.lowerBound, shown), own.upperBound)..<own.upperBound]
                shown = max(shown, own.upperBound)
            } else {
                beside = bytes[own]
                scattered.append(own)
            }
        }
        try columns.line(
            at: range.map { $0.lowerBound + base..<$0.upperBound + base },
            type: type,
            depth: depth,
            text,
            bytes: beside,
            to: &sink
        )
        if let end = (own ?? range)?.upperBound {
            try notes.print(before: base + end, columns, depth: depth + 1, to: &sink)
        }
    }

    /// Bytes that belong to no field.
    private mutating func gap(
        upTo end: Int,
        _ text: String,
        depth: Int,
        to sink: inout TextSink
    ) throws(VMStateError) {
        guard shown < end else { return }
        try columns.line(
            at: shown + base..<end + base,
            type: "",
            depth: depth,
            text,
            bytes: bytes[shown..<end],
            to: &sink
        )
        shown = end
    }

    /// Every byte that has not been shown.
    private mutating func rest(depth: Int, to sink: inout TextSink) throws(VMStateError) {
        for range in scattered.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            try gap(upTo: range.lowerBound, "(no field)", depth: depth, to: &sink)
            shown = max(shown, range.upperBound)
        }
        try gap(upTo: bytes.count, "(no field)", depth: depth, to: &sink)
    }
}
