// SPDX-License-Identifier: Apache-2.0

/// One JSON value: what was read from a text, or what a decoder made of a stream.
///
/// Member order is kept. Numbers that were read keep their text; numbers that were decoded are exact integers or the bits of a
/// double. Buffers that were decoded refer to the stream and become hex or base64 when they are written.
public struct JSONDocument: Sendable {
    /// What strings, numbers and names refer to, as JSON text.
    let text: [UInt8]
    /// What byte nodes refer to.
    let bytes: [UInt8]
    let tape: JSONTape
    /// The first member whose name came before in its object; nil unless such members were allowed.
    public let firstDuplicate: JSONError?

    init(text: [UInt8], bytes: [UInt8], tape: JSONTape) {
        self.text = text
        self.bytes = bytes
        self.tape = tape
        firstDuplicate = nil
    }

    /// Reads one JSON value from UTF-8 text.
    ///
    /// - Parameters:
    ///   - text: the whole text, below 4 GiB.
    ///   - maximumDepth: how many arrays and objects may be open at once.
    ///   - allowsDuplicates: whether a name may come twice in an object, as it does in QEMU's vmdesc; the first such member
    ///     is then noted in `firstDuplicate`.
    /// - Throws: the first thing in the text that RFC 8259 does not allow.
    public init(
        parsing text: [UInt8],
        maximumDepth: Int = Limits.default.jsonDepth,
        allowsDuplicates: Bool = false
    ) throws(JSONError) {
        let (tape, duplicate) = try text.withByteView { (view) throws(JSONError) in
            var parser = JSONParser(view, maximumDepth: maximumDepth, allowsDuplicates: allowsDuplicates)
            try parser.parse()
            return (parser.tape, parser.firstDuplicate)
        }
        self.text = text
        bytes = []
        self.tape = tape
        firstDuplicate = duplicate
    }

    /// The value itself.
    public var root: JSONNode { JSONNode(document: self, index: 0) }
}
