// SPDX-License-Identifier: Apache-2.0

/// The final content of one RAM block, in memory.
public final class RAMImage: RAMPageSink {
    /// The name of the block.
    public let idstr: String
    /// The content; empty until the block is known.
    public private(set) var bytes: [UInt8] = []
    /// Whether the stream has the block.
    public private(set) var isFound = false
    private let limit: Int
    private var index = -1

    /// - Parameters:
    ///   - idstr: the name of the block.
    ///   - limit: how many bytes it may have.
    public init(block idstr: String, limit: Int) {
        self.idstr = idstr
        self.limit = limit
    }

    /// Makes room for the block, full of zeros.
    public func blocks(_ blocks: [RAMBlock]) throws(VMStateError) {
        guard let index = blocks.firstIndex(where: { $0.idstr == idstr }) else { return }
        self.index = index
        guard !isFound || bytes.count != blocks[index].size else { return }
        isFound = true
        guard blocks[index].size <= limit else {
            throw VMStateError(
                .limitExceeded,
                expected: "a block of at most \(limit) bytes",
                found: "\"\(idstr)\" of \(blocks[index].size)"
            )
        }
        bytes = Array(repeating: 0, count: blocks[index].size)
    }

    /// Whether it is this block.
    public func wants(block: Int) -> Bool { block == index }

    /// Keeps a page.
    public func page(_ page: ArraySlice<UInt8>, block: Int, at offset: Int) throws(VMStateError) {
        bytes.replaceSubrange(offset..<offset + page.count, with: page)
    }

    /// Keeps a page of one byte again and again.
    public func fill(_ byte: UInt8, block: Int, at offset: Int, size: Int) throws(VMStateError) {
        bytes.replaceSubrange(offset..<offset + size, with: repeatElement(byte, count: size))
    }

    /// The page as it is now.
    public func current(block: Int, at offset: Int, size: Int) throws(VMStateError) -> [UInt8] {
        Array(bytes[offset..<offset + size])
    }
}
