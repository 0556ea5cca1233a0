// SPDX-License-Identifier: Apache-2.0

internal import CZlib

/// Inflates piece by piece, in the memory of one window of 32 KiB.
@safe package final class InflateStream {
    /// What is around the deflate data (RFC 1951).
    package enum Format: Sendable {
        /// RFC 1952; header and checks are zlib's business.
        case gzip
        /// RFC 1950.
        case zlib
        /// Nothing.
        case raw
    }

    /// How far one call came.
    package struct Progress: Sendable, Hashable {
        /// Bytes of the input that are done with.
        package let consumed: Int
        /// Bytes that were written.
        package let produced: Int
        /// What comes next.
        package let status: Status
    }

    /// What comes next.
    package enum Status: Sendable, Hashable {
        /// More input, or more room.
        case more
        /// Nothing: the last block and the checks behind it were good.
        case end
        /// Nothing: the data is wrong, in zlib's words.
        case damaged(String)
        /// Nothing: zlib got no memory.
        case noMemory
    }

    // zlib keeps the address of this structure.
    private let stream: UnsafeMutablePointer<z_stream>
    private let isReady: Bool

    /// A stream at its beginning.
    package init(_ format: Format) {
        let windowBits: Int32 =
            switch format {
            case .gzip: 15 + 16
            case .zlib: 15
            case .raw: -15
            }
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        isReady = unsafe qevm_inflate_init(stream, windowBits) == Z_OK
    }

    deinit {
        if isReady { unsafe inflateEnd(stream) }
        unsafe stream.deallocate()
    }

    /// Begins again, for the next member.
    package func reset() {
        if isReady { unsafe inflateReset(stream) }
    }

    /// Inflates `input` in `range` to the start of `output`, as far as both reach.
    package func inflate(
        _ input: [UInt8],
        _ range: Range<Int>,
        into output: inout MutableRawSpan
    ) -> Progress {
        precondition(range.lowerBound >= 0 && range.upperBound <= input.count, "bytes outside the input")
        guard isReady else { return Progress(consumed: 0, produced: 0, status: .noMemory) }
        // avail_in and avail_out have 32 bits.
        let length = min(range.count, Int(Int32.max))
        return unsafe input.withUnsafeBytes { source in
            unsafe output.withUnsafeMutableBytes { target in
                let room = min(target.count, Int(Int32.max))
                let first = unsafe source.baseAddress?.advanced(by: range.lowerBound)
                // zlib does not write there; its type says so only with ZLIB_CONST.
                unsafe stream.pointee.next_in = UnsafeMutableRawPointer(mutating: first)?
                    .assumingMemoryBound(to: UInt8.self)
                unsafe stream.pointee.avail_in = UInt32(length)
                unsafe stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                unsafe stream.pointee.avail_out = UInt32(room)
                let code = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
                let consumed = unsafe length - Int(stream.pointee.avail_in)
                let produced = unsafe room - Int(stream.pointee.avail_out)
                return Progress(consumed: consumed, produced: produced, status: status(code))
            }
        }
    }

    private func status(_ code: Int32) -> Status {
        switch code {
        case Z_STREAM_END: .end
        // Z_BUF_ERROR: no progress was possible, for want of input or room.
        case Z_OK, Z_BUF_ERROR: .more
        case Z_MEM_ERROR: .noMemory
        case Z_NEED_DICT: .damaged("a preset dictionary is needed")
        default: unsafe .damaged(stream.pointee.msg.map { unsafe String(cString: $0) } ?? "error \(code)")
        }
    }
}
