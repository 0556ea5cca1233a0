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

    /// The last byte of 0 in front of `end`.
    func lastZero(before end: Int) -> Int? {
        precondition(end >= 0 && end <= count, "bytes outside the window")
        return unsafe withUnsafeBytes { bytes in
            var at = end
            while at > 0 {
                // Eight bytes none of which is zero are passed at once.
                if at >= 8 {
                    let word = unsafe bytes.loadUnaligned(fromByteOffset: at &- 8, as: UInt64.self)
                    if (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 == 0 {
                        at &-= 8
                        continue
                    }
                }
                at &-= 1
                let isZero = unsafe bytes[at] == 0
                if isZero { return at }
            }
            return nil
        }
    }

    /// Where `pattern` begins in `start..<end`.
    func firstIndex(of pattern: [UInt8], from start: Int, to end: Int) -> Int? {
        guard let first = pattern.first, let last = pattern.last, pattern.count <= end &- start else { return nil }
        precondition(start >= 0 && end <= count, "bytes outside the window")
        // What is looked for; zeros are everywhere.
        let anchor = first == 0 ? (offset: pattern.count &- 1, byte: last) : (offset: 0, byte: first)
        let repeated = UInt64(anchor.byte) &* 0x0101_0101_0101_0101
        return unsafe withUnsafeBytes { bytes in
            var at = start
            while at <= end &- pattern.count {
                let place = at &+ anchor.offset
                // Eight bytes without it are passed at once: no byte of the difference is zero.
                if place <= end &- 8 {
                    let word = unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self) ^ repeated
                    if (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 == 0 {
                        at &+= 8
                        continue
                    }
                }
                let isThere = unsafe bytes[place] == anchor.byte
                if isThere {
                    var length = 0
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
