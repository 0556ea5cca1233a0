// SPDX-License-Identifier: Apache-2.0

package import Engine

/// A source that nobody knows the size of, and that gives a few bytes at a time.
package final class PipeSource: StreamSource {
    private let bytes: BytesSource
    private let chunk: Int
    private var position = 0
    /// Whether an offset was asked for that is gone.
    package private(set) var wentBack = false

    package init(_ bytes: [UInt8], chunk: Int = 7919) {
        self.bytes = BytesSource(bytes)
        self.chunk = chunk
    }

    package var size: Int? { nil }

    package func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int {
        if offset < position { wentBack = true }
        var part = buffer._mutatingExtracting(0..<min(buffer.byteCount, chunk))
        let count = try bytes.read(into: &part, at: offset)
        position = offset + count
        return count
    }
}

/// What must hold for every sequence of bytes that may be a migration stream.
///
/// Each check gives nil, or says in a sentence what does not hold; tests and the fuzz target share them.
package enum StreamChecks {
    /// Takes the pages of any stream without keeping them.
    private final class Sink: RAMPageSink {
        private var blocks: [RAMBlock] = []
        var violation: String?

        func blocks(_ blocks: [RAMBlock]) { self.blocks = blocks }

        private func check(_ block: Int, _ offset: Int, _ size: Int) {
            guard blocks.indices.contains(block), offset >= 0, offset <= blocks[block].size - size else {
                violation = "a page outside of its block"
                return
            }
        }

        func page(_ bytes: ArraySlice<UInt8>, block: Int, at offset: Int) { check(block, offset, bytes.count) }

        func fill(_ byte: UInt8, block: Int, at offset: Int, size: Int) { check(block, offset, size) }

        func current(block: Int, at offset: Int, size: Int) -> [UInt8] { Array(repeating: 0, count: size) }

        func wants(block: Int) -> Bool { block % 2 == 0 }
    }

    /// Bytes are read from a file and from a pipe, and what was read is shown, with places inside the stream.
    package static func stream(_ bytes: [UInt8]) -> String? {
        let isFile = Result { () throws(VMStateError) in try check(BytesSource(bytes), bytes.count) }
        if let violation = everything(bytes) { return violation }
        let pipe = PipeSource(bytes, chunk: 61)
        let isPipe = Result { () throws(VMStateError) in try check(pipe, bytes.count) }
        if pipe.wentBack { return "a pipe was asked for what is gone" }
        switch (isFile, isPipe) {
        case (.success(let violation), .success(let other)): return violation ?? other.map { "of a pipe: \($0)" }
        case (.failure(let error), .failure(let other)):
            return error.offset == other.offset && error.rule == other.rule ? nil : "\(error), of a pipe \(other)"
        case (.failure(let error), _): return "only a file is no stream: \(error)"
        case (_, .failure(let error)): return "only a pipe is no stream: \(error)"
        }
    }

    private static func check(_ source: any StreamSource, _ size: Int) throws(VMStateError) -> String? {
        var options = MigrationStream.ReadOptions()
        let sink = Sink()
        options.pages = sink
        let stream = try MigrationStream(reading: source, options, limits: limits)
        if let violation = sink.violation { return violation }
        for finding in stream.findings where !(0...size).contains(finding.offset ?? -1) || finding.message.isEmpty {
            return "no place or no words: \(finding)"
        }
        if stream.understood > size { return "more understood than there is" }
        for section in stream.sections where !(0...size).contains(section.payload.upperBound) {
            return "a section ends behind the stream"
        }
        var shown = StreamDocument.Options()
        shown.answer.recordsOffsets = true
        let text: [UInt8]
        do throws(VMStateError) {
            text = try StreamDocument(stream, shown, limits: limits).json().text
        } catch {
            return error.code == .limitExceeded ? nil : "it cannot be shown: \(error)"
        }
        let document = Result { () throws(JSONError) in try JSONDocument(parsing: text, duplicates: .noted) }
        guard case .success(let document) = document else { return "what is shown is no JSON: \(document)" }
        for leaf in document.root["offsets"]?.elements ?? [] {
            guard let offset = leaf["offset"]?.int, let length = leaf["size"]?.int, offset >= 0, offset <= size - length
            else {
                return "a leaf lies behind the end"
            }
        }
        return nil
    }

    /// A document of everything stands for these bytes, or is refused; so does any other beside the stream, and an edit that
    /// changes nothing.
    package static func everything(_ bytes: [UInt8]) -> String? {
        var request = StreamRequest(limits: limits)
        let source = BytesSource(bytes)
        guard let stream = try? request.read(source) else { return nil }
        if let written = try? request.pieces(patching: stream, with: [], size: bytes.count)
            .bytes(of: source, limit: limits.outputBytes), written != bytes
        {
            return "an edit that changes nothing gives other bytes"
        }
        for isRaw in [false, true] {
            request.isRaw = isRaw
            guard let text = try? request.document(stream, of: source).text,
                let document = try? JSONDocument(
                    parsing: text,
                    maximumDepth: limits.jsonDepth + 8,
                    duplicates: .noted
                )
            else { return nil }
            let beside = try? request.pieces(for: document.root, stream, size: bytes.count)
                .bytes(of: source, limit: limits.outputBytes)
            if let beside, beside != bytes { return "a document and its stream encode to other bytes, raw: \(isRaw)" }
            guard isRaw, let alone = try? StreamRequest.bytes(of: document.root, limits: limits) else { continue }
            if alone != bytes { return "a document of everything encodes to other bytes" }
        }
        return nil
    }

    /// Small enough for thousands of runs a second.
    package static let limits: Limits = {
        var limits = Limits()
        limits.outputBytes = 1 << 22
        limits.stateWords = 1 << 17
        limits.emptyElements = 1 << 10
        limits.steps = 1 << 18
        limits.streamWindow = 1 << 16
        limits.streamItems = 1 << 10
        limits.heldBytes = 1 << 17
        limits.findings = 8
        return limits
    }()
}
