// SPDX-License-Identifier: Apache-2.0

extension ByteBuffer {
    /// Appends the bytes that a node stands for: hex digits of either case, `{"base64": …}`, or bytes that were decoded.
    ///
    /// - Parameters:
    ///   - node: the value.
    ///   - tape: where it stands.
    ///   - text: what strings of the tape refer to.
    ///   - bytes: what byte nodes of the tape refer to.
    ///   - size: how many bytes it must be; nil: as many as there are.
    /// - Throws: `value-type-mismatch`, `value-out-of-range` for another length.
    mutating func append(
        buffer node: Int,
        of tape: JSONTape,
        text: ByteView,
        bytes: ByteView,
        size: Int?
    ) throws(VMStateError) {
        switch tape.tag(at: node) {
        case .bytes:
            let reference = tape.reference(at: node)
            try Self.checkLength(reference.length, size)
            append(bytes, from: reference.offset, count: reference.length)
        case .string: try append(hex: text, tape.textRange(at: node), size: size)
        case .escapedString:
            let digits = JSONText.unescaped(tape, node, text)
            try digits.withByteView { (view) throws(VMStateError) in
                try append(hex: view, 0..<digits.count, size: size)
            }
        case .object: try append(base64: node, of: tape, text: text, size: size)
        default:
            throw VMStateError(
                .valueTypeMismatch,
                expected: Self.shape,
                found: tape.describe(node, text)
            )
        }
    }

    private static var shape: String { "hexadecimal digits or {\"base64\": …}" }

    private mutating func append(hex text: ByteView, _ range: Range<Int>, size: Int?) throws(VMStateError) {
        if range.count % 2 == 0 { try Self.checkLength(range.count / 2, size) }
        guard let invalid = append(hexIn: text, range) else { return }
        throw VMStateError(
            .valueTypeMismatch,
            expected: "pairs of hexadecimal digits",
            found: invalid < range.upperBound
                ? "byte 0x\(String(text[invalid], radix: 16)) at character \(invalid - range.lowerBound)"
                : "\(range.count) digits"
        )
    }

    private mutating func append(
        base64 node: Int,
        of tape: JSONTape,
        text: ByteView,
        size: Int?
    ) throws(VMStateError) {
        let key = node + 2
        guard tape.count(at: node) == 1, JSONText.string(tape, key, text) == "base64" else {
            throw VMStateError(.valueTypeMismatch, expected: Self.shape, found: tape.describe(node, text))
        }
        let value = tape.next(after: key)
        switch tape.tag(at: value) {
        case .string: try append(base64: text, tape.textRange(at: value), size: size)
        case .escapedString:
            let characters = JSONText.unescaped(tape, value, text)
            try characters.withByteView { (view) throws(VMStateError) in
                try append(base64: view, 0..<characters.count, size: size)
            }
        default: throw VMStateError(.valueTypeMismatch, expected: Self.shape, found: tape.describe(value, text))
        }
    }

    private mutating func append(base64 text: ByteView, _ range: Range<Int>, size: Int?) throws(VMStateError) {
        let start = count
        if let invalid = append(base64In: text, range) {
            throw VMStateError(
                .valueTypeMismatch,
                expected: "base64 with padding",
                found: invalid < range.upperBound
                    ? "byte 0x\(String(text[invalid], radix: 16)) at character \(invalid - range.lowerBound)"
                    : "\(range.count) characters",
                statePath: JSONPointer(["base64"])
            )
        }
        if !isOverLimit { try Self.checkLength(count - start, size) }
    }

    private static func checkLength(_ length: Int, _ size: Int?) throws(VMStateError) {
        guard let size, length != size else { return }
        throw VMStateError(.valueOutOfRange, expected: "\(size) bytes", found: "\(length) bytes")
    }
}

extension JSONTape {
    /// Where the text of a string node lies.
    func textRange(at node: Int) -> Range<Int> {
        let reference = reference(at: node)
        return reference.offset..<reference.offset + reference.length
    }

    /// A value for a message: short ones as they are.
    func describe(_ node: Int, _ text: ByteView) -> String {
        switch tag(at: node) {
        case .null: return "null"
        case .true: return "true"
        case .false: return "false"
        case .array: return "an array of \(count(at: node))"
        case .object: return "an object"
        case .int, .int64, .uint64: return JSONInteger(self, node, text)?.description ?? "a number"
        case .double: return Double(bitPattern: words[node + 1]).description
        case .bytes: return "\(reference(at: node).length) bytes"
        case .number, .string, .escapedString:
            let isText = tag(at: node) != .number
            let value = JSONText.string(self, node, text)
            let shown = value.utf8.count > 40 ? String(value.prefix(40)) + "…" : value
            return isText ? "\"\(shown)\"" : shown
        }
    }
}
