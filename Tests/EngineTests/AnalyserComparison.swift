// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport

/// Compares a decoded stream with the output of QEMU's `analyze-migration.py -d state`, leaf by leaf.
///
/// What is known of the analyser: equal checks are shown signed, infos that it does not know as bytes, a queue or tmp as its
/// bytes, unused bytes always, fields of one name as a list.
struct AnalyserComparison {
    private(set) var differences: [String] = []
    /// How many of the analyser's leaves were compared.
    private(set) var leaves = 0
    private let bytes: [UInt8]
    private let stream: MigrationStream
    /// Where the leaves of the section at hand lie, when that was needed.
    private var ranges: [(path: String, range: Range<Int>)]?
    private var section = 0

    init(stream bytes: [UInt8], decoded: MigrationStream) {
        self.bytes = bytes
        stream = decoded
    }

    mutating func compare(_ document: JSONNode, _ state: JSONNode) {
        let sections = document["sections"]?.elements ?? []
        var order: [String] = []
        var states: [String: (index: Int, node: JSONNode)] = [:]
        for (index, section) in sections.enumerated() {
            let key = "\(section["idstr"]?.string ?? "") (\(section["section_id"]?.int ?? -1))"
            if states[key] == nil { order.append(key) }
            states[key] = (index, section)
        }
        let members = state.members
        if members.map(\.name) != order { note("sections", "\(order)", "\(members.map(\.name))") }
        for (key, expected) in members {
            guard let (index, node) = states[key] else { continue }
            section = index
            ranges = nil
            if key.hasPrefix("ram (") {
                compareBlocks(document, expected)
            } else if let state = node["state"] {
                compare(state, expected, "", key)
            } else if expected.string != "" {
                note(key, "no state", "a state")
            }
        }
    }

    private mutating func compareBlocks(_ document: JSONNode, _ expected: JSONNode) {
        let blocks = document["ram"]?["blocks"]?.elements ?? []
        let sizes = expected["section sizes"]?.members ?? []
        if blocks.map({ $0["idstr"]?.string }) != sizes.map(\.name) {
            note("ram", "\(blocks.count) blocks", "\(sizes.count)")
        }
        for (block, size) in zip(blocks, sizes) {
            leaves += 1
            if block["size"]?.int != Int(size.value.string?.dropFirst(2) ?? "", radix: 16) {
                note(size.name, "size", "")
            }
        }
    }

    private mutating func note(_ place: String, _ found: String, _ expected: String) {
        guard differences.count < 20 else { return }
        differences.append("\(place): \(found.prefix(80)), the analyser has \(expected.prefix(80))")
    }

    // MARK: Nodes

    private mutating func compare(_ node: JSONNode, _ expected: JSONNode, _ path: String, _ key: String) {
        switch expected.kind {
        case .object:
            guard node.kind == .object else { return note(key + path, node.kind.rawValue, "an object") }
            let own = Dictionary(node.members.map { ($0.name, $0.value) }) { $1 }
            var used = 0
            for (name, value) in expected.members {
                if let member = own[name] {
                    used += 1
                    compare(member, value, "\(path)/\(Self.escape(name))", key)
                } else {
                    used += compareNumbered(own, name, value, path, key)
                }
            }
            if used != own.count {
                note(key + path, "\(own.count) members", "\(used): \(expected.members.map(\.name))")
            }
        case .array:
            guard node.kind == .array else { return note(key + path, node.kind.rawValue, "an array") }
            let elements = node.elements
            let others = expected.elements
            if elements.count != others.count { note(key + path, "\(elements.count)", "\(others.count) elements") }
            // Of a long array some: a build without optimisation takes seconds for a hundred thousand.
            let step = elements.count > 4096 ? 61 : 1
            for (index, pair) in zip(elements, others).enumerated() where index % step == 0 {
                compare(pair.0, pair.1, "\(path)/\(index)", key)
            }
        case .boolean:
            leaves += 1
            if node.bool != expected.bool { note(key + path, text(node), text(expected)) }
        case .string: compareLeaf(node, expected.string ?? "", path, key)
        default: note(key + path, node.kind.rawValue, expected.kind.rawValue)
        }
    }

    /// Fields of one name, which are numbered here and a list there; and unused bytes, which are left out here.
    ///
    /// - Returns: how many members there are here.
    private mutating func compareNumbered(
        _ own: [String: JSONNode],
        _ name: String,
        _ value: JSONNode,
        _ path: String,
        _ key: String
    ) -> Int {
        var parts: [(path: String, node: JSONNode)] = []
        var count = 0
        while let node = own["\(name)[\(count)]"] {
            let place = "\(path)/\(Self.escape(name))[\(count)]"
            if node.kind == .array, value.kind == .array {
                parts += node.elements.enumerated().map { ("\(place)/\($0.offset)", $0.element) }
            } else {
                parts.append((place, node))
            }
            count += 1
        }
        if parts.isEmpty, Self.isZero(value) { return 0 }
        let others = value.kind == .array ? value.elements.flatMap { $0.kind == .array ? $0.elements : [$0] } : [value]
        if parts.count != others.count { note("\(key)\(path)/\(name)", "\(parts.count)", "\(others.count) elements") }
        for (part, other) in zip(parts, others) { compare(part.node, other, part.path, key) }
        return count
    }

    private static func isZero(_ node: JSONNode) -> Bool {
        if node.kind == .array { return node.elements.allSatisfy(isZero) }
        return node.string?.utf8.allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: " ") } == true
    }

    private static func escape(_ name: String) -> String {
        name.replacing("~", with: "~0").replacing("/", with: "~1")
    }

    private func text(_ node: JSONNode) -> String { String(decoding: node.json(), as: UTF8.self) }

    // MARK: Leaves

    private mutating func compareLeaf(_ node: JSONNode, _ expected: String, _ path: String, _ key: String) {
        leaves += 1
        let isRight: Bool
        if expected.hasPrefix("0x") {
            isRight = isNumber(node, expected)
        } else {
            isRight = isBytes(node, expected, path)
        }
        if !isRight { note(key + path, text(node), expected) }
    }

    private func isNumber(_ node: JSONNode, _ expected: String) -> Bool {
        let words = expected.split(separator: " ")
        let digits = words[0].dropFirst(2)
        guard node.kind == .number, let bits = UInt64(digits, radix: 16) else { return false }
        let own = text(node)
        if own.hasPrefix("-") {
            // The same number, and shown as negative there too.
            return words.count == 2 && words[1] == "(\(own))"
        }
        // The analyser shows the unsigned equal checks signed.
        return UInt64(own) == bits
    }

    /// The bytes of an info that the analyser does not know.
    private mutating func isBytes(_ node: JSONNode, _ expected: String, _ path: String) -> Bool {
        let digits = expected.filter { $0 != " " }
        let width = digits.utf8.count / 2
        switch node.kind {
        case .string: return node.string == digits
        case .null: return digits == "30"
        case .boolean: return node.bool == true ? digits != "00" && digits != "30" : digits == "00"
        case .number:
            guard width <= 8, let bits = UInt64(digits, radix: 16) else { return false }
            let own = text(node)
            if let value = Int64(own) {
                let mask = width == 8 ? UInt64.max : 1 << UInt64(8 * width) - 1
                return UInt64(bitPattern: value) & mask == bits
            }
            return UInt64(own) == bits || Double(own)?.bitPattern == bits
        case .array, .object:
            // Here it is taken apart: its leaves lie in these bytes, without a gap but for markers and names.
            guard let bytes = try? hexadecimal(digits) else { return false }
            return lies(in: bytes, path)
        }
    }

    /// Whether the leaves at `path` lie in bytes that the stream has around them.
    private mutating func lies(in expected: [UInt8], _ path: String) -> Bool {
        let prefix = "/sections/\(section)/state\(path)/"
        if ranges == nil { ranges = offsets() }
        let inside = ranges?.filter { $0.path.hasPrefix(prefix) }.map(\.range) ?? []
        guard let low = inside.map(\.lowerBound).min(), let high = inside.map(\.upperBound).max() else {
            // An empty queue is its end mark; an empty tmp nothing.
            return expected.isEmpty || expected == [0] || expected.allSatisfy { $0 == 0 }
        }
        // A mark may come before the first leaf, another behind the last.
        for start in max(0, low - expected.count)...low
        where start + expected.count >= high && Array(bytes[start..<start + expected.count]) == expected {
            return true
        }
        return false
    }

    private func offsets() -> [(path: String, range: Range<Int>)] {
        var options = StreamDocument.Options()
        options.answer.recordsOffsets = true
        guard let text = try? StreamDocument(stream, options).json().text,
            let node = try? JSONDocument(parsing: text).root
        else { return [] }
        let prefix = "/sections/\(section)/"
        return (node["offsets"]?.elements ?? []).compactMap { leaf in
            guard let path = leaf["path"]?.string, path.hasPrefix(prefix), let offset = leaf["offset"]?.int,
                let size = leaf["size"]?.int
            else { return nil }
            return (path, offset..<offset + size)
        }
    }
}
