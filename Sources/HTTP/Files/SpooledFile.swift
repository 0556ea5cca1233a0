// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization

/// An open file and its share of a spool; both end with the last reference.
final class SpooledFile: Sendable {
    /// Bytes of files that are closed without a thread of their own.
    private static let quicklyClosed = 16 << 20

    let descriptor: Int32
    private let spool: HTTPSpool
    private let held = Atomic(0)

    init(descriptor: Int32, spool: HTTPSpool) {
        self.descriptor = descriptor
        self.spool = spool
    }

    deinit {
        let (descriptor, spool, count) = (descriptor, spool, held.load(ordering: .relaxed))
        // Whoever has its answer may send the next request: what it needs is free by then, even if the disk is not yet.
        spool.release(count)
        let end = { @Sendable () in _ = close(descriptor) }
        // Giving back gigabytes takes the system a good part of a second, for which no event loop should wait.
        if count > Self.quicklyClosed, let thread = try? Thread(end) { thread.detach() } else { end() }
    }

    /// Makes sure that the spool has room for so many bytes of this file.
    func hold(upTo end: Int) throws(HTTPSpoolError) {
        let before = held.load(ordering: .relaxed)
        guard end > before else { return }
        guard end <= spool.maximumBytes else { throw .tooLarge }
        try spool.hold(end - before)
        held.store(end, ordering: .relaxed)
    }

    /// Makes sure that the spool has room for so many bytes more, of which the file has at most `count` in all.
    func hold(additional: Int, upTo count: Int) throws(HTTPSpoolError) {
        try hold(upTo: min(held.load(ordering: .relaxed) + additional, count))
    }

    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: RawSpan, at offset: Int) throws(HTTPSpoolError) {
        var done = 0
        while done < bytes.byteCount {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe pwrite(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done, off_t(offset + done))
            }
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                // A signal that comes with EFBIG (setrlimit(2)) is blocked on the server's threads.
                throw .system(count == 0 ? ENOSPC : errno)
            }
        }
    }

    /// Reads `count` bytes from `offset` on, which there has to be room for; fewer at the end only.
    func read(_ count: Int, into buffer: inout MutableRawSpan, at offset: Int) throws(HTTPSpoolError) -> Int {
        precondition(count <= buffer.byteCount, "more bytes than there is room for")
        let wanted = count
        var done = 0
        while done < wanted {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe pread(descriptor, $0.baseAddress?.advanced(by: done), wanted - done, off_t(offset + done))
            }
            if count > 0 {
                done += count
            } else if count == 0 {
                break
            } else if errno != EINTR {
                throw .system(errno)
            }
        }
        return done
    }
}
