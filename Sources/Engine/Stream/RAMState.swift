// SPDX-License-Identifier: Apache-2.0

/// Gets the pages of guest memory as they come.
public protocol RAMPageSink: AnyObject {
    /// The blocks are known: called before any page, and again if the stream lists them again.
    func blocks(_ blocks: [RAMBlock]) throws(VMStateError)
    /// A page as it is.
    func page(_ bytes: ArraySlice<UInt8>, block: Int, at offset: Int) throws(VMStateError)
    /// A page that is filled with one byte.
    func fill(_ byte: UInt8, block: Int, at offset: Int, size: Int) throws(VMStateError)
    /// The page as it was left by the records before; zeros if none was.
    func current(block: Int, at offset: Int, size: Int) throws(VMStateError) -> [UInt8]
    /// Whether the pages of a block are wanted at all.
    func wants(block: Int) -> Bool
}

/// What RAM sections have to remember from one to the next.
struct RAMState {
    var pageSize = 4096
    var isPageSizeKnown = false
    /// Whether the page size was looked for in this section.
    var isProbed = false
    var isIgnoringShared = false
    var isMapped = false
    var blocks: [RAMBlock] = []
    /// The bits that the sizes of blocks have together: those of a page are not among them.
    var sizes = 0
    /// Blocks by name.
    var indexes: [[UInt8]: Int] = [:]
    /// The block of the last page record, for CONTINUE; -1: none yet.
    var last = -1
    /// Which pages came, a bit for each; empty where that is not counted, and before the first page.
    var sent: [[UInt64]] = []
    /// How many words of such bits a stream may still ask for.
    var sentRoom = 4 * ((1 << 40) / 4096 / 64)
    /// Whether the words of the bitmaps there have their most significant byte first; nil: not known yet.
    var isBitmapSwapped: Bool?
    var counts = RAMCounts()
    /// Whether other channels were waited for, on which pages may have come.
    var hasFlushed = false
}
