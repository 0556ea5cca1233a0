// SPDX-License-Identifier: Apache-2.0

internal import Engine

extension StreamSource {
    /// Reads once into an array's memory.
    func read(into room: inout [UInt8], at offset: Int) throws(VMStateError) -> Int {
        var span = room.mutableSpan
        var bytes = unsafe span.mutableBytes
        return try read(into: &bytes, at: offset)
    }

    /// The `count` bytes from `offset` on, fewer at the end.
    func bytes(upTo count: Int, at offset: Int) throws(VMStateError) -> [UInt8] {
        var room = [UInt8](repeating: 0, count: count)
        var filled = 0
        do {
            var span = room.mutableSpan
            var bytes = unsafe span.mutableBytes
            while filled < count {
                var rest = bytes._mutatingExtracting(droppingFirst: filled)
                let part = try read(into: &rest, at: offset + filled)
                if part == 0 { break }
                filled += part
            }
        }
        room.removeLast(count - filled)
        return room
    }

    /// The `count` bytes from `offset` on.
    ///
    /// - Throws: `input-unreadable`, with the name of what ends too early.
    func bytes(_ count: Int, at offset: Int, of element: String) throws(VMStateError) -> [UInt8] {
        let bytes = try bytes(upTo: count, at: offset)
        guard bytes.count == count else {
            throw .unreadable(
                at: offset + bytes.count,
                expected: "\(count) bytes: \(element)",
                "\(bytes.count) bytes before the end"
            )
        }
        return bytes
    }
}

/// What sources have in common whose bytes come only once.
enum SequentialRead {
    /// Reads and drops the bytes from `position` up to `offset`, or to the end if that comes first.
    ///
    /// - Throws: `input-unreadable` when `offset` lies behind what was read, and what `next` throws.
    static func skip(
        to offset: Int,
        from position: Int,
        next: (inout MutableRawSpan) throws(VMStateError) -> Int
    ) throws(VMStateError) {
        guard offset != position else { return }
        guard offset > position else {
            throw .unreadable(at: offset, expected: "offset \(position) or above", "bytes that went by already")
        }
        var left = offset - position
        var room = [UInt8](repeating: 0, count: min(left, 64 << 10))
        var span = room.mutableSpan
        var bytes = unsafe span.mutableBytes
        while left > 0 {
            var part = bytes._mutatingExtracting(first: min(left, bytes.byteCount))
            let count = try next(&part)
            if count == 0 { return }
            left -= count
        }
    }
}
