// SPDX-License-Identifier: Apache-2.0

public import Engine
internal import Glibc

/// A regular file or a block device: any byte at any time.
public final class FileSource: StreamSource, Sendable {
    private let descriptor: Descriptor
    private let name: String
    private let length: Int

    /// Linux's `SEEK_DATA`, which Glibc's module leaves out.
    private static let seekData: Int32 = 3

    /// The file or block device at `path`.
    ///
    /// - Throws: `input-unreadable` when it cannot be opened or is of another kind.
    public convenience init(path: String) throws(VMStateError) {
        try self.init(Descriptor(reading: path), name: path)
    }

    /// A file or block device that is open already.
    ///
    /// - Parameters:
    ///   - descriptor: of the open file; its own position is not used and not changed.
    ///   - closes: whether it is closed with the source.
    ///   - name: the file's name in errors.
    /// - Throws: `input-unreadable` when it is of another kind.
    public convenience init(descriptor: Int32, closes: Bool, name: String = "the file") throws(VMStateError) {
        try self.init(Descriptor(descriptor, closes: closes), name: name)
    }

    init(_ descriptor: Descriptor, name: String) throws(VMStateError) {
        self.descriptor = descriptor
        self.name = name
        guard let (kind, size) = descriptor.status() else {
            throw .unreadable("\(name): \(SystemError.text(errno))")
        }
        switch kind {
        case S_IFREG: length = size
        case S_IFBLK:
            // fstat knows no size of devices.
            let end = lseek(descriptor.number, 0, SEEK_END)
            guard end >= 0 else { throw .unreadable("\(name): \(SystemError.text(errno))") }
            length = Int(end)
        case S_IFDIR: throw .unreadable("\(name): \(SystemError.text(EISDIR))")
        default: throw .unreadable("\(name): neither a regular file nor a block device")
        }
        // Advice: that it cannot be given is no error.
        _ = posix_fadvise(descriptor.number, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    /// How many bytes the file had when it was opened.
    public var size: Int? { length }

    /// Reads from `offset` on; see `StreamSource`.
    ///
    /// - Throws: `input-unreadable` when the system cannot read.
    public func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int {
        guard offset >= 0, offset < length else { return 0 }
        let room = min(buffer.byteCount, length - offset)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe pread(descriptor.number, $0.baseAddress, room, off_t(offset))
            }
            if count >= 0 { return count }
            guard errno == EINTR else { throw .unreadable(at: offset, "\(name): \(SystemError.text(errno))") }
        }
    }

    /// How many bytes from `offset` on are a hole of the file.
    public func zeros(at offset: Int) -> Int {
        guard offset >= 0, offset < length else { return 0 }
        // The position may be shared with other processes.
        let position = lseek(descriptor.number, 0, SEEK_CUR)
        defer { if position >= 0 { lseek(descriptor.number, position, SEEK_SET) } }
        let data = lseek(descriptor.number, off_t(offset), Self.seekData)
        if data >= 0 { return max(0, min(Int(data), length) - offset) }
        // No data up to the end: of the file as it was opened, unless it was cut since.
        guard errno == ENXIO, let size = descriptor.status()?.size, size >= length else { return 0 }
        return length - offset
    }
}
