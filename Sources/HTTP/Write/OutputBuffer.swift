// SPDX-License-Identifier: Apache-2.0

/// Answers on their way to one connection: bytes to be sent, and behind them at most one large body that is not copied,
/// in memory or in a file.
struct OutputBuffer {
    /// Bodies from this size on are not copied behind their head.
    static let largeBody = 16 << 10

    var bytes: [UInt8] = []
    var tail: [UInt8] = []
    /// Only without a `tail`.
    var file: HTTPFileSlice?
    /// The share of all that in the bytes that are held.
    var held: HeldAnswer?

    var count: Int { bytes.count + tail.count + (file?.range.count ?? 0) }
    var isEmpty: Bool { bytes.isEmpty && !hasTail }
    /// Whether nothing may be written any more before all this is sent.
    var hasTail: Bool { !tail.isEmpty || file != nil }

    /// Empties the buffer; what a burst made it grow to is given back.
    mutating func reset() {
        tail = []
        file = nil
        held = nil
        if bytes.capacity > 256 << 10 { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
    }

    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(decimal number: Int) {
        guard number >= 10 else {
            // 0 … 9, hence a byte.
            bytes.append(0x30 + UInt8(truncatingIfNeeded: number))
            return
        }
        append(decimal: number / 10)
        bytes.append(0x30 + UInt8(truncatingIfNeeded: number % 10))
    }
}
