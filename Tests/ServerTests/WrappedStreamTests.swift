// SPDX-License-Identifier: Apache-2.0

import Compression
import Containers
import Engine
import TestSupport
import Testing

@testable import Server

/// Streams over HTTP that come in something else.
@Suite("Wrapped streams over HTTP", .timeLimit(.minutes(5)))
struct WrappedStreamTests {
    private let octets = [("Content-Type", "application/octet-stream")]

    /// A container as it lies in a file, and the stream that is in all of them.
    private func container(_ name: String) throws -> [UInt8] {
        try Inflater.inflate(
            try #require(Fixtures.read("containers/\(name).gz")),
            isGzip: true,
            limit: 1 << 28
        )
    }

    private func whole() throws -> [UInt8] { try container("paused.mig") }

    @Test func gzipIsOpened() throws {
        let packed = try #require(Fixtures.read("containers/paused.mig.gz"))
        let plain = try Shared.ask("POST", "/v1/decode", octets, body: try whole())
        let answer = try Shared.ask("POST", "/v1/decode", octets, body: packed)
        #expect(plain.status == 200 && answer.body == plain.body)
        #expect(try Shared.ask("POST", "/v1/validate", octets, body: packed).json?["valid"]?.bool == true)
    }

    @Test func aSaveImageOfLibvirtIsOpened() throws {
        let raw = try container("libvirt-raw.save")
        let start = try LibvirtSaveImage(BytesSource(raw), limits: .default).streamOffset
        let plain = try Shared.ask("POST", "/v1/decode", octets, body: Array(raw[start...]))
        #expect(plain.status == 200 && plain.json?["sections"]?.elements.isEmpty == false)
        #expect(try Shared.ask("POST", "/v1/decode", octets, body: raw).body == plain.body)
        // Another save of the same machine.
        let packed = try Shared.ask("POST", "/v1/decode", octets, body: try container("libvirt-gzip.save"))
        let names = { (answer: Answer) in answer.json?["sections"]?.elements.map { $0["idstr"]?.string } }
        #expect(packed.status == 200 && names(packed) == names(plain))
    }

    @Test func anEditKeepsTheSaveImageWhereThatIsAsked() throws {
        let multipart = [("Content-Type", "multipart/form-data; boundary=b0undary")]
        let patch = Array(#"[{"op": "test", "path": "/header/version", "value": 3}]"#.utf8)
        for name in ["libvirt-raw.save", "libvirt-gzip.save"] {
            let image = try container(name)
            let sent = form([("patch", patch), ("stream", image)])
            let bare = try Shared.ask("POST", "/v1/edit", multipart, body: sent)
            let kept = try Shared.ask("POST", "/v1/edit?keep-container=true", multipart, body: sent)
            let head = try LibvirtSaveImage(BytesSource(image), limits: .default).head
            #expect(bare.status == 200 && kept.status == 200 && kept.body == head + bare.body)
            #expect((kept.body == image) == (name == "libvirt-raw.save"))
        }
        let sent = form([("patch", patch), ("stream", try whole())])
        let refused = try Shared.ask("POST", "/v1/edit?keep-container", multipart, body: sent)
        #expect(refused.status == 422 && refused.text.contains("libvirt"))
    }

    /// What is at hand does not unpack it: the answer says what does.
    @Test func aFormatThatIsNotAtHandIsNamed() throws {
        let answer = try Shared.ask("POST", "/v1/validate", octets, body: try container("libvirt-xz.save"))
        #expect(answer.status == 422 && answer.code == "input-unreadable")
        #expect(answer.text.contains("xz -dc"))
        let xz = try Shared.ask("POST", "/v1/decode", octets, body: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0])
        #expect(xz.status == 422 && xz.text.contains("xz -dc"))
    }

    @Test func aSnapshotIsNamedInTheQuery() throws {
        let image = try container("clusters-64k.qcow2")
        let none = try Shared.ask("POST", "/v1/decode", octets, body: image)
        #expect(none.status == 422 && none.text.contains("snapshot"))
        let snapshots = try Qcow2Image(BytesSource(image)).snapshots
        let name = try #require(snapshots.first?.name)
        let answer = try Shared.ask("POST", "/v1/decode?snapshot=\(name)", octets, body: image)
        #expect(answer.status == 200 && answer.json?["sections"]?.elements.isEmpty == false)
        #expect(try Shared.ask("POST", "/v1/decode?snapshot=\(name)", octets, body: try whole()).status == 422)
    }

    /// It costs an image nothing to say that its snapshot is large.
    @Test func aSnapshotHasTheLimitOfAStream() throws {
        var image = try container("clusters-64k.qcow2")
        let name = try #require(try Qcow2Image(BytesSource(image)).snapshots.first?.name)
        // Header: the offset of the snapshot table; entry: 40 bytes, then the size of the state as 64 bits.
        let table = image[64..<72].reduce(0) { $0 << 8 | Int($1) }
        image.replaceSubrange(table + 40..<table + 48, with: [0, 0, 0x10, 0, 0, 0, 0, 0])
        let answer = try Shared.ask("POST", "/v1/decode?snapshot=\(name)", octets, body: image)
        #expect(answer.status == 413 || answer.code == "input-unreadable", "\(answer.text)")
        try withService({ $0.streamBytes = image.count - 1 }) { port in
            let refused = try Client(port: port).ask("POST", "/v1/decode?snapshot=\(name)", octets, body: image)
            #expect(refused.status == 413)
        }
    }

    @Test func aStreamMayStartAtAnOffset() throws {
        let plain = try Shared.ask("POST", "/v1/decode", octets, body: try whole())
        let answer = try Shared.ask("POST", "/v1/decode?at=7", octets, body: [1, 2, 3, 4, 5, 6, 7] + whole())
        #expect(answer.body == plain.body)
        for value in ["-1", "x", "", "99999999999999999999"] {
            #expect(try Shared.ask("POST", "/v1/decode?at=\(value)", octets, body: try whole()).status == 400)
        }
        #expect(try Shared.ask("POST", "/v1/decode?at=9999999", octets, body: try whole()).status == 422)
    }

    /// An edit needs the stream anywhere: it is unpacked first.
    @Test func anEditGivesTheBareStream() throws {
        let packed = try #require(Fixtures.read("containers/paused.mig.gz"))
        let patch = Array("[]".utf8)
        var body: [UInt8] = []
        for (name, content) in [("stream", packed), ("patch", patch)] {
            body += Array("--b0undary\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n".utf8)
            body += content + Array("\r\n".utf8)
        }
        body += Array("--b0undary--\r\n".utf8)
        let multipart = [("Content-Type", "multipart/form-data; boundary=b0undary")]
        let answer = try Shared.ask("POST", "/v1/edit", multipart, body: body)
        #expect(answer.status == 200)
        #expect(answer.body == (try whole()))
    }
}
