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
        try replace(path) { (write) throws(CommandFailure) in
            do throws(VMStateError) {
                try pieces.write(from: source) { (bytes) throws(VMStateError) in
                    do throws(CommandFailure) {
                        try write(bytes)
                        written += bytes.count
                        bar?.update(written)
                    } catch {
                        throw .unwritable(error.message)
                    }
                }
            } catch {
                throw .unreadable(error.code == .outputUnwritable ? error.found ?? "" : "\(name): error: \(error)")
            }
        }
    }
}
