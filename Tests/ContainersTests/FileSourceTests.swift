// SPDX-License-Identifier: Apache-2.0

import Containers
import Engine
import Foundation
import Testing

@Suite struct FileSourceTests {
    @Test func aFileIsReadAnywhere() throws {
        let bytes = Sample.bytes(5000)
        let file = try ScratchFile(bytes)
        let source = try FileSource(path: file.path)
        #expect(source.size == 5000)
        #expect(try source.rest(piece: 999) == bytes)
        #expect(try source.once(10, at: 4000) == Array(bytes[4000..<4010]))
        #expect(try source.once(10, at: 4995) == Array(bytes[4995...]))
        #expect(try source.once(10, at: 5000).isEmpty)
        #expect(try source.once(10, at: .max).isEmpty)
        #expect(try source.once(10, at: -1).isEmpty)
    }

    @Test func whatCannotBeOpenedIsNamed() throws {
        let missing = failure { try FileSource(path: "/nonexistent/stream") }
        #expect(missing == .unreadable("/nonexistent/stream: No such file or directory"))
        #expect(failure { try FileSource(path: "/tmp") } == .unreadable("/tmp: Is a directory"))
        #expect(failure { try StreamFile.open(path: "/tmp") } == .unreadable("/tmp: Is a directory"))
        #expect(failure { try FileSource(path: "/dev/null") }?.found?.contains("neither a regular file") == true)
        let closed = failure { try FileSource(descriptor: -1, closes: false, name: "it") }
        #expect(closed == .unreadable("it: Bad file descriptor"))
    }

    @Test func aDescriptorIsClosedOnlyIfItIsToBe() throws {
        let file = try ScratchFile([1, 2, 3])
        let descriptor = unsafe open(file.path, O_RDONLY)
        try #require(descriptor >= 0)
        do { #expect(try FileSource(descriptor: descriptor, closes: false).rest() == [1, 2, 3]) }
        #expect(fcntl(descriptor, F_GETFD) >= 0)
        let second = unsafe open(file.path, O_RDONLY)
        do { #expect(try FileSource(descriptor: second, closes: true).rest() == [1, 2, 3]) }
        // The number is free again; a test beside this one may have taken it, but not for this file.
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(second)")
        #expect(link != file.path)
        close(descriptor)
    }

    @Test func holesAreKnown() throws {
        let file = try ScratchFile([])
        let (start, end) = (1 << 20, 4 << 20)
        do {
            let sparse = try SparseFile(path: file.path)
            try sparse.resize(to: end)
            try sparse.write([1], at: start)
        }
        let source = try FileSource(path: file.path)
        #expect(source.zeros(at: 0) == start)
        #expect(source.zeros(at: start) == 0)
        #expect(source.zeros(at: 2 << 20) == 2 << 20)
        #expect(source.zeros(at: end) == 0 && source.zeros(at: -1) == 0)
        let window = WindowSource(source, offset: 500, size: 1000)
        #expect(window.zeros(at: 0) == 1000 && window.zeros(at: 999) == 1 && window.zeros(at: 1000) == 0)
        let peeked = try PeekedSource(source, count: 10)
        #expect(peeked.zeros(at: 9) == 0 && peeked.zeros(at: 10) == start - 10)
        // What is not there any more is no hole.
        try #require(unsafe truncate(file.path, 3 << 20) == 0)
        #expect(source.zeros(at: 2 << 20) == 0)
    }

    @Test func aFileThatWasCutSinceEndsEarly() throws {
        let file = try ScratchFile(Sample.bytes(100))
        let source = try FileSource(path: file.path)
        try #require(unsafe truncate(file.path, 40) == 0)
        #expect(try source.rest().count == 40)
    }

    @Test func standardInputOfAFileIsWhatIsLeftOfIt() throws {
        let file = try ScratchFile(Sample.bytes(100))
        let descriptor = unsafe open(file.path, O_RDONLY)
        defer { close(descriptor) }
        lseek(descriptor, 30, SEEK_SET)
        let source = try StreamFile.open(descriptor: descriptor)
        #expect(source.size == 70)
        #expect(try source.rest() == Array(Sample.bytes(100)[30...]))
        #expect(lseek(descriptor, 0, SEEK_CUR) == 30)
    }

    @Test func aSequentialSourceIsSpooled() throws {
        let bytes = Sample.bytes(600_000)
        let file = try FileSource.spooling(SequentialBytes(bytes, step: 70_001), limit: 600_000)
        #expect(file.size == 600_000)
        #expect(try file.once(100, at: 599_950) == Array(bytes[599_950...]))
        #expect(try file.rest(piece: 100_000) == bytes)
        let above = failure { try FileSource.spooling(SequentialBytes(bytes, step: 70_001), limit: 599_999) }
        #expect(above?.code == .limitExceeded)
        let nowhere = failure { try FileSource.spooling(BytesSource([1]), limit: 1, directory: "/nonexistent") }
        #expect(nowhere?.code == .outputUnwritable)
        #expect(nowhere?.rule.description == "VMDOC008")
        #expect(failure { try FileSource.spooling(FailingSource(), limit: 1) }?.found == "a bad sector")
    }
}

@Suite struct PipeSourceTests {
    private func pipe(_ body: (Int32, FileHandle) throws -> Void) throws {
        let pipe = Pipe()
        try body(pipe.fileHandleForReading.fileDescriptor, pipe.fileHandleForWriting)
    }

    @Test func aPipeIsReadInOrderAndSkipsForwards() throws {
        let bytes = Sample.bytes(3000)
        try pipe { descriptor, writer in
            try writer.write(contentsOf: Data(bytes))
            try writer.close()
            let source = try StreamFile.open(descriptor: descriptor)
            #expect(source is PipeSource)
            #expect(source.size == nil)
            #expect(try source.once(10, at: 0) == Array(bytes[..<10]))
            #expect(try source.once(10, at: 500) == Array(bytes[500..<510]))
            let back = failure { try source.once(10, at: 509) }
            #expect(back?.offset == 509)
            #expect(back?.expected == "offset 510 or above")
            #expect(try source.rest(from: 510) == Array(bytes[510...]))
            #expect(try source.once(1, at: 3000).isEmpty)
            #expect(try source.once(1, at: 9000).isEmpty)
        }
    }

    @Test func aNonBlockingPipeIsWaitedFor() throws {
        try pipe { descriptor, writer in
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            let late = Thread {
                Thread.sleep(forTimeInterval: 0.05)
                try? writer.write(contentsOf: Data([1, 2, 3]))
                try? writer.close()
            }
            late.start()
            let bytes = try PipeSource(descriptor: descriptor).rest()
            #expect(bytes == [1, 2, 3])
        }
    }

    @Test func aNamedPipeIsOne() throws {
        let file = try ScratchFile()
        try #require(unsafe mkfifo(file.path, 0o600) == 0)
        let path = file.path
        let writer = Thread {
            if let handle = FileHandle(forWritingAtPath: path) {
                try? handle.write(contentsOf: Data([7, 8, 9]))
                try? handle.close()
            }
        }
        writer.start()
        let source = try StreamFile.open(path: path)
        #expect(source.size == nil)
        #expect(try source.rest() == [7, 8, 9])
    }

    @Test func anErrorOfTheSystemHasItsPlace() throws {
        let error = failure { try PipeSource(descriptor: -1, name: "it").once(1, at: 0) }
        #expect(error == .unreadable(at: 0, "it: Bad file descriptor"))
    }
}
