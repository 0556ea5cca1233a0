// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import HTTP

/// Room for bodies that may be too large for memory: of requests once they are inflated, and of answers.
struct Spool: Sendable {
    /// Bodies with more bytes than this are in files.
    let threshold: Int
    /// The most bytes of one body.
    let limit: Int
    /// The most bytes of a body with holes, which need no room.
    let sparseLimit: Int
    fileprivate let files: HTTPSpool

    init(_ configuration: ServiceConfiguration) {
        files = configuration.http.spool
        threshold = configuration.memoryBodyBytes
        let room = max(files.maximumBytes, threshold)
        limit = min(configuration.streamBytes ?? .max, room)
        sparseLimit = configuration.streamBytes ?? room
    }

    /// A new, empty file.
    func makeFile() throws(HTTPSpoolError) -> HTTPFileWriter {
        try files.makeFile()
    }

    /// A body that is to be written while another one is needed.
    func output(beside other: HTTPBody) -> SpoolOutput {
        var room = files.maximumBytes
        if case .file = other { room -= other.count }
        // What has no room beside the other will never have it: that is no reason to try again.
        return SpoolOutput(self, limit: min(limit, max(room, threshold)))
    }

    /// The body that engine code writes piece by piece while another one is needed.
    ///
    /// - Throws: 413, 503 or 507 when there is no room, and the engine's errors.
    func body(
        beside other: HTTPBody,
        _ write: ((_ piece: [UInt8]) throws(VMStateError) -> Void) throws(VMStateError) -> Void
    ) throws(Problem) -> HTTPBody {
        let output = output(beside: other)
        var refusal: Problem?
        do throws(VMStateError) {
            try write { piece throws(VMStateError) in
                do throws(Problem) {
                    try output.append(piece)
                } catch {
                    refusal = error
                    throw .unwritable(at: output.count, error.detail)
                }
            }
        } catch {
            throw refusal ?? Problem(error)
        }
        return output.finish()
    }
}

/// A body that is being written: in memory until it is too large for that, then in a file.
final class SpoolOutput {
    private let spool: Spool
    private let limit: Int
    private var bytes: [UInt8] = []
    private var file: HTTPFileWriter?

    fileprivate init(_ spool: Spool, limit: Int) {
        self.spool = spool
        self.limit = limit
    }

    /// Bytes that it has.
    var count: Int { file?.count ?? bytes.count }

    /// Writes a piece behind the others.
    ///
    /// - Throws: 413 when it has more bytes than a body may have, 503 when other files need the room, 507 when the disk
    ///   has none.
    func append(_ piece: [UInt8]) throws(Problem) {
        guard piece.count <= limit - count else {
            throw Problem(.contentTooLarge, "a stream may have at most \(limit) bytes here")
        }
        if file == nil, piece.count <= spool.threshold - bytes.count {
            bytes += piece
            return
        }
        do throws(HTTPSpoolError) {
            let file = if let file { file } else { try spool.files.makeFile() }
            if self.file == nil {
                self.file = file
                try file.append(bytes)
                bytes = []
            }
            try file.append(piece)
        } catch {
            throw Problem(error)
        }
    }

    /// The body as it is now.
    func finish() -> HTTPBody {
        file.map { .file(HTTPFileSlice($0.finish())) } ?? .bytes(bytes)
    }
}

extension Problem {
    /// There is no room for a body, or a file cannot be used.
    init(_ error: HTTPSpoolError) {
        let failure = error.failure
        self.init(failure.status, failure.detail)
        // RFC 9110 §10.2.3.
        if let seconds = failure.retryAfter { headers.append(name: "Retry-After", value: String(seconds)) }
    }
}
