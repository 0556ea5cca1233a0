// SPDX-License-Identifier: Apache-2.0

// Bodies that go to files.
extension Conversation {
    /// The body, wherever it is.
    mutating func takeBody() -> HTTPBody {
        defer { body = [] }
        guard let file else { return .bytes(body) }
        self.file = nil
        return .file(HTTPFileSlice(file.finish()))
    }

    /// Opens the file for a body whose declared length calls for one.
    ///
    /// Nothing is reserved for it: bytes count when they come.
    ///
    /// - Returns: why there is no room.
    mutating func spoolDeclared(_ length: Int) -> HTTPFailure? {
        do throws(HTTPSpoolError) {
            try context.spool.expect(length)
            file = try context.spool.makeFile()
            return nil
        } catch {
            return error.failure
        }
    }

    /// Writes a piece of the body to its file, behind what was held in memory so far.
    ///
    /// - Returns: why it could not be written.
    mutating func spool(_ piece: Span<UInt8>) -> HTTPFailure? {
        do throws(HTTPSpoolError) {
            let file = if let file { file } else { try context.spool.makeFile() }
            self.file = file
            if heldBodyBytes > 0 {
                try file.append(body)
                times.transferred(fileBytes: body.count)
                context.held.release(heldBodyBytes)
                heldBodyBytes = 0
                body = []
            }
            try unsafe file.append(piece.bytes)
            times.transferred(fileBytes: piece.count)
            return nil
        } catch {
            return error.failure
        }
    }
}
