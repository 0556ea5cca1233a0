// SPDX-License-Identifier: Apache-2.0

/// Bytes that somebody else keeps alive, read with every access checked.
///
/// It exists because a view is a trivial value: passing it on costs no reference counting in the hot loops. A view must
/// not leave the closure of `withByteView` that made it.
@safe struct ByteView {
    private let base: UnsafePointer<UInt8>
    let count: Int

    fileprivate init(_ buffer: UnsafeBufferPointer<UInt8>) {
        if let address = buffer.baseAddress {
            unsafe base = address
            count = buffer.count
        } else {
            // An empty array may have no address; with a count of 0 the placeholder is never read.
            unsafe base = UnsafePointer(UnsafeMutablePointer(mutating: ByteView.placeholder))
            count = 0
        }
    }

    private static var placeholder: UnsafePointer<UInt8> {
        // Any aligned, non-null address serves.
        unsafe UnsafePointer(bitPattern: 1).unsafelyUnwrapped
    }

    subscript(index: Int) -> UInt8 {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "byte outside the view")
        return unsafe base[index]
    }

    /// The byte at `index`, or 0 past the end: 0 is no character of JSON's grammar, so a scan stops there.
    func byteOrZero(at index: Int) -> UInt8 {
        UInt(bitPattern: index) < UInt(bitPattern: count) ? unsafe base[index] : 0
    }

    /// Eight bytes as they lie in memory; the lowest byte of the result is the first one.
    func littleEndianWord(at index: Int) -> UInt64 {
        precondition(index >= 0 && index <= count &- 8, "word outside the view")
        return unsafe UInt64(littleEndian: UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self))
    }

    /// An integer as QEMU writes it, most significant byte first.
    func bigEndian<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type, at index: Int) -> Value {
        precondition(index >= 0 && index <= count &- MemoryLayout<Value>.size, "integer outside the view")
        return unsafe Value(bigEndian: UnsafeRawPointer(base + index).loadUnaligned(as: Value.self))
    }

    /// Whether `length` bytes from `start` are those of `other` from `otherStart`.
    func matches(_ start: Int, _ other: ByteView, _ otherStart: Int, length: Int) -> Bool {
        precondition(length >= 0 && start >= 0 && start <= count &- length, "bytes outside the view")
        precondition(otherStart >= 0 && otherStart <= other.count &- length, "bytes outside the other view")
        var at = 0
        while at &+ 8 <= length {
            if littleEndianWord(at: start &+ at) != other.littleEndianWord(at: otherStart &+ at) { return false }
            at &+= 8
        }
        guard at < length else { return true }
        if start &+ at <= count &- 8, otherStart &+ at <= other.count &- 8 {
            // The bytes behind the end are shifted out: 1 to 7 are left to compare.
            let difference = littleEndianWord(at: start &+ at) ^ other.littleEndianWord(at: otherStart &+ at)
            return difference << UInt64(truncatingIfNeeded: 8 &* (8 &- (length &- at))) == 0
        }
        while at < length {
            if unsafe base[start &+ at] != other.base[otherStart &+ at] { return false }
            at &+= 1
        }
        return true
    }

    /// The first byte of this value in `range`.
    func first(_ byte: UInt8, in range: Range<Int>) -> Int? {
        var at = range.lowerBound
        while at < range.upperBound, self[at] != byte { at &+= 1 }
        return at < range.upperBound ? at : nil
    }

    /// The last byte in `range` that is not zero; nil where all are.
    func lastNonZero(in range: Range<Int>) -> Int? {
        var end = range.upperBound
        while end &- range.lowerBound >= 8, littleEndianWord(at: end &- 8) == 0 { end &-= 8 }
        while end > range.lowerBound, self[end &- 1] == 0 { end &-= 1 }
        return end > range.lowerBound ? end &- 1 : nil
    }

    /// A copy of the bytes in `range`.
    func array(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes outside the view")
        return unsafe Array(UnsafeBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    /// The UTF-8 text in `range`.
    func string(_ range: Range<Int>) -> String {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes outside the view")
        return unsafe String(
            decoding: UnsafeBufferPointer(start: base + range.lowerBound, count: range.count),
            as: UTF8.self
        )
    }

    /// Whether the bytes in `range` are the UTF-8 text of `name`.
    func matches(_ range: Range<Int>, _ name: String) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes outside the view")
        var name = name
        return name.withUTF8 { other in
            guard other.count == range.count else { return false }
            var at = 0
            while at < range.count {
                let isEqual = unsafe other[at] == base[range.lowerBound &+ at]
                guard isEqual else { return false }
                at &+= 1
            }
            return true
        }
    }

    /// Whether the bytes in `range` are the UTF-8 text of `name`.
    func matches(_ range: Range<Int>, _ name: StaticString) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes outside the view")
        return name.withUTF8Buffer { other in
            guard other.count == range.count else { return false }
            for at in 0..<range.count {
                let isEqual = unsafe other[at] == base[range.lowerBound &+ at]
                guard isEqual else { return false }
            }
            return true
        }
    }

    /// Whether the bytes in `range` are those in a range of another view.
    func matches(_ range: Range<Int>, _ other: ByteView, _ others: Range<Int>) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes outside the view")
        precondition(others.lowerBound >= 0 && others.upperBound <= other.count, "bytes outside the view")
        guard range.count == others.count else { return false }
        let (own, theirs) = unsafe (
            UnsafeRawPointer(base) + range.lowerBound, UnsafeRawPointer(other.base) + others.lowerBound
        )
        var at = 0
        while at < range.count {
            if at <= range.count &- 8 {
                let words = unsafe (
                    own.loadUnaligned(fromByteOffset: at, as: UInt64.self),
                    theirs.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                )
                guard words.0 == words.1 else { return false }
                at &+= 8
            } else {
                let bytes = unsafe (
                    own.load(fromByteOffset: at, as: UInt8.self), theirs.load(fromByteOffset: at, as: UInt8.self)
                )
                guard bytes.0 == bytes.1 else { return false }
                at &+= 1
            }
        }
        return true
    }

    /// Copies the bytes in `range` to the start of `buffer`.
    func copy(_ range: Range<Int>, to buffer: inout MutableRawSpan) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes outside the view")
        precondition(range.count <= buffer.byteCount, "more bytes than there is room for")
        unsafe buffer.withUnsafeMutableBytes { target in
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
        }
    }

    /// Gives the raw bytes of `range` to the other files of this folder.
    func withRawBytes<Result>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes outside the view")
        return unsafe body(UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
    }
}

extension [UInt8] {
    /// Runs `body` on a view of this array's bytes.
    func withByteView<Result, Failure: Error>(
        _ body: (ByteView) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe withUnsafeBufferPointer { (buffer) throws(Failure) -> Result in
            try unsafe body(ByteView(buffer))
        }
    }
}
