// SPDX-License-Identifier: Apache-2.0

internal import Engine

/// Pieces of the L1 and L2 tables, at most 256 KiB of them.
struct Qcow2TableCache {
    private let source: any StreamSource
    private let fileSize: Int
    private var pieces: [Int: [UInt8]] = [:]
    private var last: (start: Int, bytes: [UInt8]) = (-1, [])

    private static let pieceSize = 4096
    private static let mostPieces = 64

    init(_ source: any StreamSource, fileSize: Int) {
        self.source = source
        self.fileSize = fileSize
    }

    /// The big-endian word at `offset` of the image, a multiple of 8.
    ///
    /// - Throws: `input-unreadable` outside the image.
    mutating func word(at offset: Int) throws(VMStateError) -> UInt64 {
        guard offset >= 0, offset % 8 == 0, offset <= fileSize - 8 else {
            throw .unreadable(at: offset, expected: "a table entry inside the image", "the end at \(fileSize)")
        }
        let start = offset / Self.pieceSize * Self.pieceSize
        if last.start != start { last = (start, try piece(start)) }
        let bytes = last.bytes
        var word: UInt64 = 0
        for index in offset - start..<offset - start + 8 {
            word = word << 8 | UInt64(bytes[index])
        }
        return word
    }

    private mutating func piece(_ start: Int) throws(VMStateError) -> [UInt8] {
        if let bytes = pieces[start] { return bytes }
        let count = min(Self.pieceSize, fileSize - start)
        let bytes = try source.bytes(count, at: start, of: "a table of a qcow2 image")
        // Streams are read in order, mostly: what was used before is of no more use than anything else.
        if pieces.count >= Self.mostPieces { pieces.removeAll(keepingCapacity: true) }
        pieces[start] = bytes
        return bytes
    }
}
