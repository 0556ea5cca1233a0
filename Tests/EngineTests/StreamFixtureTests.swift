// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Streams of real QEMU that come with the project.
@Suite struct StreamFixtureTests {
    /// What is found in each, beside that nothing describes the devices where no vmdesc does.
    private static let expected: [String: [String]] = [
        "arm-lm3s6965evb-11.1": [], "arm-microbit-11.1": [], "x86-none-10.0": [],
        "qemu-7.2-background-snapshot": ["VMST018", "VMST019"], "qemu-7.2-block": [], "qemu-7.2-compress": ["VMST018"],
        "qemu-7.2-compress-xbzrle": ["VMST018"], "qemu-7.2-dirty-bitmaps": [], "qemu-7.2-dirty-bits": [],
        "qemu-7.2-ignore-shared": [],
        "qemu-7.2-multifd-none": ["VMST018", "VMST028"], "qemu-7.2-no-footers": [],
        "qemu-7.2-old-pc-i440fx-2.2": ["VMST031"],
        "qemu-7.2-postcopy": ["VMST018", "VMST031"], "qemu-7.2-xbzrle": ["VMST018"], "qemu-7.2-xen-like": ["VMST031"],
    ]

    @Test func everyStreamIsExpected() {
        #expect(Set(StreamSamples.names) == Set(Self.expected.keys))
    }

    @Test(arguments: StreamSamples.names)
    func aStreamOfQEMUIsReadFromAFileAndAPipe(_ name: String) throws {
        let bytes = try StreamSamples.bytes(name)
        let stream = try MigrationStream(reading: BytesSource(bytes))
        #expect(Set(stream.findings.map(\.rule.description)).sorted() == Self.expected[name])
        // Only a stream without footers and vmdesc cannot be read to its end.
        let isRead = name != "qemu-7.2-old-pc-i440fx-2.2"
        #expect(stream.findings.contains { $0.severity == .error } == !isRead)
        #expect((stream.understood == bytes.count) == isRead)
        let pipe = PipeSource(bytes)
        let piped = try MigrationStream(reading: pipe)
        // Without footers a pipe does not know where a section ends before the vmdesc comes.
        if name != "qemu-7.2-no-footers" { #expect(piped.outline == stream.outline) }
        #expect(!pipe.wentBack)
        let (text, findings) = try StreamDocument(stream).json()
        _ = try JSONDocument(parsing: text)
        if stream.vmdesc != nil {
            #expect(findings.map(\.line) == [])
            #expect(stream.sections.filter { $0.kind == .full }.allSatisfy { $0.device != nil })
        }
    }

    @Test func theFlagsOfTheFormatAreAllThere() throws {
        let xbzrle = try MigrationStream(reading: BytesSource(StreamSamples.bytes("qemu-7.2-xbzrle")))
        #expect(xbzrle.blocks[0].counts.xbzrle == 16)
        let compress = try MigrationStream(reading: BytesSource(StreamSamples.bytes("qemu-7.2-compress")))
        #expect(compress.blocks[0].counts.compressed > 16)
        let postcopy = try MigrationStream(reading: BytesSource(StreamSamples.bytes("qemu-7.2-postcopy")))
        #expect(postcopy.sections.contains { $0.isPackaged && $0.idstr == "globalstate" })
        #expect(postcopy.commands.contains { $0.name == "POSTCOPY_RUN" })
        #expect(postcopy.sections.last?.idstr == "ram")
        let shared = try MigrationStream(reading: BytesSource(StreamSamples.bytes("qemu-7.2-ignore-shared")))
        #expect(shared.blocks.first { $0.idstr == "mem" }?.address == 0)
        #expect(shared.configuration?.capabilities == ["x-ignore-shared"])
    }

    /// The source's memory, as its monitor saved it when everything was sent.
    @Test(arguments: ["qemu-7.2-xbzrle", "qemu-7.2-compress", "qemu-7.2-postcopy"])
    func theMemoryIsTheSources(_ name: String) throws {
        let memory = try StreamSamples.file("\(name).ram")
        let store = PageStore()
        var options = MigrationStream.ReadOptions()
        options.pages = store
        options.inflate = { (bytes, limit) throws(VMStateError) in
            guard let page = try? Inflate.page(bytes), page.count <= limit else {
                throw VMStateError.unreadable("no zlib")
            }
            return page
        }
        let stream = try MigrationStream(reading: BytesSource(StreamSamples.bytes(name)), options)
        #expect(stream.findings.filter { $0.severity == .error }.map(\.line) == [])
        let found = try #require(store.memory["pc.ram"])
        for page in stride(from: 0, to: memory.count, by: 4096) {
            let isEqual = found[page..<page + 4096] == memory[page..<page + 4096]
            #expect(isEqual, "page \(page)")
        }
    }
}

/// What `scripts/stream-zoo FOLDER` wrote: `QEVM_STREAMS=FOLDER swift test --filter StreamZoo`.
@Suite(.enabled(if: !StreamSamples.zooNames.isEmpty, "QEVM_STREAMS names no folder with streams"))
struct StreamZooTests {
    @Test(arguments: StreamSamples.zooNames)
    func aStreamIsReadToItsEnd(_ name: String) throws {
        let bytes = try #require(Fixtures.read("\(StreamSamples.zoo)/\(name).mig"))
        let stream = try MigrationStream(reading: BytesSource(bytes))
        // What has neither footers nor a vmdesc ends where the first device begins.
        let isRead = !stream.findings.contains { $0.rule.description == "VMST031" && $0.severity == .error }
        #expect(isRead || stream.sections.allSatisfy { !$0.hasFooter } && stream.vmdesc == nil)
        #expect(stream.findings.filter { $0.severity == .error && isRead }.map(\.line) == [])
        #expect(!isRead || stream.understood + stream.trailing == bytes.count)
        if stream.vmdesc != nil { #expect(try StreamDocument(stream).json().findings.map(\.line) == []) }
    }
}
