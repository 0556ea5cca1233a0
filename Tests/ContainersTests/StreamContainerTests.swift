// SPDX-License-Identifier: Apache-2.0

import Containers
import Engine
import Testing

@Suite struct StreamContainerTests {
    private let stream = Sample.stream

    @Test func aPlainStreamIsGivenAsItIs() throws {
        let source = BytesSource(stream)
        let opened = try StreamContainer.open(source)
        #expect(opened.source === source)
        #expect(opened.format == .migration)
        #expect(opened.containers.isEmpty)
        #expect(opened.fileOffset == 0)
        #expect(try StreamContainer.open(SequentialBytes(stream)).source.rest() == stream)
    }

    @Test func cprStateIsRecognised() throws {
        let opened = try StreamContainer.open(BytesSource([0x51, 0x43, 0x50, 0x52, 0, 0, 0, 1]))
        #expect(opened.format == .cprState)
    }

    @Test func anOffsetIsWhereItStarts() throws {
        var options = StreamContainer.Options()
        options.offset = 77
        let bytes = [UInt8](repeating: 0xff, count: 77) + stream
        for source in [BytesSource(bytes), SequentialBytes(bytes)] as [any StreamSource] {
            let opened = try StreamContainer.open(source, options: options)
            #expect(opened.fileOffset == 77)
            #expect(try opened.source.rest() == stream)
        }
        options.offset = bytes.count + 1
        let behind = failure { try StreamContainer.open(BytesSource(bytes), options: options) }
        #expect(behind?.expected == "an offset of at most \(bytes.count), the size of the file")
        options.offset = -1
        #expect(failure { try StreamContainer.open(BytesSource(bytes), options: options) }?.code == .inputUnreadable)
    }

    @Test func gzipIsInflatedAndSoOn() throws {
        let image = LibvirtImage().bytes(stream)
        let opened = try StreamContainer.open(BytesSource(Sample.gzip(Sample.gzip(image))))
        #expect(opened.containers.map(\.name) == ["gzip", "gzip", "libvirt"])
        #expect(opened.source.size == nil)
        #expect(opened.fileOffset == image.count - stream.count)
        #expect(try opened.source.rest(piece: 11) == stream)
    }

    @Test func whatComesOnceIsSpooledIfAsked() throws {
        var options = StreamContainer.Options()
        options.spoolBytes = stream.count
        for bytes in [stream, try Sample.gzip(stream)] {
            let opened = try StreamContainer.open(SequentialBytes(bytes), options: options)
            #expect(opened.source.size == stream.count)
            #expect(try opened.source.once(5, at: 100) == Array(stream[100..<105]))
            #expect(try opened.source.once(4, at: 0) == Array("QEVM".utf8))
        }
        options.spoolBytes = stream.count - 1
        let error = failure { try StreamContainer.open(SequentialBytes(stream), options: options) }
        #expect(error?.code == .limitExceeded)
        // What can be read anywhere is not copied.
        let source = BytesSource(stream)
        #expect(try StreamContainer.open(source, options: options).source === source)
    }

    @Test func limitsHold() throws {
        var options = StreamContainer.Options()
        options.limits.inflatedBytes = stream.count - 1
        let opened = try StreamContainer.open(BytesSource(Sample.gzip(stream)), options: options)
        #expect(failure { try opened.source.rest() }?.code == .limitExceeded)
        var nested = stream
        for _ in 0..<5 { nested = try Sample.gzip(nested) }
        let deep = failure { try StreamContainer.open(BytesSource(nested)) }
        #expect(deep == .exceeds(expected: "at most 4 containers inside each other"))
        options = StreamContainer.Options()
        options.limits.depth = 5
        #expect(try StreamContainer.open(BytesSource(nested), options: options).source.rest() == stream)
    }

    @Test(
        arguments: [
            ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "xz data; unpack it first: xz -dc"),
            ([0x28, 0xb5, 0x2f, 0xfd], "zstd data; unpack it first: zstd -dc"),
            (Array("BZh9".utf8), "bzip2 data; unpack it first: bzip2 -dc"),
            ([0x04, 0x22, 0x4d, 0x18], "lz4 data; unpack it first: lz4 -dc"),
            ([0x89, 0x4c, 0x5a, 0x4f, 0, 0x0d, 0x0a, 0x1a, 0x0a], "lzop data; unpack it first: lzop -dc"),
        ] as [([UInt8], String)]
    )
    func whatCannotBeUnpackedNamesItsTool(_ magic: [UInt8], _ found: String) {
        let error = failure { try StreamContainer.open(BytesSource(magic + [1, 2, 3])) }
        #expect(error == .unreadable(at: 0, expected: "a migration stream, plain or in gzip", found))
    }

    @Test func whatIsSomethingElseIsNamed() {
        func found(_ bytes: [UInt8]) -> String? { failure { try StreamContainer.open(BytesSource(bytes)) }?.found }
        #expect(found([0x11, 0x22, 0x33, 0x44])?.hasPrefix("a multifd channel") == true)
        #expect(found([0x7f, 0x45, 0x4c, 0x46, 2])?.hasPrefix("an ELF file") == true)
        #expect(found(Array("KDUMP   ".utf8))?.hasPrefix("a kdump file") == true)
        #expect(found([]) == "no bytes")
        #expect(found([1, 0xab]) == "the bytes 01 ab")
        #expect(found(Array("QEV".utf8)) == "the bytes 51 45 56")
        #expect(found([UInt8](repeating: 0, count: 100))?.count == "the bytes ".count + 16 * 3 - 1)
    }

    @Test func aSnapshotIsOfAnImage() {
        var options = StreamContainer.Options()
        options.snapshot = "a\u{1b}[2J"
        let error = failure { try StreamContainer.open(BytesSource(stream), options: options) }
        #expect(error?.expected == #"a qcow2 image with the snapshot "a\u{1b}[2J""#)
    }

    @Test func errorsOfTheSourceComeThrough() {
        #expect(failure { try StreamContainer.open(FailingSource()) }?.found == "a bad sector")
    }
}
