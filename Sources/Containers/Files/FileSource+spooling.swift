// SPDX-License-Identifier: Apache-2.0

public import Engine

extension FileSource {
    /// Copies a source into a temporary file without a name, so that any byte can be read at any time.
    ///
    /// - Parameters:
    ///   - source: read from its first byte to its end.
    ///   - limit: how many bytes it may have.
    ///   - directory: where the file is; without it the folder that `TMPDIR` names, or `/var/tmp`.
    /// - Returns: the file.
    /// - Throws: `limit-exceeded`, `output-unwritable`, and what the source throws.
    public static func spooling(
        _ source: any StreamSource,
        limit: Int,
        directory: String? = nil
    ) throws(VMStateError) -> FileSource {
        let file = try SparseFile(temporaryIn: directory)
        var room = [UInt8](repeating: 0, count: 256 << 10)
        var position = 0
        while true {
            let count = try source.read(into: &room, at: position)
            if count == 0 { return try file.source() }
            guard count <= limit - position else {
                throw .exceeds(at: position, expected: "at most \(limit) bytes for a copy of the stream")
            }
            try unsafe file.write(room.span.bytes.extracting(first: count), at: position)
            position += count
        }
    }
}
