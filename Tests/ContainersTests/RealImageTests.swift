// SPDX-License-Identifier: Apache-2.0

import Containers
import Engine
import TestSupport
import Testing

/// Images that QEMU 7.2.22 and libvirt 9.0.0 wrote; the machine with snapshots was then migrated to a file, still paused.
///
/// See `Fixtures/README.md` for how they were made.
@Suite struct RealImageTests {
    static let images = [("clusters-64k", "snap1"), ("clusters-64k", "second"), ("clusters-64k", "2")]
    static let others = ["clusters-512", "version-2", "subclusters"]

    private func stream(_ image: String, _ snapshot: String) throws -> [UInt8] {
        var options = StreamContainer.Options()
        options.snapshot = snapshot
        let bytes = try Sample.fixture("\(image).qcow2")
        return try StreamContainer.open(BytesSource(bytes), options: options).source.rest(piece: 50_000)
    }

    @Test(arguments: images)
    func aSnapshotIsTheStreamThatMigrationWrites(_ image: String, _ snapshot: String) throws {
        #expect(try stream(image, snapshot) == Sample.fixture("paused.mig"))
    }

    /// The same machine at another second: only the clock's section differs, before offset 22050.
    @Test(arguments: others)
    func otherLayoutsHoldTheSame(_ image: String) throws {
        let migrated = try Sample.fixture("paused.mig")
        let stream = try stream(image, "snap1")
        #expect(stream.starts(with: Array("QEVM".utf8)))
        #expect(stream.count == migrated.count)
        let differences = zip(stream, migrated).enumerated().filter { $0.element.0 != $0.element.1 }.map(\.offset)
        #expect(differences.allSatisfy { (21_800..<22_050).contains($0) })
        #expect(differences.count < 20)
    }

    @Test(arguments: [("raw", false), ("gzip", true)])
    func saveImagesOfLibvirtAreRead(_ format: String, _ wasRunning: Bool) throws {
        let opened = try StreamContainer.open(BytesSource(Sample.fixture("libvirt-\(format).save")))
        guard case .libvirt(let image) = opened.containers.first?.kind else {
            Issue.record("no libvirt image")
            return
        }
        #expect(image.name == "qevm & test")
        #expect(image.uuid == "c7a5fdbd-cdaf-4455-926a-d65c16db1809")
        #expect(image.wasRunning == wasRunning)
        #expect(image.domainXML.hasPrefix("<domain type='qemu'>"))
        #expect(image.domainXML.hasSuffix("</domain>\n"))
        #expect(image.streamOffset == 66_751)
        let stream = try opened.source.rest()
        #expect(stream.count == 91_302)
        #expect(stream.starts(with: Array("QEVM".utf8)))
        #expect(stream.suffix(5) == Array("}]}]}".utf8))
    }

    @Test func aSaveImageInXZNamesItsPlace() throws {
        let bytes = try Sample.fixture("libvirt-xz.save")
        let error = failure { try StreamContainer.open(BytesSource(bytes)) }
        #expect(error?.offset == 66_751)
        #expect(error?.found == "xz; unpack the stream first: tail -c +66752 FILE | xz -dc")
    }

    @Test func theTableIsReadAsQEMUPrintsIt() throws {
        let image = try Qcow2Image(BytesSource(Sample.fixture("clusters-64k.qcow2")))
        #expect(image.snapshots.map(\.id) == ["1", "2"])
        #expect(image.snapshots.map(\.name) == ["snap1", "second"])
        #expect(image.snapshots.map(\.stateSize) == [175_246, 175_246])
        #expect(image.snapshots.map(\.diskSize) == [3 << 20, 3 << 20])
        #expect(image.snapshots.map(\.guestNanoseconds) == [0, 0])
    }
}
