// SPDX-License-Identifier: Apache-2.0

/// Where each value of a parsed document lies in its text.
///
/// The tape keeps the places of strings and numbers only; this walks the text once more, for documents that are changed in place.
struct JSONSpans {
    /// First byte and length of each node, by its index on the tape.
    private var starts: [Int]
    private var ends: [Int]

    /// - Parameter document: parsed from its own text.
    init(_ document: JSONDocument) {
        starts = Array(repeating: 0, count: document.tape.words.count)
        ends = starts
        var position = 0
        walk(document.root.index, document.tape, document.text, &position)
    }

    /// The text of a node, quotes and brackets included.
    subscript(node: JSONNode) -> Range<Int> { starts[node.index]..<ends[node.index] }

    /// The text of a member, from its name on.
    func member(_ value: JSONNode, key: Int) -> Range<Int> { starts[key]..<ends[value.index] }

    private mutating func walk(_ node: Int, _ tape: JSONTape, _ text: [UInt8], _ position: inout Int) {
        Self.skip(text, &position)
        starts[node] = position
        switch tape.tag(at: node) {
        case .string, .escapedString: position = tape.reference(at: node).offset + tape.reference(at: node).length + 1
        case .array, .object:
            position += 1
            var at = node + 2
            let end = tape.next(after: node)
            while at < end {
                walk(at, tape, text, &position)
                at = tape.next(after: at)
            }
            Self.skip(text, &position)
            position += 1
        default:
            while position < text.count, !Self.isBetween(text[position]), text[position] != UInt8(ascii: "]"),
                text[position] != UInt8(ascii: "}")
            {
                position += 1
            }
        }
        ends[node] = position
    }

    /// Goes over what stands between values.
    private static func skip(_ text: [UInt8], _ position: inout Int) {
        while position < text.count, isBetween(text[position]) { position += 1 }
    }

    private static func isBetween(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x09, 0x0a, 0x0d, UInt8(ascii: ","), UInt8(ascii: ":"): true
        default: false
        }
    }
}
