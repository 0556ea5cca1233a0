// SPDX-License-Identifier: Apache-2.0

/// What a window on a stream does with its buffer.
extension [UInt8] {
    /// An integer as QEMU writes it, most significant byte first.
    @inline(__always)
    func bigEndian32(at index: Int) -> UInt32 {
        precondition(index >= 0 && index <= count &- 4, "integer outside the window")
        return unsafe withUnsafeBytes {
            unsafe UInt32(bigEndian: $0.loadUnaligned(fromByteOffset: index, as: UInt32.self))
        }
    }

    /// An integer as QEMU writes it, most significant byte first.
    @inline(__always)
    func bigEndian64(at index: Int) -> UInt64 {
        precondition(index >= 0 && index <= count &- 8, "integer outside the window")
        return unsafe withUnsafeBytes {
            unsafe UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        }
    }

    /// Moves `count` bytes from `start` to the front.
    mutating func withUnsafeMove(from start: Int, count length: Int) {
        precondition(start >= 0 && length >= 0 && start <= count &- length, "bytes outside the window")
        unsafe withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress, length > 0 else { return }
            unsafe base.copyMemory(from: base + start, byteCount: length)
        }
    }

    /// Where `pattern` begins in `start..<end`.
    func firstIndex(of pattern: [UInt8], from start: Int, to end: Int) -> Int? {
        guard let first = pattern.first, pattern.count <= end &- start else { return nil }
        precondition(start >= 0 && end <= count, "bytes outside the window")
        return unsafe withUnsafeBufferPointer { bytes in
            var at = start
            while at <= end &- pattern.count {
                let isFirst = unsafe bytes[at] == first
                if isFirst {
                    var length = 1
                    while length < pattern.count {
                        let byte = unsafe bytes[at &+ length]
                        guard byte == pattern[length] else { break }
                        length &+= 1
                    }
                    if length == pattern.count { return at }
                }
                at &+= 1
            }
            return nil
        }
    }
}

extension StreamSource {
    /// Reads into `buffer` from `index` on.
    func read(into buffer: inout [UInt8], from index: Int, at offset: Int) throws(VMStateError) -> Int {
        precondition(index >= 0 && index <= buffer.count, "bytes outside the window")
        var span = buffer.mutableSpan
        var bytes = unsafe span.mutableBytes
        var rest = bytes._mutatingExtracting(index..<bytes.byteCount)
        return try read(into: &rest, at: offset)
    }
}
