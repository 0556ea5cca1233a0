// SPDX-License-Identifier: Apache-2.0

public import Engine

/// The final content of one RAM block, in a file with holes where it is zero.
public final class RAMFile: RAMPageSink {
    /// The name of the block.
    public let idstr: String
    /// The file.
    public let file: SparseFile
    /// The length of the block; nil: the stream has not listed it.
    public private(set) var size: Int?
    private var index = -1

    /// - Parameters:
    ///   - idstr: the name of the block.
    ///   - file: an empty file.
    public init(block idstr: String, in file: SparseFile) {
        self.idstr = idstr
        self.file = file
    }

    /// Gives the file the length of the block.
    ///
    /// - Throws: `output-unwritable`.
    public func blocks(_ blocks: [RAMBlock]) throws(VMStateError) {
        guard let index = blocks.firstIndex(where: { $0.idstr == idstr }) else { return }
        self.index = index
        guard size != blocks[index].size else { return }
        size = blocks[index].size
        try file.resize(to: blocks[index].size)
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
            try file.write([UInt8](repeating: byte, count: size), at: offset)
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
