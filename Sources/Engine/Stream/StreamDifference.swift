// SPDX-License-Identifier: Apache-2.0

/// One thing in which two streams, or two states, differ.
public struct StreamDifference: Sendable {
    /// What differs.
    public enum Kind: String, Sendable, CaseIterable {
        /// Something between the header and the first section.
        case configuration
        /// A capability that only one sender has.
        case capability
        /// The target page size.
        case pageSize = "page-size"
        /// A command that only one stream has, or its payload.
        case command
        /// A section that only one stream has.
        case section
        /// The version that was saved.
        case version
        /// A value.
        case value
        /// Bytes of a buffer.
        case buffer
        /// The number of elements.
        case count
        /// A field or element that only one has.
        case field
        /// A subsection that only one sent.
        case subsection
        /// The type of a field.
        case type
        /// The size of a field.
        case size
        /// The bytes of a section that nothing describes, or that one side does not decode.
        case data
        /// What a section says whose format is its own.
        case content
        /// The bits of a dirty bitmap.
        case bitmapBits = "bitmap-bits"
        /// The contents of a disk that was sent along.
        case diskContent = "disk-content"
        /// A block of guest memory that only one has, its length or page size.
        case ramBlock = "ram-block"
        /// How many pages of a kind a block has.
        case ramPages = "ram-pages"
        /// The contents of pages.
        case ramContent = "ram-content"
    }

    /// What one side has.
    public enum Value: Sendable {
        /// Nothing: it is not there.
        case absent
        case integer(Int)
        case boolean(Bool)
        case text(String)
        /// A part of a decoded state.
        case state(JSONNode)
        case bytes([UInt8])
        /// There, and not shown: whole sections.
        case present
    }

    /// What differs.
    public let kind: Kind
    /// The idstr of the section; of what is no section `configuration` or `commands`, of guest memory `ram`.
    public let section: String
    /// The instance id of the section.
    public let instanceID: Int?
    /// Which of the sections of this name and instance it is, counted from 0.
    public let occurrence: Int
    /// Where in the state; a RAM block's name.
    public let path: JSONPointer
    /// The vmdesc's word for the type of a value.
    public let type: String?
    /// What the first stream has.
    public let a: Value
    /// What the second stream has.
    public let b: Value
    /// Where it is in the first stream.
    public let offsetA: Int?
    /// Where it is in the second stream.
    public let offsetB: Int?
    /// Of a buffer the first byte that differs, of guest memory and disks the offset of the first page, block or chunk of bits.
    public let first: Int?
    /// Of a buffer how many bytes differ, of guest memory how many pages, of disks how many blocks, of bitmaps how many chunks.
    public let differing: Int?
    /// Of guest memory the ranges of the block in which every page differs, of disks and bitmaps the ranges of the disk.
    public let ranges: [Range<Int>]
}
