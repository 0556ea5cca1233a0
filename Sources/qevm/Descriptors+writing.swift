// SPDX-License-Identifier: Apache-2.0

internal import Glibc

extension Descriptors {
    /// Writes all of a range; what a descriptor that does not wait cannot take yet, a pipe of node or tmux, is waited for.
    ///
    /// - Returns: whether all was written; otherwise `errno` says why.
    static func write(_ bytes: [UInt8], _ range: Range<Int>, to descriptor: Int32) -> Bool {
        var written = range.lowerBound
        while written < range.upperBound {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), range.upperBound - written)
            }
            if count > 0 {
                written += count
            } else if errno == EAGAIN {
                guard wait(for: POLLOUT, of: descriptor) else { return false }
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// Waits until a descriptor can be read or written, or has ended, as the next call says.
    static func wait(for event: Int32, of descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        return unsafe poll(&entry, 1, -1) >= 0 || errno == EINTR
    }
}
