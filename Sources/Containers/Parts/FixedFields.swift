// SPDX-License-Identifier: Apache-2.0

/// Integers at fixed places of a header that was read whole.
struct FixedFields {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// An integer, most significant byte first.
    func bigEndian<Value: FixedWidthInteger>(_ type: Value.Type, at offset: Int) -> Value {
        bytes[offset..<offset + Value.bitWidth / 8].reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    /// An integer, least significant byte first.
    func littleEndian<Value: FixedWidthInteger>(_ type: Value.Type, at offset: Int) -> Value {
        bigEndian(type, at: offset).byteSwapped
    }
}
