// SPDX-License-Identifier: Apache-2.0
internal import Glibc

extension Span<UInt8> {
    /// The first LF at or behind `start`.
    func firstLineFeed(from start: Int) -> Int? {
        guard start < count else { return nil }
        return unsafe withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return nil }
            // `start < count`, so pointer and length stay inside the buffer.
            guard let found = unsafe memchr(base + start, 0x0A, buffer.count - start) else { return nil }
            return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }

    /// The bytes of a range as text; what is not UTF-8 is repaired.
    func string(_ range: Range<Int>) -> String {
        unsafe withUnsafeBufferPointer { buffer in
            unsafe String(decoding: UnsafeBufferPointer(rebasing: buffer[range]), as: UTF8.self)
        }
    }

    /// A copy of a range.
    func array(_ range: Range<Int>) -> [UInt8] {
        unsafe withUnsafeBufferPointer { buffer in
            unsafe Array(UnsafeBufferPointer(rebasing: buffer[range]))
        }
    }

    /// Appends a range to an array.
    func append(_ range: Range<Int>, to array: inout [UInt8]) {
        unsafe withUnsafeBufferPointer { buffer in
            unsafe array.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[range]))
        }
    }

    /// The range without white space at either end.
    func trimmingWhitespace(_ range: Range<Int>) -> Range<Int> {
        var lower = range.lowerBound
        var upper = range.upperBound
        while lower < upper, self[lower].isWhitespace { lower += 1 }
        while lower < upper, self[upper - 1].isWhitespace { upper -= 1 }
        return lower..<upper
    }

    /// Whether a range spells a word, in any case.
    func equalsIgnoringCase(_ range: Range<Int>, _ word: String.UTF8View) -> Bool {
        guard range.count == word.count else { return false }
        var index = range.lowerBound
        for byte in word {
            guard self[index].lowercased == byte.lowercased else { return false }
            index += 1
        }
        return true
    }
}
