// SPDX-License-Identifier: Apache-2.0

public import Engine
internal import Glibc

/// A file that is written anywhere and read back: the pages of a RAM block, with holes where they are zero.
public final class SparseFile {
    private let descriptor: Descriptor
    private let name: String
    /// Behind the last byte that was ever written: all is hole from here on.
    private var written = 0

    /// Makes the file at `path`, or empties the one that is there.
    ///
    /// - Throws: `output-unwritable`.
    public init(path: String) throws(VMStateError) {
        let number = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard number >= 0 else { throw .unwritable("\(path): \(SystemError.text(errno))") }
        descriptor = Descriptor(number, closes: true)
        name = path
    }

    /// Makes a file without a name, gone with its last user.
    ///
    /// - Parameter directory: where; without it the folder that `TMPDIR` names, or `/var/tmp`.
    /// - Throws: `output-unwritable`.
    public init(temporaryIn directory: String? = nil) throws(VMStateError) {
        descriptor = try TemporaryFile.make(in: directory)
        name = "a temporary file"
    }

    /// A file that is open for reading and writing, and empty.
    init(_ descriptor: Descriptor, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    /// Cuts the file to `size` bytes, or extends it with a hole.
    ///
    /// - Throws: `output-unwritable`.
    public func resize(to size: Int) throws(VMStateError) {
        guard size >= 0, ftruncate(descriptor.number, off_t(size)) == 0 else {
            throw .unwritable(at: size, "\(name): \(SystemError.text(size < 0 ? EINVAL : errno))")
        }
        written = min(written, size)
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// - Throws: `output-unwritable`.
    public func write(_ bytes: RawSpan, at offset: Int) throws(VMStateError) {
        guard offset >= 0, offset <= Int.max - bytes.byteCount else {
            throw .unwritable(at: offset, "\(name): \(SystemError.text(EFBIG))")
        }
        var done = 0
        while done < bytes.byteCount {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe pwrite(
                    descriptor.number,
                    $0.baseAddress?.advanced(by: done),
                    $0.count - done,
                    off_t(offset + done)
                )
            }
            if count > 0 {
                done += count
                written = max(written, offset + done)
            } else if count == 0 || errno != EINTR {
                throw .unwritable(at: offset + done, "\(name): \(SystemError.text(count == 0 ? ENOSPC : errno))")
            }
        }
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// - Throws: `output-unwritable`.
    public func write(_ bytes: [UInt8], at offset: Int) throws(VMStateError) {
        try unsafe write(bytes.span.bytes, at: offset)
    }

    /// Makes `count` bytes from `offset` on zero.
    ///
    /// They stay a hole where nothing was written behind them before; the file's size does not change.
    ///
    /// - Throws: `output-unwritable`.
    public func writeZeros(_ count: Int, at offset: Int) throws(VMStateError) {
        guard count > 0, offset < written else { return }
        let zeros = [UInt8](repeating: 0, count: min(count, 64 << 10))
        let end = min(written, offset.addingReportingOverflow(count).overflow ? Int.max : offset + count)
        var at = offset
        while at < end {
            let part = min(zeros.count, end - at)
            try unsafe write(zeros.span.bytes.extracting(first: part), at: at)
            at += part
        }
    }

    /// Reads from `offset` on, fewer bytes at the end of the file.
    ///
    /// - Throws: `input-unreadable`.
    public func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int {
        guard offset >= 0 else { return 0 }
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe pread(descriptor.number, $0.baseAddress, $0.count, off_t(offset))
            }
            if count >= 0 { return count }
            guard errno == EINTR else { throw .unreadable(at: offset, "\(name): \(SystemError.text(errno))") }
        }
    }

    /// The file as it is now, to be read.
    ///
    /// - Throws: `input-unreadable`.
    public func source() throws(VMStateError) -> FileSource {
        try FileSource(descriptor, name: name)
    }
}
