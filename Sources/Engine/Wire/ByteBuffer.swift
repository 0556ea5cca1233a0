// SPDX-License-Identifier: Apache-2.0

/// A growing run of bytes with a limit: what encoders and printers write into.
///
/// Past the limit nothing more is kept and `isOverLimit` is set; whoever finishes the buffer looks at it. So the hot path has
/// one comparison an append and no error to pass on.
///
/// Invariant: `count <= capacity`, and the first `count` bytes of `base` are initialised.
@safe struct ByteBuffer: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private var capacity: Int
    private let limit: Int
    private var hasDropped = false
    /// Whether the memory is the buffer's own, not that of an array.
    private var isOwned = true

    /// Whether more was appended than the limit allows.
    var isOverLimit: Bool { hasDropped || count > limit }

    init(capacity: Int = 256, limit: Int) {
        self.capacity = max(capacity, 64)
        self.limit = limit
        unsafe base = .allocate(capacity: self.capacity)
    }

    /// Writes into `room` as long as what comes fits there.
    private init(in room: UnsafeMutableBufferPointer<UInt8>, limit: Int) {
        self.init(capacity: 0, limit: limit)
        guard let start = room.baseAddress, room.count > capacity else { return }
        unsafe base.deallocate()
        unsafe base = start
        capacity = room.count
        isOwned = false
    }

    deinit {
        if isOwned { unsafe base.deallocate() }
    }

    /// The bytes so far.
    consuming func array() -> [UInt8] {
        unsafe Array(UnsafeBufferPointer(start: base, count: count))
    }

    /// What `body` writes.
    ///
    /// - Parameters:
    ///   - capacity: how much is not copied once more at the end: memory that is not written to costs nothing.
    ///   - limit: as for a buffer.
    ///   - body: gets a buffer and gives it back.
    /// - Returns: the bytes.
    /// - Throws: what `body` throws.
    static func array(
        capacity: Int,
        limit: Int,
        _ body: (consuming ByteBuffer) throws(VMStateError) -> ByteBuffer
    ) throws(VMStateError) -> [UInt8] {
        var failure: VMStateError?
        var outgrown: [UInt8]?
        let array = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { (room, count) in
            do throws(VMStateError) {
                let buffer = try body(unsafe ByteBuffer(in: room, limit: limit))
                if buffer.isOwned { outgrown = buffer.array() } else { count = buffer.count }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return outgrown ?? array
    }

    /// Makes room for `additional` bytes; false when that passes the limit.
    @inline(__always)
    mutating func reserve(_ additional: Int) -> Bool {
        additional <= capacity &- count || grow(additional)
    }

    @inline(never)
    private mutating func grow(_ additional: Int) -> Bool {
        let (needed, overflow) = count.addingReportingOverflow(additional)
        guard !overflow, needed <= limit, !hasDropped else {
            hasDropped = true
            count = 0
            return additional <= capacity
        }
        capacity = max(needed, min(capacity * 2, limit))
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        unsafe larger.moveInitialize(from: base, count: count)
        if isOwned { unsafe base.deallocate() }
        unsafe base = larger
        isOwned = true
        return true
    }

    /// A copy of the bytes from `start` on, no more than `limit`; empty where they were dropped.
    func bytes(from start: Int, limit: Int = .max) -> [UInt8] {
        guard start >= 0, start < count, limit > 0 else { return [] }
        return unsafe Array(UnsafeBufferPointer(start: base + start, count: min(count - start, limit)))
    }

    /// Drops the bytes from `start` on.
    mutating func truncate(to start: Int) {
        count = min(count, max(start, 0))
    }

    // MARK: Appending

    mutating func append(_ byte: UInt8) {
        guard reserve(1) else { return }
        unsafe base[count] = byte
        count &+= 1
    }

    mutating func append(_ text: StaticString) {
        guard reserve(text.utf8CodeUnitCount) else { return }
        unsafe (base + count).update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        count &+= text.utf8CodeUnitCount
    }

    mutating func append(contentsOf bytes: [UInt8]) {
        bytes.withByteView { view in append(view, from: 0, count: view.count) }
    }

    mutating func append(utf8Of text: String) {
        let bytes = text.utf8Span.span
        unsafe append(upTo: bytes.count) { room in
            for index in bytes.indices { unsafe room[index] = bytes[index] }
            return bytes.count
        }
    }

    /// Copies `length` bytes of `view` from `start`.
    @inline(__always)
    mutating func append(_ view: ByteView, from start: Int, count length: Int) {
        guard reserve(length) else { return }
        if length <= 16, start <= view.count &- 16, capacity &- count >= 16 {
            // Two fixed-size moves beat a call for the short names that make up most of a document.
            unsafe view.withRawBytes(start..<start &+ 16) { source in
                unsafe UnsafeMutableRawPointer(base + count).storeBytes(
                    of: source.loadUnaligned(as: UInt64.self),
                    as: UInt64.self
                )
                unsafe UnsafeMutableRawPointer(base + count + 8).storeBytes(
                    of: source.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                    as: UInt64.self
                )
            }
        } else if length > 0 {
            unsafe view.withRawBytes(start..<start &+ length) { source in
                if let address = source.baseAddress {
                    unsafe UnsafeMutableRawPointer(base + count).copyMemory(from: address, byteCount: length)
                }
            }
        }
        count &+= length
    }

    mutating func append(repeating byte: UInt8, count length: Int) {
        guard length > 0, reserve(length) else { return }
        unsafe (base + count).update(repeating: byte, count: length)
        count &+= length
    }

    /// An integer as QEMU writes it, most significant byte first.
    @inline(__always)
    mutating func append<Value: FixedWidthInteger & BitwiseCopyable>(bigEndian value: Value) {
        guard reserve(MemoryLayout<Value>.size) else { return }
        unsafe UnsafeMutableRawPointer(base + count).storeBytes(of: value.bigEndian, as: Value.self)
        count &+= MemoryLayout<Value>.size
    }

    /// Lets `body` fill up to `length` bytes of room; it returns how many it wrote.
    mutating func append(upTo length: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        guard reserve(length) else { return }
        let written = unsafe body(UnsafeMutableRawBufferPointer(start: base + count, count: length))
        precondition(written >= 0 && written <= length, "more bytes written than there was room for")
        count &+= written
    }
}
