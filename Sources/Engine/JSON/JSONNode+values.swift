// SPDX-License-Identifier: Apache-2.0

extension JSONNode {
    /// The bytes of a buffer that was decoded; nil for anything else.
    var buffer: ArraySlice<UInt8>? {
        guard document.tape.tag(at: index) == .bytes else { return nil }
        let reference = document.tape.reference(at: index)
        return document.bytes[reference.offset..<reference.offset + reference.length]
    }

    /// The integer that a number is.
    var integer: JSONInteger? {
        guard kind == .number else { return nil }
        return document.text.withByteView { JSONInteger(document.tape, index, $0) }
    }

    /// Whether two values of states are the same: members by name and order, doubles by their bits.
    func isSame(as other: JSONNode) -> Bool {
        let (tape, others) = (document.tape, other.document.tape)
        guard kind == other.kind else { return false }
        switch kind {
        case .null: return true
        case .boolean: return tape.tag(at: index) == others.tag(at: other.index)
        case .number:
            if let own = integer { return own == other.integer }
            return other.integer == nil && json() == other.json()
        case .string:
            if let own = buffer, let others = other.buffer { return own == others }
            return string == other.string
        case .array:
            guard tape.count(at: index) == others.count(at: other.index) else { return false }
            return allPairs(with: other) { $0.isSame(as: $1) }
        case .object:
            guard tape.count(at: index) == others.count(at: other.index) else { return false }
            return zip(members, other.members).allSatisfy { $0.name == $1.name && $0.value.isSame(as: $1.value) }
        }
    }
}
