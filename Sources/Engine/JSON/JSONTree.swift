// SPDX-License-Identifier: Apache-2.0

/// A JSON value that can be changed.
///
/// Only what lies on the way to a change is taken apart; the rest stays as it was read.
enum JSONTree {
    case node(JSONNode)
    case array([JSONTree])
    case object([(name: String, value: JSONTree)])

    /// This value with its elements or members at hand.
    var expanded: JSONTree {
        guard case .node(let node) = self else { return self }
        switch node.kind {
        case .array: return .array(node.elements.map { .node($0) })
        case .object: return .object(node.members.map { ($0.name, .node($0.value)) })
        default: return self
        }
    }

    /// How deep a tree may be that is printed; copies of a value into itself make it deeper and deeper.
    private static let maximumDepth = 1024

    /// The text, within a limit that the caller's buffer has.
    ///
    /// - Returns: whether all of it was printed; otherwise it is too long or too deep.
    func print(to buffer: inout ByteBuffer, depth: Int = 0) -> Bool {
        guard depth < Self.maximumDepth, !buffer.isOverLimit else { return false }
        switch self {
        case .node(let node): JSONPrinter().print(node, to: &buffer)
        case .array(let elements):
            buffer.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { buffer.append(UInt8(ascii: ",")) }
                guard element.print(to: &buffer, depth: depth + 1) else { return false }
            }
            buffer.append(UInt8(ascii: "]"))
        case .object(let members):
            buffer.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { buffer.append(UInt8(ascii: ",")) }
                buffer.append(contentsOf: JSONObjectWriter.string(member.name))
                buffer.append(UInt8(ascii: ":"))
                guard member.value.print(to: &buffer, depth: depth + 1) else { return false }
            }
            buffer.append(UInt8(ascii: "}"))
        }
        return !buffer.isOverLimit
    }
}

extension JSONNode {
    /// Whether two values are equal by RFC 6902 §4.6: numbers by value, objects whatever the order of their members.
    ///
    /// - Parameters:
    ///   - other: the other value.
    ///   - tellsZeros: whether 0 and −0, which are equal, are told apart: a `float64` has both.
    /// - Returns: whether they are.
    func isEqual(to other: JSONNode, tellsZeros: Bool = false) -> Bool {
        guard kind == other.kind else { return false }
        switch kind {
        case .null: return true
        case .boolean: return bool == other.bool
        case .string: return isEqualString(other)
        case .number: return isEqualNumber(other, tellsZeros)
        case .array:
            return count == other.count
                && allPairs(with: other) { $0.isEqual(to: $1, tellsZeros: tellsZeros) }
        case .object:
            guard count == other.count else { return false }
            // Most often the order is the same.
            if let isEqual = isEqualInOrder(other, tellsZeros) { return isEqual }
            let byName = Dictionary(other.members.map { ($0.name, $0.value) }) { first, _ in first }
            return members.allSatisfy { member in
                byName[member.name].map { member.value.isEqual(to: $0, tellsZeros: tellsZeros) } ?? false
            }
        }
    }

    /// Whether something holds for all elements of two arrays, up to the end of the shorter one.
    ///
    /// Arrays have millions of elements, which are not collected.
    func allPairs(with other: JSONNode, _ holds: (JSONNode, JSONNode) -> Bool) -> Bool {
        var (own, others) = (index + 2, other.index + 2)
        for _ in 0..<min(count, other.count) {
            guard holds(JSONNode(document: document, index: own), JSONNode(document: other.document, index: others))
            else {
                return false
            }
            own = document.tape.next(after: own)
            others = other.document.tape.next(after: others)
        }
        return true
    }

    /// The same for objects with as many members; nil where their names do not come in the same order.
    private func isEqualInOrder(_ other: JSONNode, _ tellsZeros: Bool) -> Bool? {
        var (own, others) = (index + 2, other.index + 2)
        var isEqual = true
        for _ in 0..<count {
            let name = JSONNode(document: document, index: own)
            guard name.isEqualString(JSONNode(document: other.document, index: others)) else { return nil }
            own = document.tape.next(after: own)
            others = other.document.tape.next(after: others)
            isEqual =
                isEqual
                && JSONNode(document: document, index: own)
                    .isEqual(to: JSONNode(document: other.document, index: others), tellsZeros: tellsZeros)
            own = document.tape.next(after: own)
            others = other.document.tape.next(after: others)
        }
        return isEqual
    }

    /// Strings are hundreds of megabytes at times, and written in one way nearly always.
    private func isEqualString(_ other: JSONNode) -> Bool {
        guard document.tape.tag(at: index) == .string, other.document.tape.tag(at: other.index) == .string else {
            return string.map { Array($0.utf8) } == other.string.map { Array($0.utf8) }
        }
        return hasText(of: other)
    }

    /// Whether two strings or numbers are written with the same bytes.
    private func hasText(of other: JSONNode) -> Bool {
        let own = document.tape.reference(at: index)
        let others = other.document.tape.reference(at: other.index)
        return document.text.withByteView { text in
            other.document.text.withByteView { otherText in
                text.matches(
                    own.offset..<own.offset + own.length,
                    otherText,
                    others.offset..<others.offset + others.length
                )
            }
        }
    }

    private func isEqualNumber(_ other: JSONNode, _ tellsZeros: Bool) -> Bool {
        let tags = (document.tape.tag(at: index), other.document.tape.tag(at: other.index))
        if tags == (.number, .number), hasText(of: other) { return true }
        let own = document.text.withByteView { JSONInteger(document.tape, index, $0) }
        let others = other.document.text.withByteView { JSONInteger(other.document.tape, other.index, $0) }
        if let own, let others, !tellsZeros || own.magnitude != 0 { return own == others }
        let texts = (json(), other.json())
        guard let left = JSONDecimal(texts.0), let right = JSONDecimal(texts.1) else { return texts.0 == texts.1 }
        return left.isEqual(to: right, tellsZeros: tellsZeros)
    }
}
