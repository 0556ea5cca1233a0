// SPDX-License-Identifier: Apache-2.0

/// The bytes that a text shows as `hexdump -C` does, each with its offset, in the order of the lines.
struct HexdumpBytes {
    private var bytes: [(offset: Int, value: UInt8)] = []
    /// Lines whose ASCII column is not that of their bytes.
    private var wrongLines: [String] = []

    init(_ text: [UInt8]) {
        for line in text.split(separator: UInt8(ascii: "\n")) {
            // Offset, two groups of eight bytes, and the ASCII between bars, of which the first is in column 60.
            let start = line.startIndex
            guard line.count > 61, line[start + 60] == UInt8(ascii: "|"),
                let offset = Int(String(decoding: line.prefix(8), as: UTF8.self), radix: 16)
            else { continue }
            for column in 0..<16 {
                let at = start + 10 + column * 3 + column / 8
                let ascii = line[start + 61 + column]
                guard let high = Self.digit(line[at]), let low = Self.digit(line[at + 1]) else {
                    if ascii != UInt8(ascii: "|") { wrongLines.append(String(decoding: line, as: UTF8.self)) }
                    break
                }
                let value = high << 4 | low
                bytes.append((offset + column, value))
                if ascii != ((0x20..<0x7f).contains(value) ? value : UInt8(ascii: ".")) {
                    wrongLines.append(String(decoding: line, as: UTF8.self))
                }
            }
        }
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    /// What is wrong with it as a dump of exactly the bytes in `ranges`, or of some bytes; nil: nothing.
    func problem(showing ranges: [Range<Int>]? = nil, of stream: [UInt8]) -> String? {
        if let line = wrongLines.first { return "the columns of \(line)" }
        var missing = Array(repeating: ranges == nil, count: stream.count)
        for range in ranges ?? [] {
            for offset in range { missing[offset] = true }
        }
        for (offset, value) in bytes {
            guard stream.indices.contains(offset), stream[offset] == value else {
                return "byte \(offset) is not \(value)"
            }
            guard missing[offset] else { return "byte \(offset) is shown twice, or should not be" }
            missing[offset] = false
        }
        return ranges == nil ? nil : missing.firstIndex(of: true).map { "byte \($0) is not shown" }
    }
}
