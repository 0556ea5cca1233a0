// SPDX-License-Identifier: Apache-2.0

internal import CZlib

/// Inflates with zlib.
///
/// The one file that calls it, with `Deflater` below.
package enum Inflater {
    package enum Failure: Error {
        case tooLarge
        /// Not what it should be, at this byte of the input.
        case damaged(offset: Int)
        case truncated
        case noMemory
    }

    /// The inflated bytes, members of a multi-member gzip file one after another (RFC 1952 §2.2).
    ///
    /// `deflate` is the zlib format (RFC 1950); raw deflate data, which some clients send, is taken too.
    package static func inflate(_ input: [UInt8], isGzip: Bool, limit: Int) throws(Failure) -> [UInt8] {
        guard !input.isEmpty else { throw .truncated }
        if isGzip { return try run(input, windowBits: 15 + 16, limit: limit) }
        // RFC 1950 §2.2: compression method 8 in the low half, and the first two bytes a multiple of 31.
        let isZlib = input.count >= 2 && input[0] & 0x0f == 8 && (Int(input[0]) << 8 | Int(input[1])) % 31 == 0
        return try run(input, windowBits: isZlib ? 15 : -15, limit: limit)
    }

    private static func run(_ input: [UInt8], windowBits: Int32, limit: Int) throws(Failure) -> [UInt8] {
        var stream = unsafe z_stream()
        guard unsafe qevm_inflate_init(&stream, windowBits) == Z_OK else { throw .noMemory }
        defer { unsafe inflateEnd(&stream) }
        var output: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 64 << 10)
        let failure: Failure? = unsafe input.withUnsafeBufferPointer { source in
            unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            var left = source.count
            // avail_in has 32 bits.
            func refill() {
                let part = min(left, Int(UInt32.max) / 2)
                unsafe stream.avail_in = UInt32(part)
                left -= part
            }
            refill()
            while true {
                if unsafe stream.avail_in == 0, left > 0 { refill() }
                let (status, count) = unsafe room.withUnsafeMutableBufferPointer { target in
                    unsafe stream.next_out = target.baseAddress
                    unsafe stream.avail_out = UInt32(target.count)
                    let status = unsafe CZlib.inflate(&stream, Z_NO_FLUSH)
                    return unsafe (status, target.count - Int(stream.avail_out))
                }
                guard count <= limit - output.count else { return Failure.tooLarge }
                output += room[..<count]
                let consumed = unsafe input.count - left - Int(stream.avail_in)
                switch status {
                case Z_STREAM_END:
                    if consumed == input.count { return nil }
                    // Another member may follow, and only in gzip.
                    guard windowBits > 15, unsafe inflateReset(&stream) == Z_OK else {
                        return Failure.damaged(offset: consumed)
                    }
                case Z_OK: continue
                case Z_BUF_ERROR: return consumed == input.count ? Failure.truncated : nil
                case Z_MEM_ERROR: return Failure.noMemory
                default: return Failure.damaged(offset: consumed)
                }
            }
        }
        if let failure { throw failure }
        return output
    }
}

/// Deflates with zlib.
package enum Deflater {
    /// The compressed bytes; nil when there is no memory for it.
    package static func deflate(_ input: [UInt8], isGzip: Bool) -> [UInt8]? {
        var stream = unsafe z_stream()
        guard input.count < Int(UInt32.max) / 2,
            // Level 1: answers are made for one caller, and time counts more than the last percent of size.
            unsafe qevm_deflate_init(&stream, 1, isGzip ? 15 + 16 : 15) == Z_OK
        else { return nil }
        defer { unsafe deflateEnd(&stream) }
        let bound = unsafe Int(deflateBound(&stream, UInt(input.count)))
        return unsafe input.withUnsafeBufferPointer { source in
            unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            unsafe stream.avail_in = UInt32(source.count)
            var status = Z_OK
            let output = unsafe [UInt8](unsafeUninitializedCapacity: bound) { target, count in
                unsafe stream.next_out = target.baseAddress
                unsafe stream.avail_out = UInt32(target.count)
                status = unsafe CZlib.deflate(&stream, Z_FINISH)
                count = unsafe target.count - Int(stream.avail_out)
            }
            return status == Z_STREAM_END ? output : nil
        }
    }
}
