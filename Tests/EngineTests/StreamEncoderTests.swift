// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Streams that are written from their documents.
@Suite(.serialized) struct StreamEncoderTests {
    private func join(_ pieces: [StreamPiece], _ source: [UInt8]) -> [UInt8] {
        pieces.flatMap { piece -> ArraySlice<UInt8> in
            switch piece {
            case .source(let range): source[range]
            case .bytes(let bytes): bytes[...]
            }
        }
    }

    /// Every device section and the vmdesc are written anew, none is copied.
    @Test(.enabled(if: !SharedStreams.names.isEmpty, "needs ../shared/streams"), arguments: SharedStreams.names)
    func writesItsDocument(_ name: String) throws {
        let bytes = try SharedStreams.bytes(name)
        let stream = try MigrationStream(reading: BytesSource(bytes))
        let document = try JSONDocument(parsing: try StreamDocument(stream).json().text)
        let pieces = try StreamEncoder(stream, size: bytes.count, encodesAll: true).pieces(for: document.root)
        let written = join(pieces, bytes)
        #expect(written == bytes)
        let copied = pieces.reduce(0) { sum, piece in
            guard case .source(let range) = piece else { return sum }
            return sum + range.count
        }
        let described = stream.sections.filter { $0.device != nil }.reduce(0) { $0 + $1.range.count }
        #expect(copied <= bytes.count - described)
    }
}
