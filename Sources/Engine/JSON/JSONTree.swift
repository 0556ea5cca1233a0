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
    func isEqual(to other: JSONNode) -> Bool {
        guard kind == other.kind else { return false }
        switch kind {
        case .null: return true
        case .boolean: return bool == other.bool
        case .string: return isEqualString(other)
        case .number: return isEqualNumber(other)
        case .array:
            let (own, others) = (elements, other.elements)
            return own.count == others.count && zip(own, others).allSatisfy { $0.isEqual(to: $1) }
        case .object:
            let (own, others) = (members, other.members)
            guard own.count == others.count else { return false }
            // Most often the order is the same.
            if zip(own, others).allSatisfy({ $0.name == $1.name }) {
                return zip(own, others).allSatisfy { $0.value.isEqual(to: $1.value) }
            }
            let byName = Dictionary(others.map { ($0.name, $0.value) }) { first, _ in first }
            return own.allSatisfy { member in byName[member.name].map { member.value.isEqual(to: $0) } ?? false }
        }
    }

    /// Strings are hundreds of megabytes at times, and written in one way nearly always.
    private func isEqualString(_ other: JSONNode) -> Bool {
        let (tape, others) = (document.tape, other.document.tape)
        guard tape.tag(at: index) == .string, others.tag(at: other.index) == .string else {
            return string == other.string
        }
        let (own, theirs) = (tape.reference(at: index), others.reference(at: other.index))
        return document.text.withByteView { text in
            other.document.text.withByteView { otherText in
                text.matches(
                    own.offset..<own.offset + own.length,
                    otherText,
                    theirs.offset..<theirs.offset + theirs.length
                )
            }
        }
    }

    private func isEqualNumber(_ other: JSONNode) -> Bool {
        let own = document.text.withByteView { JSONInteger(document.tape, index, $0) }
        let others = other.document.text.withByteView { JSONInteger(other.document.tape, other.index, $0) }
        if let own, let others { return own == others }
        let texts = [json(), other.json()].map { Double(String(decoding: $0, as: UTF8.self)) }
        return texts[0] != nil && texts[0] == texts[1]
    }
}
