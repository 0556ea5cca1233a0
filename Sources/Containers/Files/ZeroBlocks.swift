// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Which bytes need not be written to a file that is zero where nothing was written.
public enum ZeroBlocks {
    /// How many bytes a block has; holes of file systems are not smaller.
    public static let size = 64 << 10

    /// Takes bytes apart at blocks of zeros.
    ///
    /// - Parameters:
    ///   - bytes: in their order.
    ///   - offset: where the first one goes; blocks begin at its multiples of `size`.
    /// - Returns: ranges of `bytes`, one behind another; those that are zero are whole blocks.
    public static func split(_ bytes: [UInt8], at offset: Int) -> [(range: Range<Int>, isZero: Bool)] {
        var parts: [(range: Range<Int>, isZero: Bool)] = []
        var start = 0
        while start < bytes.count {
            let count = min(size - (offset + start) % size, bytes.count - start)
            let isZero = count == size && isZero(bytes, start..<start + count)
            if let last = parts.last, last.isZero == isZero {
                parts[parts.count - 1].range = last.range.lowerBound..<start + count
            } else {
                parts.append((start..<start + count, isZero))
            }
            start += count
        }
        return parts
    }

    /// Whether bytes are all zero: the first one is, and each is like the one before it.
    private static func isZero(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        guard bytes[range.lowerBound] == 0 else { return false }
        return unsafe bytes.withUnsafeBytes { buffer in
            let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[range])
            guard let start = part.baseAddress else { return true }
            return unsafe memcmp(start, start + 1, part.count - 1) == 0
        }
    }
}
