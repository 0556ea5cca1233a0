// SPDX-License-Identifier: Apache-2.0

/// The bytes of a stream in order, seen through a window that moves forward.
///
/// The window is as small as a cache and grows only when somebody has to look further ahead, up to a limit. What lies behind
/// `position` is gone.
struct StreamInput {
    /// What one read asks for: large enough for few calls, small enough for a second-level cache.
    private static let chunk = 256 << 10
    /// How long a stream is for which a quarter of it does.
    private static let small = 4 << 20

    private let source: any StreamSource
    private let limit: Int
    /// Is told the offset each time that bytes are read: often enough to be seen, too seldom to cost anything.
    private let progress: ((Int) -> Void)?
    private var buffer: [UInt8]
    /// Where the next byte and the end of the valid bytes are in `buffer`.
    private var next = 0
    private var end = 0
    /// Where `buffer` starts in the stream.
    private var base: Int

    /// A window at `offset` of a source, in which nobody looks further ahead than `limit` bytes.
    init(_ source: any StreamSource, at offset: Int = 0, limit: Int, progress: ((Int) -> Void)? = nil) {
        self.source = source
        self.limit = limit
        self.progress = progress
        base = offset
        // Pages of a small stream's window cost more than the reads that a larger one saves.
        let isSmall = source.size.map { $0 <= Self.small } ?? false
        buffer = Array(repeating: 0, count: isSmall ? Self.chunk / 4 : Self.chunk)
    }

    /// The offset of the next byte in the stream; behind its end after bytes were left out that were not there.
    var position: Int { base &+ next }

    /// Where bytes began that were to be left out and were not all there.
    private var missing: Int?

    /// Up to where the stream is known to reach.
    var reached: Int { missing ?? position }

    /// How many bytes can be looked at without reading.
    var available: Int { end &- next }

    /// How many bytes the source has; nil: not known yet.
    var size: Int? { source.size }

    // MARK: Looking elsewhere

    /// Bytes from anywhere in the stream; nil: a pipe has no anywhere, or they are behind the end.
    func peek(_ count: Int, at offset: Int) throws(VMStateError) -> [UInt8]? {
        guard let size = source.size, offset >= 0, count <= size, offset <= size - count else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let read = try source.read(into: &bytes, from: filled, at: offset + filled)
            if read == 0 { return nil }
            filled += read
        }
        return bytes
    }

    // MARK: Looking ahead

    /// Tries to have `count` bytes in the window.
    ///
    /// - Returns: whether they are there; false at the end of the stream and beyond the limit.
    @inline(__always)
    mutating func has(_ count: Int) throws(VMStateError) -> Bool {
        if count <= available { return true }
        return try fill(count)
    }

    @inline(never)
    private mutating func fill(_ count: Int) throws(VMStateError) -> Bool {
        guard count <= limit else { return false }
        progress?(position)
        if next > 0 {
            buffer.withUnsafeMove(from: next, count: available)
            base += next
            end -= next
            next = 0
        }
        while end < count {
            if end == buffer.count {
                let larger = min(max(buffer.count * 2, count), max(limit, Self.chunk))
                guard larger > end else { return false }
                buffer.append(contentsOf: repeatElement(0, count: larger - end))
            }
            let read = try source.read(into: &buffer, from: end, at: base + end)
            if read == 0 { return false }
            end += read
        }
        return true
    }

    /// A byte of the window, counted from the next one; `has` was asked before.
    @inline(__always)
    subscript(ahead: Int) -> UInt8 { buffer[next &+ ahead] }

    /// A big-endian word of the window, counted from the next byte; `has` was asked before.
    @inline(__always)
    func word32(ahead: Int = 0) -> UInt32 {
        buffer.bigEndian32(at: next &+ ahead)
    }

    /// A big-endian word of the window, counted from the next byte; `has` was asked before.
    @inline(__always)
    func word64(ahead: Int = 0) -> UInt64 {
        buffer.bigEndian64(at: next &+ ahead)
    }

    /// Where `pattern` begins in the window, counted from the next byte, at or behind `start`; nil: nowhere yet.
    func find(_ pattern: [UInt8], from start: Int) -> Int? {
        buffer.firstIndex(of: pattern, from: next &+ start, to: end).map { $0 &- next }
    }

    /// A copy of bytes of the window.
    func copy(_ range: Range<Int>) -> [UInt8] {
        Array(buffer[next + range.lowerBound..<next + range.upperBound])
    }

    /// Bytes of the window without a copy.
    func slice(_ range: Range<Int>) -> ArraySlice<UInt8> {
        buffer[next + range.lowerBound..<next + range.upperBound]
    }

    // MARK: Moving on

    /// Moves past bytes that the window has.
    @inline(__always)
    mutating func advance(_ count: Int) {
        next &+= count
    }

    /// Moves past bytes, in the window or not; behind the end is no error here.
    ///
    /// - Returns: whether the stream has them, as far as that is known.
    mutating func skip(_ count: Int) throws(VMStateError) -> Bool {
        if count <= available {
            next += count
            return true
        }
        let (target, overflow) = position.addingReportingOverflow(count)
        guard !overflow else { return false }
        if let size = source.size, target > size { return false }
        base = target
        next = 0
        end = 0
        // Of a pipe only its end says whether the bytes were there.
        if source.size != nil || count == 0 { return true }
        return try has(1)
    }

    // MARK: Elements

    mutating func byte(_ what: @autoclosure () -> String) throws(VMStateError) -> UInt8 {
        guard try has(1) else { throw truncated(1, what()) }
        next &+= 1
        return buffer[next &- 1]
    }

    mutating func uint16(_ what: @autoclosure () -> String) throws(VMStateError) -> UInt16 {
        guard try has(2) else { throw truncated(2, what()) }
        next &+= 2
        return UInt16(buffer[next &- 2]) << 8 | UInt16(buffer[next &- 1])
    }

    mutating func uint32(_ what: @autoclosure () -> String) throws(VMStateError) -> UInt32 {
        guard try has(4) else { throw truncated(4, what()) }
        next &+= 4
        return buffer.bigEndian32(at: next &- 4)
    }

    mutating func uint64(_ what: @autoclosure () -> String) throws(VMStateError) -> UInt64 {
        guard try has(8) else { throw truncated(8, what()) }
        next &+= 8
        return buffer.bigEndian64(at: next &- 8)
    }

    mutating func bytes(_ count: Int, _ what: @autoclosure () -> String) throws(VMStateError) -> [UInt8] {
        guard try has(count) else {
            guard count <= limit else {
                throw VMStateError(
                    .limitExceeded,
                    at: position,
                    expected: "at most \(limit) bytes of \(what())",
                    found: "\(count)"
                )
            }
            throw truncated(count, what())
        }
        if count > Self.chunk, count > buffer.count / 2 { return takeWindow(count) }
        next &+= count
        return Array(buffer[next &- count..<next])
    }

    /// Bytes for which the window has grown: they keep its memory, and what is behind them gets a window of its own.
    private mutating func takeWindow(_ count: Int) -> [UInt8] {
        let start = next
        var window = copy(count..<available)
        base += next + count
        next = 0
        end = window.count
        window.append(contentsOf: repeatElement(0, count: max(0, Self.chunk - window.count)))
        swap(&window, &buffer)
        window.removeSubrange((start + count)...)
        window.removeFirst(start)
        return window
    }

    /// A length of one byte and so many bytes.
    mutating func countedBytes(_ what: @autoclosure () -> String) throws(VMStateError) -> [UInt8] {
        let count = Int(try byte("the length of \(what())"))
        return try bytes(count, what())
    }

    /// Leaves out bytes that are not looked at.
    mutating func drop(_ count: Int, _ what: @autoclosure () -> String) throws(VMStateError) {
        let start = position
        guard try skip(count) else {
            missing = start
            throw truncated(count, what(), at: start)
        }
    }

    /// The error for bytes that are not there.
    @inline(never)
    mutating func truncated(_ count: Int, _ what: String, at offset: Int? = nil) -> VMStateError {
        let found: String
        if let size = source.size {
            found = "\(max(0, size - (offset ?? position)))"
        } else {
            found = offset == nil ? "\(available)" : "fewer"
        }
        return VMStateError(
            .streamTruncated,
            at: offset ?? position,
            expected: "\(count) \(count == 1 ? "byte" : "bytes") of \(what)",
            found: found,
            rule: StreamRule.truncated
        )
    }
}
