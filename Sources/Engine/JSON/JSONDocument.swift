// SPDX-License-Identifier: Apache-2.0

/// One JSON value: what was read from a text, or what a decoder made of a stream.
///
/// Member order is kept. Numbers that were read keep their text; numbers that were decoded are exact integers or the bits of a
/// double. Buffers that were decoded refer to the stream and become hex or base64 when they are written.
public struct JSONDocument: Sendable {
    /// One object for all parts, so that passing a node on counts one reference.
    private final class Storage: Sendable {
        let text: [UInt8]
        let bytes: [UInt8]
        let tape: JSONTape
        let firstDuplicate: JSONError?

        init(_ text: [UInt8], _ bytes: [UInt8], _ tape: JSONTape, _ firstDuplicate: JSONError?) {
            self.text = text
            self.bytes = bytes
            self.tape = tape
            self.firstDuplicate = firstDuplicate
        }
    }

    private let storage: Storage

    /// What is done about a name that comes twice in an object, as it does in QEMU's vmdesc.
    public enum Duplicates: Sendable {
        /// It is an error.
        case refused
        /// The first such member is kept in `firstDuplicate`.
        case noted
        /// Names are not compared.
        case unchecked
    }

    /// What strings, numbers and names refer to, as JSON text.
    var text: [UInt8] { storage.text }
    /// What byte nodes refer to.
    var bytes: [UInt8] { storage.bytes }
    var tape: JSONTape { storage.tape }
    /// The first member whose name came before in its object; nil unless such members were to be noted.
    public var firstDuplicate: JSONError? { storage.firstDuplicate }

    init(text: [UInt8], bytes: [UInt8], tape: JSONTape) {
        storage = Storage(text, bytes, tape, nil)
    }

    /// Reads one JSON value from UTF-8 text.
    ///
    /// - Parameters:
    ///   - text: the whole text, below 4 GiB.
    ///   - maximumDepth: how many arrays and objects may be open at once.
    ///   - duplicates: whether a name may come twice in an object.
    /// - Throws: the first thing in the text that RFC 8259 does not allow.
    public init(
        parsing text: [UInt8],
        maximumDepth: Int = Limits.default.jsonDepth,
        duplicates: Duplicates = .refused
    ) throws(JSONError) {
        let (tape, duplicate) = try text.withByteView { (view) throws(JSONError) in
            var parser = JSONParser(view, maximumDepth: maximumDepth, duplicates: duplicates)
            try parser.parse()
            return (parser.tape, parser.firstDuplicate)
        }
        storage = Storage(text, [], tape, duplicate)
    }

    /// The value itself.
    public var root: JSONNode { JSONNode(document: self, index: 0) }
}
