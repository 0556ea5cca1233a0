// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The calls on a connected, non-blocking socket.
enum Socket {
    /// Bytes of a file that are sent in one call.
    private static let fileSlice = 256 << 10

    enum Transfer: Equatable {
        /// So many bytes; 0 on receiving means that the other side has ended.
        case bytes(Int)
        case wouldBlock
        /// Reset, broken pipe or whatever else ends a connection.
        case failed
    }

    static func receive(_ fd: Int32, into buffer: inout [UInt8]) -> Transfer {
        transfer { unsafe recv(fd, &buffer, buffer.count, 0) }
    }

    /// Sends what is in `output` behind the first `offset` bytes, in one call.
    ///
    /// Never raises SIGPIPE.
    static func send(_ fd: Int32, _ output: OutputBuffer, from offset: Int) -> Transfer {
        let head = output.bytes.span
        if let file = output.file {
            return offset < head.count
                ? sendOne(fd, head, from: offset, flags: Int32(MSG_MORE))
                : sendFile(fd, file, from: offset - head.count)
        }
        let skippedOfTail = max(0, offset - head.count)
        guard !output.tail.isEmpty else { return sendOne(fd, head, from: offset) }
        guard offset < head.count else { return sendOne(fd, output.tail.span, from: skippedOfTail) }
        return unsafe output.bytes.withUnsafeBytes { head in
            unsafe output.tail.withUnsafeBytes { tail in
                // sendmsg() only reads through these pointers.
                let headStart = unsafe UnsafeMutableRawPointer(mutating: head.baseAddress)
                let tailStart = unsafe UnsafeMutableRawPointer(mutating: tail.baseAddress)
                var parts = unsafe (
                    iovec(iov_base: headStart.map { unsafe $0 + offset }, iov_len: head.count - offset),
                    iovec(iov_base: tailStart, iov_len: tail.count)
                )
                return unsafe withUnsafeMutableBytes(of: &parts) { raw in
                    var message = unsafe msghdr()
                    unsafe message.msg_iov = raw.baseAddress?.assumingMemoryBound(to: iovec.self)
                    unsafe message.msg_iovlen = 2
                    return transfer { unsafe sendmsg(fd, &message, Int32(MSG_NOSIGNAL)) }
                }
            }
        }
    }

    /// Sends a part of a file, of bounded size.
    ///
    /// SIGPIPE, which sendfile() cannot be told not to raise, is blocked on the threads of loops.
    private static func sendFile(_ fd: Int32, _ slice: HTTPFileSlice, from offset: Int) -> Transfer {
        var position = off_t(slice.range.lowerBound + offset)
        let count = min(slice.range.count - offset, fileSlice)
        let transfer = transfer { unsafe sendfile(fd, slice.file.descriptor, &position, count) }
        // A file that has become shorter: the rest of the answer does not exist.
        return transfer == .bytes(0) ? .failed : transfer
    }

    private static func sendOne(
        _ fd: Int32,
        _ bytes: Span<UInt8>,
        from offset: Int,
        flags: Int32 = 0
    ) -> Transfer {
        unsafe bytes.withUnsafeBytes { raw in
            guard offset < raw.count, let base = raw.baseAddress else { return .bytes(0) }
            return transfer { unsafe Glibc.send(fd, base + offset, raw.count - offset, Int32(MSG_NOSIGNAL) | flags) }
        }
    }

    private static func transfer(_ call: () -> Int) -> Transfer {
        while true {
            let count = call()
            if count >= 0 { return .bytes(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .failed
            }
        }
    }

    /// Ends the sending side; the other side sees the end of the stream behind what was sent.
    static func endSending(_ fd: Int32) {
        _ = shutdown(fd, Int32(SHUT_WR))
    }
}
