// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Streams that are put together in other ways: postcopy, old machine types, checkpoints, snapshots.
@Suite struct StreamVariantTests {
    private static let timer = StreamBytes.device("timer", StreamBytes.field("ticks", "uint32", 4))
    private static let timerVMSD = #"{"name":"timer","version_id":1,"fields":[{"name":"ticks","info":"uint32"}]}"#

    private func read(_ stream: StreamBytes) throws -> MigrationStream {
        let file = try MigrationStream(reading: BytesSource(stream.bytes))
        let pipe = try MigrationStream(reading: PipeSource(stream.bytes, chunk: 17))
        #expect(pipe.outline == file.outline)
        return file
    }

    private func document(_ stream: MigrationStream, _ options: StreamDocument.Options = .init()) throws -> JSONNode {
        try JSONDocument(parsing: StreamDocument(stream, options).json().text).root
    }

    private func codec(_ vmsd: String) throws -> VMStateCodec {
        try VMStateCodec(VMStateDocument(JSONDocument(parsing: Array(vmsd.utf8)).root))
    }

    // MARK: Postcopy

    @Test func postcopyPutsDevicesIntoAPackage() throws {
        let bytes = StreamBytes.headed { stream in
            stream.command(1)
            stream.command(2, [0, 0, 0, 1])
            var sizes = StreamBytes()
            sizes.be64(4096)
            sizes.be64(4096)
            stream.command(3, sizes.bytes)
            stream.start(2, "ram", version: 4) {
                $0.ramBlocks([("pc.ram", 3 * 4096)])
                $0.ramEnd()
            }
            stream.part(2) {
                $0.zero(0, "pc.ram")
                $0.zero(0x1000)
                $0.ramEnd()
            }
            var discard = StreamBytes()
            discard.byte(0)
            discard.string("pc.ram")
            discard.byte(0)
            discard.be64(0x1000)
            discard.be64(0x1000)
            stream.command(6, discard.bytes)
            stream.command(2, [0, 0, 0, 2])
            stream.package {
                $0.command(4)
                $0.full(3, "timer", [0, 0, 0, 7])
                $0.full(4, "globalstate", Array(repeating: 1, count: 104))
                $0.command(2, [0, 0, 0, 3])
                $0.command(5)
            }
            stream.command(2, [0, 0, 0, 4])
            stream.part(2) {
                $0.zero(0x1000)
                $0.zero(0x2000)
                $0.ramEnd()
            }
            stream.end(2) { $0.ramEnd() }
            stream.eof()
        }
        let stream = try read(bytes)
        #expect(stream.findings.map(\.rule.description) == ["VMST031"])
        #expect(
            stream.commands.map(\.name) == [
                "OPEN_RETURN_PATH", "PING", "POSTCOPY_ADVISE", "POSTCOPY_RAM_DISCARD", "PING", "PACKAGED",
                "POSTCOPY_LISTEN", "PING", "POSTCOPY_RUN", "PING",
            ]
        )
        #expect(stream.sections.map(\.isPackaged) == [false, false, true, true, false, false])
        #expect(stream.sections.map(\.idstr) == ["ram", "ram", "timer", "globalstate", "ram", "ram"])
        #expect(stream.blocks[0].pagesSent == 3)
        #expect(stream.understood == bytes.bytes.count)
        let package = try #require(stream.commands.first { $0.number == 7 }?.packageSize)
        #expect(package == 5 + (19 + 4 + 5) + (25 + 104 + 5) + 9 + 5)
        // Descriptions of the caller's are used in the package too.
        var options = StreamDocument.Options()
        options.descriptions = ["timer": try codec(Self.timerVMSD)]
        #expect(try document(stream, options)["sections"]?.elements[2]["state"]?["ticks"]?.int == 7)
    }

    private func rawDocument(_ bytes: [UInt8]) throws -> String {
        var request = StreamRequest()
        request.isRaw = true
        let source = BytesSource(bytes)
        return String(decoding: try request.document(request.read(source), of: source).text, as: UTF8.self)
    }

    private func written(_ document: String) throws -> [UInt8] {
        try StreamRequest.bytes(of: JSONDocument(parsing: Array(document.utf8)).root)
    }

    /// Of two packages, one in the other, and a section behind them.
    private static func packages(_ data: [UInt8]) -> [UInt8] {
        StreamBytes.headed { stream in
            stream.command(3)
            stream.package {
                $0.full(3, "timer", [1])
                $0.package {
                    $0.command(4)
                    $0.full(4, "dev", data)
                }
                $0.command(5)
            }
            stream.full(5, "last", [3])
            stream.command(2, [0, 0, 0, 4])
            stream.eof()
        }.bytes
    }

    @Test func packagesAreInADocumentOfEverything() throws {
        let document = try rawDocument(Self.packages([2]))
        #expect(try written(document) == Self.packages([2]))
        // Their sizes are those of what they hold.
        let longer = document.replacing(#""data":"02""#, with: #""data":"020202""#)
        #expect(try written(longer) == Self.packages([2, 2, 2]))
        // A section that is new comes behind them, unless it says that it is in them.
        let new = { (packaged: String) in
            document.replacing(
                #"{"type":"full","section_id":5"#,
                with:
                    #"{"type":"full","section_id":9,"idstr":"new","instance_id":0,"version_id":1\#(packaged),"data":"07"},"#
                    + #"{"type":"full","section_id":5"#
            )
        }
        let sizes = { (document: String) in
            let stream = try MigrationStream(reading: BytesSource(try written(document)))
            #expect(stream.sections.map(\.idstr) == ["timer", "dev", "new", "last"])
            return stream.commands.compactMap(\.packageSize)
        }
        let old = try MigrationStream(reading: BytesSource(Self.packages([2]))).commands.compactMap(\.packageSize)
        #expect(try sizes(new("")) == old)
        #expect(try sizes(new(#","packaged":true"#)) == old.map { $0 + 17 + 1 + 5 })
        let command = #"{"command":7,"name":"PACKAGED","offset":\#(StreamBytes.headed { $0.command(3) }.bytes.count)"#
        #expect(throws: VMStateError.self) {
            try written(document.replacing(command, with: #"{"command":7,"name":"PACKAGED""#))
        }
    }

    /// Nothing reads them, and no document has a place for them.
    @Test func bytesBehindTheEndOfAPackageAreNotLostInSilence() throws {
        let bytes = StreamBytes.headed { stream in
            stream.command(3)
            stream.package {
                $0.command(4)
                $0.command(5)
                $0.bytes += [1, 2, 3]
            }
            stream.eof()
        }.bytes
        let document = try rawDocument(bytes)
        #expect(throws: VMStateError.self) { try written(document) }
    }

    @Test func checkpointsAreInADocumentOfEverything() throws {
        let bytes = StreamBytes.headed { stream in
            stream.command(8)
            for _ in 0..<3 {
                stream.full(3, "dev", [1])
                stream.eof()
            }
        }.bytes
        let document = try rawDocument(bytes)
        #expect(try JSONDocument(parsing: Array(document.utf8)).root["ends"]?.elements.count == 3)
        #expect(try written(document) == bytes)
        #expect(throws: VMStateError.self) { try written(document.replacing(#""ends":["#, with: #""ends":["x","#)) }
        var limits = Limits()
        limits.streamItems = 2
        let parts = StreamBytes.headed { stream in
            stream.start(2, "ram", version: 4) {
                $0.ramBlocks([("b", 4096)])
                $0.ramEnd()
            }
            for _ in 0..<5 {
                stream.part(2) { $0.ramEnd() }
                stream.eof()
            }
        }
        let findings = try MigrationStream(reading: BytesSource(parts.bytes), limits: limits).findings
        #expect(findings.contains { $0.message.contains("at most 2 EOF bytes") })
    }

    @Test func aPackageMayBeCut() throws {
        var place = 0
        let bytes = StreamBytes.headed { stream in
            stream.command(7, [0, 0, 1, 0])
            stream.command(2, [0, 0, 0, 3])
            place = stream.bytes.count
        }
        let stream = try MigrationStream(reading: BytesSource(bytes.bytes))
        #expect(stream.findings.map(\.rule.description) == ["VMST011"])
        #expect(stream.findings.first?.offset == place)
    }

    @Test func packagesInsideEachOtherEnd() throws {
        var inner = StreamBytes()
        inner.full(3, "timer", [0, 0, 0, 7])
        for _ in 0..<6 {
            var outer = StreamBytes()
            outer.package { $0.bytes += inner.bytes }
            inner = outer
        }
        let bytes = StreamBytes.headed { $0.bytes += inner.bytes }
        let stream = try MigrationStream(reading: BytesSource(bytes.bytes))
        #expect(stream.findings.map(\.rule.description) == ["VMST032"])
    }

    // MARK: Old machine types

    @Test func anOldMachineHasNoConfigurationNoFootersAndNoVMDesc() throws {
        var payload: [UInt8] = []
        let bytes = StreamBytes.headed(by: nil) { stream in
            stream.hasFooters = false
            stream.ram()
            stream.full(3, "timer", [0, 0, 0, 7])
            // What looks like the next section is in the payload.
            payload = Array(stream.bytes.suffix(23))
            stream.full(4, "0000:00:02.0/blob", payload)
            stream.full(5, "timer", instance: 1, [0, 0, 0, 8])
            stream.eof()
        }
        var options = MigrationStream.ReadOptions()
        options.descriptions["timer"] = try codec(Self.timerVMSD)
        options.descriptions["blob"] = try codec(
            #"{"name":"blob","version_id":1,"fields":[{"name":"b","info":"buffer","flags":["VMS_BUFFER"],"size":23}]}"#
        )
        let file = try MigrationStream(reading: BytesSource(bytes.bytes), options)
        #expect(file.outline == (try MigrationStream(reading: PipeSource(bytes.bytes, chunk: 3), options)).outline)
        #expect(file.configuration == nil)
        #expect(file.findings.map(\.rule.description) == ["VMST031"])
        #expect(file.sections.map(\.payload.count).suffix(3) == [4, 23, 4])
        #expect(file.sections.allSatisfy { !$0.hasFooter })
        var shown = StreamDocument.Options()
        shown.descriptions = options.descriptions
        let sections = try #require(try document(file, shown)["sections"]?.elements)
        #expect(sections.last?["state"]?["ticks"]?.int == 8)
        #expect(sections[4]["state"]?["b"]?.string == hexadecimal(payload))
        // Without a description the place where it is missing is said.
        let none = try MigrationStream(reading: BytesSource(bytes.bytes))
        #expect(none.findings.first?.rule.description == "VMST031")
        #expect(none.findings.first?.section == "timer")
        #expect(none.findings.first?.offset == file.sections[3].payload.lowerBound)
    }

    @Test func aSectionThatADescriptionDoesNotFitIsFound() throws {
        let bytes = StreamBytes.headed { stream in
            stream.full(3, "timer", [0, 0, 0, 7, 0])
            stream.full(4, "timer", instance: 1, [0, 0, 0])
            stream.eof()
        }
        var options = MigrationStream.ReadOptions()
        options.descriptions["timer"] = try codec(Self.timerVMSD)
        let stream = try MigrationStream(reading: BytesSource(bytes.bytes), options)
        let errors = stream.findings.filter { $0.severity == .error }
        try #require(errors.map(\.section) == ["timer", "timer"])
        #expect(
            errors.map(\.offset) == [stream.sections[0].payload.lowerBound + 4, stream.sections[1].payload.lowerBound]
        )
        #expect(errors.last?.statePath?.description == "/ticks")
    }

    // MARK: Sections of one name

    @Test func twoSectionsOfOneNameAreDescribedInTheirOrder() throws {
        let bytes = StreamBytes.headed { stream in
            stream.full(7, "isa-ide", [1, 2])
            stream.full(8, "isa-ide", [0, 0, 0, 9])
            stream.eof(devices: [
                StreamBytes.device("isa-ide", StreamBytes.field("a", "uint16", 2)),
                StreamBytes.device("isa-ide", StreamBytes.field("b", "uint32", 4)),
            ])
        }
        let stream = try read(bytes)
        #expect(stream.findings.map(\.rule.description) == ["VMST018"])
        let sections = try #require(try document(stream)["sections"]?.elements)
        #expect(sections[0]["state"]?["a"]?.int == 258)
        #expect(sections[1]["state"]?["b"]?.int == 9)
    }

    @Test func aSectionThatIsTooManyShiftsNothing() throws {
        let bytes = StreamBytes.headed { stream in
            stream.full(6, "other", [5])
            stream.full(7, "isa-ide", [1, 2])
            stream.full(8, "isa-ide", [0, 0, 0, 9])
            stream.eof(devices: [
                StreamBytes.device("isa-ide", StreamBytes.field("a", "uint16", 2)),
                StreamBytes.device("isa-ide", StreamBytes.field("b", "uint32", 4)),
            ])
        }
        let stream = try read(bytes)
        #expect(stream.findings.filter { $0.severity == .error }.map(\.section) == ["other"])
        #expect(stream.sections.map(\.device) == [nil, 0, 1])
    }

    @Test func anEarlySectionComesBeforeRAM() throws {
        let bytes = StreamBytes.headed { stream in
            stream.full(1, "timer", [0, 0, 0, 7])
            stream.ram()
            stream.full(3, "timer", instance: 1, [0, 0, 0, 8])
            stream.eof(devices: [
                Self.timer, StreamBytes.device("timer", instance: 1, StreamBytes.field("ticks", "uint32", 4)),
            ])
        }
        let stream = try read(bytes)
        #expect(stream.findings.map(\.line) == [])
        #expect(stream.sections.map(\.device) == [0, nil, nil, nil, 1])
    }

    @Test func aNameHasUpTo255Bytes() throws {
        let name = String(repeating: "0000:00:1e.0/", count: 19) + "timer--"
        #expect(name.utf8.count == 254)
        let bytes = StreamBytes.headed { stream in
            stream.full(3, name + "x", [0, 0, 0, 7])
            stream.eof(devices: [StreamBytes.device(name + "x", StreamBytes.field("ticks", "uint32", 4))])
        }
        #expect(try read(bytes).findings.map(\.line) == [])
    }

    // MARK: Footers in payloads

    @Test func aPayloadMayHoldItsOwnFooter() throws {
        // A footer and a whole section behind it: only the vmdesc tells that they are inside.
        var inner = StreamBytes()
        inner.bytes += [1, 2, 3]
        inner.footer(3)
        inner.full(9, "inner", [4])
        let payload = inner.bytes
        let bytes = StreamBytes.headed { stream in
            stream.full(3, "blob", payload)
            stream.full(4, "timer", [0, 0, 0, 7])
            stream.eof(devices: [
                StreamBytes.device("blob", StreamBytes.field("b", "buffer", payload.count)), Self.timer,
            ])
        }
        let stream = try MigrationStream(reading: BytesSource(bytes.bytes))
        #expect(stream.findings.map(\.line) == [])
        #expect(stream.sections.map(\.idstr) == ["blob", "timer"])
        #expect(stream.sections[0].payload.count == payload.count)
        // Nobody who reads a pipe can know; when the vmdesc has come, it is found.
        let pipe = try MigrationStream(reading: PipeSource(bytes.bytes))
        #expect(pipe.findings.contains { $0.severity == .error })
        // A footer behind which nothing can come is none, not even in a pipe.
        let plain = StreamBytes.headed { stream in
            stream.full(3, "blob", [0x7e, 0, 0, 0, 3, 0x55, 0x7e, 0, 0, 0, 3])
            stream.eof(devices: [StreamBytes.device("blob", StreamBytes.field("b", "buffer", 11))])
        }
        #expect(try read(plain).findings.map(\.line) == [])
    }

    // MARK: Ends

    @Test func checkpointsFollowEachOther() throws {
        let bytes = StreamBytes.headed { stream in
            stream.command(8)
            stream.ram()
            stream.full(3, "timer", [0, 0, 0, 7])
            stream.eof()
            for checkpoint in 1...3 as ClosedRange<UInt8> {
                stream.full(3, "timer", [0, 0, 0, checkpoint])
                stream.eof()
            }
        }
        let stream = try read(bytes)
        #expect(stream.findings.map(\.rule.description).sorted() == ["VMST031", "VMST033"])
        #expect(stream.findings.allSatisfy { $0.severity == .note })
        #expect(stream.ends.count == 4)
        #expect(stream.sections.count == 3 + 4)
    }

    @Test func aBackgroundSnapshotHasNoEndOfRAM() throws {
        let bytes = StreamBytes.headed { stream in
            stream.start(2, "ram", version: 4) {
                $0.ramBlocks([("pc.ram", 4096)])
                $0.ramEnd()
            }
            stream.part(2) {
                $0.zero(0, "pc.ram")
                $0.ramEnd()
            }
            stream.full(3, "timer", [0, 0, 0, 7])
            stream.eof(devices: [Self.timer])
        }
        let stream = try read(bytes)
        #expect(stream.findings.map(\.rule.description) == ["VMST019"])
        #expect(stream.findings[0].severity == .warning)
    }

    @Test(arguments: [1, 4096, 300_000])
    func paddingOfAContainerIsCounted(_ count: Int) throws {
        let bytes = StreamBytes.headed { stream in
            stream.full(3, "timer", [0, 0, 0, 7])
            stream.eof(devices: [Self.timer])
            stream.bytes += Array(repeating: 0, count: count)
        }
        let stream = try MigrationStream(reading: BytesSource(bytes.bytes))
        #expect(stream.findings.map(\.line).count == 1)
        #expect(stream.findings[0].severity == .note)
        #expect(stream.trailing == count)
        #expect(stream.understood == bytes.bytes.count - count)
    }

    // MARK: The vmdesc of something else

    @Test func aVMDescInGuestMemoryIsNotTheStreams() throws {
        var other = StreamBytes()
        other.eof(devices: [StreamBytes.device("nested", StreamBytes.field("x", "uint8", 1))])
        var page = other.bytes
        page += Array(repeating: 0, count: 4096 - page.count)
        let content = page
        let bytes = StreamBytes.headed { stream in
            stream.start(2, "ram", version: 4) {
                $0.ramBlocks([("pc.ram", 4096)])
                $0.ramEnd()
            }
            stream.end(2) {
                $0.normal(0, "pc.ram", content)
                $0.ramEnd()
            }
            stream.full(3, "timer", [0, 0, 0, 7])
            stream.eof()
        }
        let stream = try read(bytes)
        #expect(stream.findings.map(\.rule.description) == ["VMST031"])
        #expect(try document(stream)["vmdesc"]?.bool == false)
    }

    @Test func theConfigurationIsReadWhole() throws {
        let bytes = StreamBytes.headed(by: "virt-10.0") { stream in
            for (name, fill) in [
                ("target-page-bits", [0, 0, 0, 12]),
                ("capabilities", [0, 0, 0, 1, 15] + Array("x-ignore-shared".utf8)),
                ("uuid", Array(0..<16)),
            ] as [(String, [UInt8])] {
                stream.byte(0x05)
                stream.string("configuration/\(name)")
                stream.be32(1)
                stream.bytes += fill
            }
            stream.eof(devices: [])
        }
        let configuration = try #require(try read(bytes).configuration)
        #expect(configuration.machine == "virt-10.0")
        #expect(configuration.pageBits == 12)
        #expect(configuration.capabilities == ["x-ignore-shared"])
        #expect(configuration.uuid == Array(0..<16))
        #expect(
            configuration.range == 8..<bytes.bytes.count - 1 - 5 - #"{"page_size": 4096, "devices": []}"#.utf8.count
        )
    }
}
