// SPDX-License-Identifier: Apache-2.0

public import Engine

/// Where the pages of a RAM block go.
public protocol PageStore: AnyObject {
    /// Makes room for `size` bytes, zero where nothing was written.
    ///
    /// - Throws: `output-unwritable`, `limit-exceeded`.
    func resize(to size: Int) throws(VMStateError)

    /// Writes all of `bytes` at `offset`.
    ///
    /// - Throws: `output-unwritable`, `limit-exceeded`.
    func write(_ bytes: RawSpan, at offset: Int) throws(VMStateError)

    /// Makes `count` bytes from `offset` on zero.
    ///
    /// - Throws: `output-unwritable`.
    func writeZeros(_ count: Int, at offset: Int) throws(VMStateError)

    /// Reads from `offset` on, fewer bytes at the end.
    ///
    /// - Throws: `input-unreadable`.
    func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int
}

extension SparseFile: PageStore {}

/// The final content of one RAM block, in a file with holes where it is zero.
public final class RAMFile: RAMPageSink {
    /// The name of the block.
    public let idstr: String
    /// Where it is.
    public let file: any PageStore
    /// The length of the block; nil: the stream has not listed it.
    public private(set) var size: Int?
    private var index = -1

    /// - Parameters:
    ///   - idstr: the name of the block.
    ///   - file: empty.
    public init(block idstr: String, in file: any PageStore) {
        self.idstr = idstr
        self.file = file
    }

    /// Gives the file the length of the block.
    ///
    /// - Throws: `output-unwritable`.
    public func blocks(_ blocks: [RAMBlock]) throws(VMStateError) {
        // Nothing of a list before holds when there is another one.
        index = -1
        guard let index = blocks.firstIndex(where: { $0.idstr == idstr }) else { return }
        if size != blocks[index].size { try file.resize(to: blocks[index].size) }
        size = blocks[index].size
        self.index = index
    }

    /// Whether it is this block.
    public func wants(block: Int) -> Bool { block == index }

    /// Writes a page.
    ///
    /// - Throws: `output-unwritable`.
    public func page(_ page: ArraySlice<UInt8>, block: Int, at offset: Int) throws(VMStateError) {
        try unsafe file.write(page.span.bytes, at: offset)
    }

    /// Writes a page of one byte again and again, or leaves a hole.
    ///
    /// - Throws: `output-unwritable`.
    public func fill(_ byte: UInt8, block: Int, at offset: Int, size: Int) throws(VMStateError) {
        if byte == 0 {
            try file.writeZeros(size, at: offset)
        } else {
            try unsafe file.write([UInt8](repeating: byte, count: size).span.bytes, at: offset)
        }
    }

    /// Reads a page back.
    ///
    /// - Throws: `input-unreadable`.
    public func current(block: Int, at offset: Int, size: Int) throws(VMStateError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        _ = try file.read(into: &raw, at: offset)
        return bytes
    }
}
