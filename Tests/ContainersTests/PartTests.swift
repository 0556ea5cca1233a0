// SPDX-License-Identifier: Apache-2.0

import Containers
import Engine
import Foundation
import Testing

@Suite struct WindowSourceTests {
    private let bytes = Sample.bytes(100)

    @Test(arguments: [(0, nil, 0, 100), (10, nil, 10, 100), (10, 20, 10, 30), (90, 20, 90, 100), (100, 5, 100, 100)])
    func aPartIsRead(_ offset: Int, _ size: Int?, _ start: Int, _ end: Int) throws {
        let window = WindowSource(BytesSource(bytes), offset: offset, size: size)
        #expect(window.size == end - start)
        #expect(try window.rest(piece: 3) == Array(bytes[start..<end]))
        #expect(try window.once(50, at: end - start).isEmpty)
        #expect(try window.once(50, at: .max).isEmpty)
        #expect(try window.once(50, at: -1).isEmpty)
    }

    @Test func ofWhatHasNoSizeNeitherHasAPart() throws {
        let window = WindowSource(SequentialBytes(bytes), offset: 20, size: 30)
        #expect(window.size == nil)
        #expect(try window.once(5, at: 10) == Array(bytes[30..<35]))
        #expect(try window.rest(from: 15) == Array(bytes[35..<50]))
    }

    @Test func aPartBehindTheEndIsEmpty() throws {
        #expect(WindowSource(BytesSource(bytes), offset: 200).size == 0)
        #expect(WindowSource(BytesSource(bytes), offset: .max, size: .max).size == 0)
        #expect(try WindowSource(SequentialBytes(bytes), offset: .max, size: .max).rest().isEmpty)
    }
}

@Suite struct PeekedSourceTests {
    @Test(arguments: [0, 1, 16, 99, 100, 200])
    func nothingIsLostByLooking(_ count: Int) throws {
        let bytes = Sample.bytes(100)
        let source = try PeekedSource(SequentialBytes(bytes), count: count)
        #expect(source.prefix == Array(bytes.prefix(count)))
        #expect(source.size == nil)
        #expect(try source.rest(piece: 9) == bytes)
        #expect(try PeekedSource(BytesSource(bytes), count: count).size == 100)
    }
}

@Suite struct SparseFileTests {
    @Test func pagesAreWrittenAnywhereAndReadBack() throws {
        let file = try ScratchFile([9, 9, 9])
        let sparse = try SparseFile(path: file.path)
        try sparse.resize(to: 1 << 30)
        let page = Sample.bytes(4096)
        try sparse.write(page, at: 512 << 20)
        try sparse.writeZeros(4096, at: 600 << 20)
        try sparse.writeZeros(4096, at: 100 << 20)
        let source = try sparse.source()
        #expect(source.size == 1 << 30)
        #expect(try source.once(4096, at: 512 << 20) == page)
        #expect(try source.once(3, at: 0) == [0, 0, 0])
        #expect(try source.once(4096, at: 100 << 20).allSatisfy { $0 == 0 })
    }

    @Test func zerosOverwriteWhatWasThere() throws {
        let sparse = try SparseFile()
        try sparse.resize(to: 300_000)
        let bytes = [UInt8](repeating: 0xaa, count: 200_000)
        try sparse.write(bytes, at: 1000)
        try sparse.writeZeros(150_000, at: 500)
        try sparse.writeZeros(.max, at: 200_900)
        var expected = [UInt8](repeating: 0, count: 300_000)
        expected.replaceSubrange(150_500..<200_900, with: bytes[..<50_400])
        #expect(try sparse.source().rest(piece: 70_000) == expected)
        try sparse.resize(to: 10)
        try sparse.resize(to: 300_000)
        #expect(try sparse.source().rest(piece: 300_000).allSatisfy { $0 == 0 })
    }

    @Test func aHoleTakesNoRoom() throws {
        let file = try ScratchFile()
        let sparse = try SparseFile(path: file.path)
        try sparse.resize(to: 256 << 20)
        for page in 0..<64 {
            try sparse.writeZeros(4096, at: page << 20)
        }
        var status = stat()
        try #require(unsafe stat(file.path, &status) == 0)
        #expect(Int(status.st_blocks) * 512 < 1 << 20)
    }

    @Test func whatCannotBeWrittenIsNamed() throws {
        let missing = failure { try SparseFile(path: "/nonexistent/ram") }
        #expect(missing == .unwritable("/nonexistent/ram: No such file or directory"))
        #expect(missing?.code.description == "output-unwritable")
        // A device that is always full.
        let full = try SparseFile(path: "/dev/full")
        #expect(failure { try full.write([1], at: 5) } == .unwritable(at: 5, "/dev/full: No space left on device"))
        let sparse = try SparseFile()
        #expect(failure { try sparse.resize(to: -1) }?.code == .outputUnwritable)
        #expect(failure { try sparse.write([1], at: -1) }?.code == .outputUnwritable)
        #expect(failure { try sparse.write([1], at: .max) }?.code == .outputUnwritable)
    }
}
