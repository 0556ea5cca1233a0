// SPDX-License-Identifier: Apache-2.0

/// Writes JSON text: one line, no spaces, members in their order.
public struct JSONPrinter: Sendable {
    /// How values are shown for which JSON leaves a choice.
    public struct Options: Sendable, Hashable {
        /// Whether 64-bit integers are decimal strings (`?int64=string`), for readers that keep 53 bits only.
        public var int64AsString = false
        /// Whether buffers are `{"base64": "…"}` (`?bytes=base64`) instead of hex strings.
        public var bytesAsBase64 = false
        /// The most bytes that may come out.
        public var limit = Limits.default.outputBytes
        /// Whether a space follows each comma and colon, as QEMU prints its vmdesc.
        var isSpaced = false

        /// Numbers and hex.
        public init() {}
    }

    private let options: Options

    /// A printer with these options.
    public init(options: Options = Options()) {
        self.options = options
    }

    /// The text of one node; empty when it would pass the limit.
    public func print(_ node: JSONNode) -> [UInt8] {
        var buffer = ByteBuffer(capacity: 8 * node.document.tape.words.count + 64, limit: options.limit)
        print(node, to: &buffer)
        return buffer.isOverLimit ? [] : buffer.array()
    }

    func print(_ node: JSONNode, to buffer: inout ByteBuffer) {
        node.document.text.withByteView { text in
            node.document.bytes.withByteView { bytes in
                _ = print(node.document.tape, node.index, text, bytes, &buffer)
            }
        }
    }

    /// Writes the node at `index`.
    ///
    /// - Returns: the node behind it.
    private func print(
        _ tape: JSONTape,
        _ index: Int,
        _ text: ByteView,
        _ bytes: ByteView,
        _ buffer: inout ByteBuffer
    ) -> Int {
        switch tape.tag(at: index) {
        case .null: buffer.append("null")
        case .true: buffer.append("true")
        case .false: buffer.append("false")
        case .int: buffer.append(decimal: tape.int(at: index))
        case .int64, .uint64:
            if options.int64AsString { buffer.append(UInt8(ascii: "\"")) }
            if tape.tag(at: index) == .int64 {
                buffer.append(decimal: Int64(bitPattern: tape.words[index &+ 1]))
            } else {
                buffer.append(decimal: tape.words[index &+ 1])
            }
            if options.int64AsString { buffer.append(UInt8(ascii: "\"")) }
            return index &+ 2
        case .double:
            printDouble(bits: tape.words[index &+ 1], &buffer)
            return index &+ 2
        case .number:
            let reference = tape.reference(at: index)
            buffer.append(text, from: reference.offset, count: reference.length)
            return tape.next(after: index)
        case .string, .escapedString:
            printString(tape, index, text, &buffer)
            return tape.next(after: index)
        case .bytes:
            let reference = tape.reference(at: index)
            printBytes(bytes, reference.offset..<reference.offset &+ reference.length, &buffer)
            return tape.next(after: index)
        case .array:
            buffer.append(UInt8(ascii: "["))
            var at = index &+ 2
            for element in 0..<tape.count(at: index) {
                if element > 0 { separate(&buffer) }
                at = printValue(tape, at, text, bytes, &buffer)
            }
            buffer.append(UInt8(ascii: "]"))
            return at
        case .object:
            buffer.append(UInt8(ascii: "{"))
            var at = index &+ 2
            for member in 0..<tape.count(at: index) {
                if member > 0 { separate(&buffer) }
                printString(tape, at, text, &buffer)
                buffer.append(UInt8(ascii: ":"))
                if options.isSpaced { buffer.append(UInt8(ascii: " ")) }
                at = printValue(tape, tape.next(after: at), text, bytes, &buffer)
            }
            buffer.append(UInt8(ascii: "}"))
            return at
        }
        return index &+ 1
    }

    /// Writes an element or a member's value: integers, which most are, without the call that takes longer than they do.
    @inline(__always)
    private func printValue(
        _ tape: JSONTape,
        _ index: Int,
        _ text: ByteView,
        _ bytes: ByteView,
        _ buffer: inout ByteBuffer
    ) -> Int {
        switch tape.tag(at: index) {
        case .int:
            buffer.append(decimal: tape.int(at: index))
            return index &+ 1
        case .uint64 where !options.int64AsString:
            buffer.append(decimal: tape.words[index &+ 1])
            return index &+ 2
        default: return print(tape, index, text, bytes, &buffer)
        }
    }

    private func separate(_ buffer: inout ByteBuffer) {
        buffer.append(UInt8(ascii: ","))
        if options.isSpaced { buffer.append(UInt8(ascii: " ")) }
    }

    private func printString(_ tape: JSONTape, _ index: Int, _ text: ByteView, _ buffer: inout ByteBuffer) {
        let reference = tape.reference(at: index)
        buffer.append(UInt8(ascii: "\""))
        buffer.append(text, from: reference.offset, count: reference.length)
        buffer.append(UInt8(ascii: "\""))
    }

    private func printBytes(_ bytes: ByteView, _ range: Range<Int>, _ buffer: inout ByteBuffer) {
        if options.bytesAsBase64 {
            buffer.append("{\"base64\":\"")
            buffer.append(base64Of: bytes, range)
            buffer.append("\"}")
        } else {
            buffer.append(UInt8(ascii: "\""))
            buffer.append(hexOf: bytes, range)
            buffer.append(UInt8(ascii: "\""))
        }
    }

    /// The shortest number that reads back as the same bits; the bits themselves where JSON has no number: NaN, infinities and −0.
    private func printDouble(bits: UInt64, _ buffer: inout ByteBuffer) {
        let value = Double(bitPattern: bits)
        guard value.isFinite, bits != (-0.0).bitPattern else {
            let digits = String(bits, radix: 16)
            buffer.append("\"0x")
            buffer.append(repeating: UInt8(ascii: "0"), count: 16 - digits.utf8.count)
            buffer.append(contentsOf: Array(digits.utf8))
            return buffer.append(UInt8(ascii: "\""))
        }
        buffer.append(contentsOf: Array(value.description.utf8))
    }
}
