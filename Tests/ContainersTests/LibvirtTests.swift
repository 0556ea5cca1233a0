// SPDX-License-Identifier: Apache-2.0

import Containers
import Engine
import Testing

/// A save image as `virQEMUSaveDataWrite` of libvirt's src/qemu/qemu_saveimage.c lays it out.
struct LibvirtImage {
    var magic = "LibvirtQemudSave"
    var version: UInt32 = 2
    var wasRunning: UInt32 = 1
    var format: UInt32 = 0
    var xml =
        "<domain type='kvm'>\n  <name>web&amp;db</name>\n  <uuid>c7a5fdbd-cdaf-9455-926a-d65c16db1809</uuid>\n</domain>"
    var cookie: String?
    /// libvirt leaves 64 KiB of zeros, so that the XML can be edited.
    var padding = 100
    var isBigEndian = false
    var dataLength: UInt32?

    func bytes(_ stream: [UInt8]) -> [UInt8] {
        var data = Array(xml.utf8) + [0]
        let cookieOffset = cookie == nil ? 0 : UInt32(data.count)
        if let cookie { data += Array(cookie.utf8) + [0] }
        data += [UInt8](repeating: 0, count: padding)
        let words =
            [version, dataLength ?? UInt32(data.count), wasRunning, format, cookieOffset]
            + [UInt32](repeating: 0, count: 14)
        let header = words.flatMap { word in
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
            return isBigEndian ? bytes.reversed() : bytes
        }
        return Array(magic.utf8) + header + data + stream
    }
}

@Suite struct LibvirtTests {
    private let stream = Sample.stream

    private func open(_ bytes: [UInt8]) throws -> OpenedStream {
        try StreamContainer.open(BytesSource(bytes))
    }

    @Test(arguments: [false, true])
    func aRawImageIsRead(_ isBigEndian: Bool) throws {
        var image = LibvirtImage()
        image.isBigEndian = isBigEndian
        image.cookie = "<cookie><name>not this</name></cookie>"
        let bytes = image.bytes(stream)
        let opened = try open(bytes)
        #expect(opened.format == .migration)
        #expect(try opened.source.rest() == stream)
        #expect(opened.source.size == stream.count)
        #expect(opened.fileOffset == bytes.count - stream.count)
        let container = try #require(opened.containers.first)
        #expect(opened.containers.count == 1)
        #expect(container.contentOffset == opened.fileOffset)
        guard case .libvirt(let header) = container.kind else {
            Issue.record("not a libvirt image")
            return
        }
        #expect(header.version == 2)
        #expect(header.format == .raw)
        #expect(header.wasRunning)
        #expect(header.name == "web&db")
        #expect(header.uuid == "c7a5fdbd-cdaf-9455-926a-d65c16db1809")
        #expect(header.domainXML == image.xml)
        let place = bytes.count - stream.count
        #expect(container.description == #"libvirt save image of "web&db", running, raw, stream at offset \#(place)"#)
    }

    /// What goes before a stream that is written back: of a compressed one with another format.
    @Test(arguments: [false, true], [0, 1, 6] as [UInt32])
    func theHeadIsThatOfAFileAsQEMUWroteIt(_ isBigEndian: Bool, _ format: UInt32) throws {
        var image = LibvirtImage()
        image.isBigEndian = isBigEndian
        image.format = format
        let head = try LibvirtSaveImage(BytesSource(image.bytes(stream))).head
        image.format = format == 1 ? 0 : format
        #expect(head + stream == image.bytes(stream))
    }

    @Test func aPipeIsAsGood() throws {
        let bytes = LibvirtImage().bytes(stream)
        let opened = try StreamContainer.open(SequentialBytes(bytes))
        #expect(opened.source.size == nil)
        #expect(opened.fileOffset == bytes.count - stream.count)
        #expect(try opened.source.rest(piece: 13) == stream)
    }

    @Test func gzipInsideIsInflated() throws {
        var image = LibvirtImage()
        image.format = 1
        image.wasRunning = 0
        let bytes = try image.bytes(Sample.gzip(stream))
        for source in [BytesSource(bytes), SequentialBytes(bytes)] as [any StreamSource] {
            let opened = try StreamContainer.open(source)
            #expect(opened.containers.map(\.name) == ["libvirt", "gzip"])
            #expect(opened.fileOffset == 0)
            #expect(try opened.source.rest() == stream)
        }
        #expect(try open(bytes).containers[0].description.contains("paused, gzip"))
    }

    /// With mapped-ram the offsets in the stream are those of the whole file.
    @Test func sparseIsReadAsItIs() throws {
        var image = LibvirtImage()
        image.format = 6
        let bytes = image.bytes(stream)
        let opened = try open(bytes)
        #expect(try opened.source.rest() == stream)
        #expect(opened.fileOffset == bytes.count - stream.count)
        #expect(opened.containers[0].description.contains("sparse"))
    }

    /// The field had no meaning in version 1.
    @Test func versionOneIsRaw() throws {
        var image = LibvirtImage()
        image.version = 1
        image.format = 3
        #expect(try open(image.bytes(stream)).source.rest() == stream)
    }

    @Test(arguments: [(2, "bzip2"), (3, "xz"), (4, "lzop"), (5, "zstd")] as [(UInt32, String)])
    func otherFormatsNameTheirTool(_ format: UInt32, _ tool: String) {
        var image = LibvirtImage()
        image.format = format
        let bytes = image.bytes([])
        let error = failure { try open(bytes) }
        #expect(error?.code == .inputUnreadable)
        #expect(error?.offset == bytes.count)
        #expect(error?.found == "\(tool); unpack the stream first: tail -c +\(bytes.count + 1) FILE | \(tool) -dc")
    }

    @Test func anUnfinishedImageSaysSo() {
        var image = LibvirtImage()
        image.magic = "LibvirtQemudPart"
        let error = failure { try open(image.bytes(stream)) }
        #expect(error?.found == "LibvirtQemudPart: libvirt did not finish writing this save image")
    }

    @Test func headersThatAreWrong() {
        func error(_ change: (inout LibvirtImage) -> Void) -> VMStateError? {
            var image = LibvirtImage()
            change(&image)
            return failure { try open(image.bytes(stream)) }
        }
        #expect(error { $0.version = 3 }?.offset == 16)
        #expect(error { $0.version = 0 }?.found == "00 00 00 00")
        #expect(error { $0.format = 7 }?.offset == 28)
        #expect(error { $0.format = 7 }?.found == "7")
        #expect(error { $0.dataLength = 100_000 }?.expected == "100000 bytes: the domain XML of a libvirt save image")
        #expect(error { $0.dataLength = .max }?.code == .limitExceeded)
        #expect(
            error {
                $0.cookie = ""
                $0.dataLength = 5
            }?.offset == 32
        )
        // The stream is not where the header says.
        #expect(error { $0.dataLength = 20 }?.found?.hasPrefix("the bytes 3c") == false)
        #expect(error { $0.dataLength = 20 }?.code == .inputUnreadable)
    }

    @Test func everyTruncationOfTheHeaderIsFound() {
        let bytes = LibvirtImage().bytes([])
        for count in 16...bytes.count {
            let error = failure { try open(Array(bytes[..<count])) }
            #expect(error?.code == .inputUnreadable, "\(count) bytes")
        }
    }
}
