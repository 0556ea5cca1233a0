// SPDX-License-Identifier: Apache-2.0

internal import Engine

extension Output {
    /// Writes a stream that consists of pieces of another one, and shows how far that is.
    ///
    /// - Parameters:
    ///   - pieces: the pieces.
    ///   - source: the other stream.
    ///   - name: what errors call it.
    ///   - path: where the bytes go; nil: standard output.
    /// - Throws: when either cannot be read or written; then nothing is left under `path`.
    static func write(
        _ pieces: [StreamPiece],
        of source: any StreamSource,
        named name: String,
        to path: String?
    ) throws(CommandFailure) {
        let bar = ProgressBar(sizes: pieces.reduce(0) { $0 + $1.count })
        defer { bar?.finish() }
        var written = 0
        func show(_ count: Int) {
            written += count
            bar?.update(written)
        }
        try replace(path, reading: name) { (file) throws(VMStateError) in
            let skip = { (count) throws(VMStateError) in
                try file.writeZeros(count)
                show(count)
            }
            try pieces.write(from: source, skipping: skip) { (bytes) throws(VMStateError) in
                try file.write(bytes)
                show(bytes.count)
            }
        }
    }
}
