// SPDX-License-Identifier: Apache-2.0

internal import Containers
internal import Engine
internal import HTTP

/// The pages of a RAM block: in memory if the block is small, else in a file with holes where it is zero.
final class SpooledPages: PageStore {
    private let spool: Spool
    private var bytes: [UInt8] = []
    private var file: HTTPFileWriter?
    /// Behind the last byte of the file that was written: all is hole from here on.
    private var written = 0
    /// Why there was no room.
    private(set) var refusal: Problem?

    init(_ spool: Spool) {
        self.spool = spool
    }

    func resize(to size: Int) throws(VMStateError) {
        guard size <= spool.sparseLimit else {
            refusal = Problem(.contentTooLarge, "a block may have at most \(spool.sparseLimit) bytes here, not \(size)")
            throw .unwritable(at: size, "at most \(spool.sparseLimit) bytes")
        }
        if file == nil, size <= spool.threshold {
            bytes.removeSubrange(min(size, bytes.count)...)
            bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
            return
        }
        let held = bytes
        try onDisk(size) { () throws(HTTPSpoolError) in
            let file = if let file { file } else { try spool.makeFile() }
            self.file = file
            try file.resize(to: size)
            if !held.isEmpty { try unsafe file.fill(held.span.bytes, at: 0) }
        }
        written = max(min(written, size), bytes.count)
        bytes = []
    }

    func write(_ page: RawSpan, at offset: Int) throws(VMStateError) {
        guard let file else {
            guard offset >= 0, page.byteCount <= bytes.count - offset else {
                throw .unwritable(at: offset, "a page outside of a block of \(bytes.count) bytes")
            }
            unsafe page.withUnsafeBytes { unsafe bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
            return
        }
        try onDisk(offset) { () throws(HTTPSpoolError) in try file.fill(page, at: offset) }
        written = max(written, offset + page.byteCount)
    }

    func writeZeros(_ count: Int, at offset: Int) throws(VMStateError) {
        let end = file == nil ? bytes.count : written
        guard count > 0, offset < end else { return }
        try unsafe write([UInt8](repeating: 0, count: min(count, end - offset)).span.bytes, at: offset)
    }

    func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int {
        guard let file else { return try BytesSource(bytes).read(into: &buffer, at: offset) }
        do throws(HTTPSpoolError) {
            return try file.read(into: &buffer, at: offset)
        } catch {
            throw .unreadable(at: offset, error.description)
        }
    }

    /// The block as it is now.
    func finish() -> HTTPBody {
        file.map { .file(HTTPFileSlice($0.finish())) } ?? .bytes(bytes)
    }

    private func onDisk(_ offset: Int, _ body: () throws(HTTPSpoolError) -> Void) throws(VMStateError) {
        do throws(HTTPSpoolError) {
            try body()
        } catch {
            refusal = Problem(error)
            throw .unwritable(at: offset, error.description)
        }
    }
}
