// SPDX-License-Identifier: Apache-2.0

/// Values of a state as a person reads them.
enum ValueText {
    /// How many bytes of a buffer are shown.
    private static let shown = 16

    /// A value that is no object and no array.
    ///
    /// - Parameters:
    ///   - node: the value.
    ///   - type: the vmdesc's word for its type, if it is known.
    ///   - size: how many bytes it takes, if that is known.
    ///   - hasBytes: whether its bytes are shown beside it.
    /// - Returns: the text.
    static func text(_ node: JSONNode, type: String = "", size: Int? = nil, hasBytes: Bool = false) -> String {
        if let bytes = node.buffer { return text(bytes, hasBytes: hasBytes) }
        switch node.kind {
        case .null: return "NULL"
        case .number:
            guard let integer = node.integer else { break }
            if type == "timer", integer == JSONInteger(Int64(-1)) { return "not pending (-1)" }
            return text(integer, size: size)
        default: break
        }
        return String(decoding: node.json(), as: UTF8.self).printable
    }

    /// An integer in decimal, and in hex where that says more.
    static func text(_ integer: JSONInteger, size: Int?) -> String {
        guard integer.magnitude > 9 else { return integer.description }
        var bits = integer.isNegative ? 0 &- integer.magnitude : integer.magnitude
        if integer.isNegative, let size, (1..<8).contains(size) { bits &= 1 << UInt64(size * 8) - 1 }
        return "\(integer) (0x\(String(bits, radix: 16)))"
    }

    /// A buffer: its length and its first bytes.
    static func text(_ bytes: ArraySlice<UInt8>, hasBytes: Bool = false) -> String {
        let count = "(\(bytes.count) \(bytes.count == 1 ? "byte" : "bytes"))"
        guard let first = bytes.first, !hasBytes else { return count }
        if bytes.count > shown, bytes.allSatisfy({ $0 == first }) { return "\(count) all \(Hex.text([first]))" }
        if let string = string(in: bytes) { return "\(count) \"\(string)\"" }
        let start = bytes.prefix(shown).map { Hex.text([$0]) }.joined(separator: " ")
        return "\(count) \(start)\(bytes.count > shown ? " …" : "")"
    }

    /// The text of a buffer that holds at least four printable characters and then only zeros.
    private static func string(in bytes: ArraySlice<UInt8>) -> String? {
        let text = bytes.prefix { $0 != 0 }
        guard (4...64).contains(text.count), text.allSatisfy({ (0x20..<0x7f).contains($0) }),
            bytes.dropFirst(text.count).allSatisfy({ $0 == 0 })
        else { return nil }
        return String(decoding: text, as: UTF8.self)
    }
}
