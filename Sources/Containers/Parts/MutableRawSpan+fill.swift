// SPDX-License-Identifier: Apache-2.0

extension MutableRawSpan {
    /// Copies the bytes of `source` in `range` to the start.
    mutating func fill(from source: [UInt8], _ range: Range<Int>) {
        precondition(range.count <= byteCount, "more bytes than there is room for")
        let part = source[range]
        unsafe withUnsafeMutableBytes { target in
            unsafe part.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
        }
    }

    /// Makes the first `count` bytes zero.
    mutating func fillWithZeros(_ count: Int) {
        precondition(count >= 0 && count <= byteCount, "more bytes than there is room for")
        unsafe withUnsafeMutableBytes { target in
            _ = unsafe UnsafeMutableRawBufferPointer(rebasing: target[..<count])
                .initializeMemory(as: UInt8.self, repeating: 0)
        }
    }
}
