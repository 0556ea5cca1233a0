// SPDX-License-Identifier: Apache-2.0

internal import Containers
internal import Engine
internal import HTTP

extension Routes {
    /// A stream that was sent, and what it came in.
    struct SentStream {
        let source: any StreamSource
        /// Where it starts in its file.
        var fileOffset = 0
        var saveImage: LibvirtSaveImage?
    }

    /// The stream in a body or a part of one: bare, or in a container that is known by its magic.
    ///
    /// What is compressed is unpacked into the spool, within the limits of a stream that comes with a `Content-Encoding`.
    ///
    /// - Throws: what makes the container unreadable; 413, 503 or 507 when there is no room to unpack it.
    static func opened(_ content: HTTPBody, _ request: RouteRequest, _ spool: Spool) throws(Problem) -> SentStream {
        let source = content.source
        var options = StreamContainer.Options()
        options.offset = request.head.queryValue("at").flatMap { Int($0) } ?? 0
        options.snapshot = request.head.queryValue("snapshot")
        options.limits.inflatedBytes = spool.limit
        let isPlain = options.offset == 0 && options.snapshot == nil
        let stream = try run { () throws(VMStateError) -> SentStream in
            // What is no container is for the caller to judge.
            if isPlain, try !StreamContainer.isContainer(source) { return SentStream(source: source) }
            let opened = try StreamContainer.open(source, options: options)
            return SentStream(source: opened.source, fileOffset: opened.fileOffset, saveImage: opened.saveImage)
        }
        guard let size = stream.source.size else {
            let unpacked = try unpacked(stream.source, beside: content, spool)
            return SentStream(source: unpacked, fileOffset: stream.fileOffset, saveImage: stream.saveImage)
        }
        // An image can have any number of bytes that are nowhere.
        guard size <= spool.limit else {
            throw Problem(.contentTooLarge, "a stream may have at most \(spool.limit) bytes here, not \(size)")
        }
        return stream
    }

    private static func unpacked(
        _ stream: any StreamSource,
        beside content: HTTPBody,
        _ spool: Spool
    ) throws(Problem) -> any StreamSource {
        try spool.body(beside: content) { (append) throws(VMStateError) in
            var offset = 0
            while true {
                var piece = [UInt8](repeating: 0, count: 256 << 10)
                var span = piece.mutableSpan
                var room = unsafe span.mutableBytes
                let count = try stream.read(into: &room, at: offset)
                guard count > 0 else { return }
                piece.removeLast(piece.count - count)
                try append(piece)
                offset += count
            }
        }.source
    }
}
