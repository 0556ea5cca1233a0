// SPDX-License-Identifier: Apache-2.0

/// Guest memory at fixed places of the file: the capability mapped-ram.
extension StreamEncoder {
    /// The alignment that QEMU gives a block's pages in the file; direct I/O needs one, and a loader takes any.
    ///
    /// Source: QEMU migration/ram.c, MAPPED_RAM_FILE_OFFSET_ALIGNMENT.
    private static let alignment = 1 << 20

    /// That of a place, where it is smaller.
    private static func alignment(of place: Int) -> Int {
        place == 0 ? alignment : min(alignment, 1 << place.trailingZeroBitCount)
    }

    /// Has the headers say where bitmaps and pages are in the file that comes out, and makes the gaps between them as long as the
    /// alignment there asks for.
    mutating func mappings() {
        guard let base = original.fileOffset else { return }
        // By how much what follows moves in its file; at the end of what was looked at.
        var moved = (fileOffset ?? base) - base
        var end = 0
        let growth = changes.growth
        let mappings = original.blocks.compactMap(\.mapping).sorted { $0.bitmap < $1.bitmap }
        for mapping in mappings {
            moved += growth[end..<mapping.words.lowerBound]
            end = mapping.pages
            guard moved != 0 else { continue }
            let bitmap = base + mapping.bitmap + moved
            let behind = bitmap + mapping.gap.lowerBound - mapping.bitmap
            let alignment = Self.alignment(of: base + mapping.pages)
            let pages = (behind + alignment - 1) / alignment * alignment
            changes.replace(mapping.words, with: [bitmap, pages].flatMap { StreamFraming.wide(UInt64($0)) })
            changes.replace(mapping.gap, withZeros: pages - behind)
            moved += pages - behind - mapping.gap.count
        }
    }
}
