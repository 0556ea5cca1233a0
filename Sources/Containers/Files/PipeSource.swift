// SPDX-License-Identifier: Apache-2.0

public import Engine
internal import Glibc

/// A pipe, socket or terminal: bytes come once, in order.
public final class PipeSource: StreamSource {
    private let descriptor: Descriptor
    private let name: String
    private var position = 0

    /// Linux's `F_SETPIPE_SZ`, which Glibc's module leaves out.
    private static let setPipeSize: Int32 = 1031

    /// What can be read from `descriptor`.
    ///
    /// - Parameters:
    ///   - descriptor: open for reading; may be non-blocking.
    ///   - closes: whether it is closed with the source.
    ///   - name: what errors call it.
    public convenience init(descriptor: Int32, closes: Bool = false, name: String = "the pipe") {
        self.init(Descriptor(descriptor, closes: closes), name: name)
    }

    init(_ descriptor: Descriptor, name: String) {
        self.descriptor = descriptor
        self.name = name
        // Fewer and longer reads; that it is no pipe, or that the system does not allow it, is no error.
        _ = fcntl(descriptor.number, Self.setPipeSize, 1 << 20)
    }

    /// Not known before the end.
    public var size: Int? { nil }

    /// Reads on at `offset`, which is not before the end of the last read; see `StreamSource`.
    ///
    /// - Throws: `input-unreadable` when the system cannot read.
    public func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int {
        try SequentialRead.skip(to: offset, from: position) { (room) throws(VMStateError) in try next(&room) }
        guard position == offset else { return 0 }
        return try next(&buffer)
    }

    private func next(_ buffer: inout MutableRawSpan) throws(VMStateError) -> Int {
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor.number, $0.baseAddress, $0.count)
            }
            if count >= 0 {
                position += count
                return count
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: waitForInput()
            default: throw .unreadable(at: position, "\(name): \(SystemError.text(errno))")
            }
        }
    }

    private func waitForInput() {
        var entry = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
        // Whatever ends the wait, the next read says what there is.
        _ = unsafe poll(&entry, 1, -1)
    }
}
