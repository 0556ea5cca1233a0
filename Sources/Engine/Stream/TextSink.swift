// SPDX-License-Identifier: Apache-2.0

/// Passes text on in pieces, so that a long one is never in memory as a whole.
struct TextSink {
    private static let piece = 64 << 10

    private let receive: ([UInt8]) throws(VMStateError) -> Void
    private var buffer: [UInt8] = []

    init(_ receive: @escaping ([UInt8]) throws(VMStateError) -> Void) {
        self.receive = receive
        buffer.reserveCapacity(Self.piece + 1024)
    }

    /// Adds a line.
    mutating func line(_ text: some StringProtocol) throws(VMStateError) {
        buffer += text.utf8
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.piece { try flush() }
    }

    /// Passes on what is left.
    mutating func flush() throws(VMStateError) {
        guard !buffer.isEmpty else { return }
        try receive(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}

extension String {
    /// The text with what a terminal would take for a command, line ends, and what turns the direction of text, written as
    /// `\u{…}`.
    var printable: String {
        func isControl(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.value {
            case 0..<0x20, 0x7f...0x9f, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: true
            default: false
            }
        }
        guard unicodeScalars.contains(where: isControl) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if isControl(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The text with spaces behind it up to a width.
    func padded(to width: Int) -> String {
        let count = utf8.count
        return count < width ? self + String(repeating: " ", count: width - count) : self
    }

    /// The text with spaces before it up to a width.
    func indented(to width: Int) -> String {
        let count = utf8.count
        return count < width ? String(repeating: " ", count: width - count) + self : self
    }
}
