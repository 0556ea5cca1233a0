// SPDX-License-Identifier: Apache-2.0

/// Sections whose format is their own.
extension StreamDocument {
    func write(_ content: PrivateContent, _ object: inout JSONObjectWriter) {
        switch content {
        case .summary(let values):
            for (name, number) in values { object.member(name, number) }
        case .bitmaps(let content):
            object.member(
                "bitmaps",
                array: { array in
                    for entry in content.entries { array.element { write(entry, &$0) } }
                }
            )
            if content.unlisted > 0 { object.member("unlisted_chunks", content.unlisted) }
        case .disks(let content):
            object.member(
                "devices",
                array: { array in
                    for entry in content.entries {
                        array.element { inner in
                            inner.member("name", stream.disks[entry.disk].text)
                            inner.member("blocks", entry.blocks)
                            inner.member("zero_blocks", entry.zeroBlocks)
                        }
                    }
                }
            )
            object.member("blocks", content.blocks)
            object.member("zero_blocks", content.zeroBlocks)
            if let progress = content.progress { object.member("progress", progress) }
        }
    }

    private func write(_ entry: DirtyBitmapContent.Entry, _ object: inout JSONObjectWriter) {
        let bitmap = stream.bitmaps[entry.bitmap]
        object.member("node", bitmap.node)
        object.member("name", bitmap.name)
        object.member("granularity", bitmap.granularity)
        object.member("enabled", bitmap.isEnabled)
        object.member("persistent", bitmap.isPersistent)
        if bitmap.isAutoloading { object.member("autoload", true) }
        if entry.isStarted { object.member("start", true) }
        if entry.isCompleted { object.member("complete", true) }
        guard !entry.chunks.isEmpty else { return }
        object.member(
            "chunks",
            array: { array in
                for chunk in entry.chunks {
                    array.element { inner in
                        inner.member("offset", chunk.range.lowerBound)
                        inner.member("first_sector", chunk.first)
                        inner.member("sectors", chunk.sectors)
                        inner.member("dirty", chunk.dirty)
                        if chunk.dirty > 0 { inner.member("hash", chunk.hash.digits) }
                    }
                }
            }
        )
    }
}

extension UInt64 {
    /// Sixteen hexadecimal digits.
    var digits: String {
        let text = String(self, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}
