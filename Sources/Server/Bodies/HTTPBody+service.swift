// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import HTTP

extension HTTPBody {
    /// The body as the engine reads it.
    var source: any StreamSource {
        switch self {
        case .bytes(let bytes): BytesSource(bytes)
        case .file: BodySource(self)
        }
    }

    /// The bytes, for documents, which are read as a whole.
    ///
    /// - Throws: 413 when there are more than `limit` of them, 507 when the disk fails.
    func inMemory(limit: Int) throws(Problem) -> [UInt8] {
        if case .bytes(let bytes) = self { return bytes }
        guard count <= limit else { throw Problem(.contentTooLarge, "a document may have at most \(limit) bytes") }
        do throws(HTTPSpoolError) {
            return try bytes(0..<count)
        } catch {
            throw Problem(error)
        }
    }
}

/// A stream in a file that the server holds.
private final class BodySource: StreamSource {
    private let body: HTTPBody

    init(_ body: HTTPBody) {
        self.body = body
    }

    var size: Int? { body.count }

    func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int {
        do throws(HTTPSpoolError) {
            return try body.read(into: &buffer, at: offset)
        } catch {
            throw .unreadable(at: offset, error.description)
        }
    }
}
