// SPDX-License-Identifier: Apache-2.0

/// Sections whose format is their own.
extension StreamText {
    func write(_ content: PrivateContent, to sink: inout TextSink) throws(VMStateError) {
        func more(_ text: String) throws(VMStateError) {
            try columns.line(at: nil, type: "", depth: 1, text, to: &sink)
        }
        switch content {
        case .summary(let values):
            for (name, number) in values { try more("\(name): \(number)") }
        case .bitmaps(let content):
            for entry in content.entries { try write(entry, to: &sink) }
            if content.unlisted > 0 { try more("chunks that are not listed: \(content.unlisted)") }
        case .disks(let content):
            for entry in content.entries {
                let name = stream.disks[entry.disk].text.printable
                let text = "\"\(name)\" blocks: \(entry.blocks), of zeros \(entry.zeroBlocks)"
                try columns.line(at: nil, type: "disk", depth: 1, text, to: &sink)
            }
            try more("blocks: \(content.blocks), of zeros \(content.zeroBlocks)")
            if let progress = content.progress { try more("progress: \(progress) %") }
        }
    }

    private func write(_ entry: DirtyBitmapContent.Entry, to sink: inout TextSink) throws(VMStateError) {
        let bitmap = stream.bitmaps[entry.bitmap]
        var words = [
            "\"\(bitmap.name.printable)\" of node \"\(bitmap.node.printable)\"", "granularity \(bitmap.granularity)",
        ]
        words.append(bitmap.isEnabled ? "enabled" : "disabled")
        if bitmap.isPersistent { words.append("persistent") }
        if bitmap.isAutoloading { words.append("autoload") }
        if entry.isStarted { words.append("start") }
        if entry.isCompleted { words.append("complete") }
        try columns.line(at: nil, type: "bitmap", depth: 1, words.joined(separator: ", "), to: &sink)
        for chunk in entry.chunks {
            var text = "sectors \(chunk.first) + \(chunk.sectors), \(chunk.dirty) of "
            text += "\(bitmap.granules(chunk.sectors)) bits set"
            if chunk.dirty > 0 { text += ", hash \(chunk.hash.digits)" }
            try columns.line(at: chunk.range, type: "chunk", depth: 2, text, to: &sink)
        }
    }
}
