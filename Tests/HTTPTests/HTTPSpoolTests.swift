// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import HTTP

@Suite("Files without a name")
struct HTTPSpoolTests {
    private let directory = SpoolDirectory()

    @Test("a file is what was written, wherever it was written", arguments: [false, true])
    func written(inTwoSteps: Bool) throws {
        let spool = HTTPSpool(
            directory: directory.path,
            maximumBytes: 1_000,
            open: inTwoSteps ? UnnamedFile.openAndUnlink : UnnamedFile.open
        )
        let writer = try spool.makeFile()
        #expect(directory.openFiles == 1 && directory.nameCount == 0)
        try writer.append([1, 2, 3])
        try writer.write([9], at: 1)
        try writer.write([7], at: 5)
        try writer.extend(to: 8)
        try writer.extend(to: 2)
        let body = HTTPBody.file(HTTPFileSlice(writer.finish()))
        #expect(try body.bytes(0..<100) == [1, 9, 3, 0, 0, 7, 0, 0])
        #expect(try body.slice(2..<6).bytes(1..<9) == [0, 0, 7])
        #expect(try body.slice(2..<6).slice(3..<4).bytes(0..<1) == [7])
        #expect(spool.heldBytes == 8)
    }

    @Test("a body reads the same from memory")
    func memory() throws {
        let body = HTTPBody.bytes([1, 9, 3, 0, 0, 7, 0, 0])
        #expect(try body.slice(2..<6).bytes(1..<9) == [0, 0, 7])
        var room = [UInt8](repeating: 0xFF, count: 4)
        var span = room.mutableSpan
        var bytes = unsafe span.mutableBytes
        #expect(try body.read(into: &bytes, at: 5) == 3)
        #expect(try body.read(into: &bytes, at: 8) == 0)
        #expect(room == [7, 0, 0, 0xFF])
    }

    @Test("bytes count once, and until the last reference is gone")
    func counted() throws {
        let spool = HTTPSpool(directory: directory.path, maximumBytes: 10)
        var file: HTTPFile?
        do {
            let writer = try spool.makeFile()
            try writer.append([1, 2, 3])
            try writer.write([4, 5], at: 0)
            file = writer.finish()
        }
        #expect(file?.count == 3 && spool.heldBytes == 3)
        let other = try spool.makeFile()
        #expect(throws: HTTPSpoolError.full) { try other.extend(to: 8) }
        #expect(throws: HTTPSpoolError.tooLarge) { try other.extend(to: 11) }
        #expect(throws: HTTPSpoolError.tooLarge) { try other.write([1], at: .max) }
        #expect(throws: HTTPSpoolError.tooLarge) { try other.write([1], at: -1) }
        #expect(spool.heldBytes == 3)
        try other.extend(to: 7)
        file = nil
        #expect(spool.heldBytes == 7)
        #expect(directory.openFiles == 1)
    }

    @Test("why a file cannot be made or written is told, and what to answer")
    func errors() throws {
        #expect(throws: HTTPSpoolError.system(ENOENT)) { try HTTPSpool(directory: "/nowhere").check() }
        #expect(throws: HTTPSpoolError.system(ENOTDIR)) { try HTTPSpool(directory: "/dev/null").check() }
        try HTTPSpool(directory: directory.path).check()
        #expect(HTTPSpoolError.system(EROFS).failure.status.rawValue == 507)
        #expect(HTTPSpoolError.system(EDQUOT).failure.detail.hasSuffix("Disk quota exceeded"))
        #expect(HTTPSpoolError.full.failure.retryAfter != nil)
        #expect(HTTPSpoolError.tooLarge.failure.status.rawValue == 413)
    }
}
