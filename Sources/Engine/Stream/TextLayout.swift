// SPDX-License-Identifier: Apache-2.0

/// The columns of a text: where something is, how long, of what type, and what it says; with a hex dump, its bytes before
/// them.
struct TextLayout {
    private static let sizeWidth = 10
    private static let typeWidth = 14

    let hasBytes: Bool
    private let digits: Int

    /// - Parameters:
    ///   - end: the greatest offset.
    ///   - hasBytes: whether the bytes stand beside the text.
    init(end: Int, hasBytes: Bool) {
        digits = max(8, String(max(end, 0), radix: 16).utf8.count)
        self.hasBytes = hasBytes
    }

    /// A line for something that lies in `range`.
    ///
    /// Further lines follow where the bytes need them.
    func line(
        at range: Range<Int>?,
        showsSize: Bool = true,
        type: String,
        depth: Int,
        _ text: String,
        bytes: ArraySlice<UInt8> = [],
        to sink: inout TextSink
    ) throws(VMStateError) {
        let size = showsSize ? range.map { String($0.count) } ?? "" : ""
        let right =
            size.indented(to: Self.sizeWidth) + "  " + type.printable.padded(to: Self.typeWidth) + "  "
            + String(repeating: "  ", count: depth) + text
        guard hasBytes else {
            let left = range.map { HexDump.offset($0.lowerBound, digits: digits) } ?? ""
            return try sink.line(Self.trimmed(left.padded(to: digits) + right))
        }
        var at = bytes.startIndex
        var offset = range?.lowerBound ?? 0
        var isFirst = true
        repeat {
            let count = min(16, bytes.endIndex - at)
            let left: String
            if count > 0 {
                left = HexDump.line(bytes[at..<at + count], at: offset, digits: digits)
            } else {
                let place = range.map { HexDump.offset($0.lowerBound, digits: digits) } ?? ""
                left = place.padded(to: HexDump.width(offsetDigits: digits))
            }
            try sink.line(Self.trimmed(isFirst ? left + right : left))
            isFirst = false
            at += count
            offset += count
        } while at < bytes.endIndex
    }

    private static func trimmed(_ line: String) -> Substring {
        var end = line.endIndex
        while end > line.startIndex, line[line.index(before: end)] == " " { end = line.index(before: end) }
        return line[..<end]
    }
}
