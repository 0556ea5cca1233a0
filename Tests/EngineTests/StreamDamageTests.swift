// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Streams of QEMU, cut and changed: nothing passes, and nothing crashes.
@Suite struct StreamDamageTests {
    /// The places of a stream that hold a length, a count, an id or a magic, and what is there.
    private struct Place {
        let offset: Int
        let what: String
        /// Whether the section that is open there is known by then.
        var section: String?
    }

    /// All of a build with optimisation; otherwise some, as each is a whole stream to be read.
    private func sample<Element>(_ all: [Element], _ count: Int = 60) -> [Element] {
        guard !StreamSamples.isOptimised, all.count > count else { return all }
        return all.enumerated().filter { $0.offset % (all.count / count + 1) == 0 }.map(\.element)
    }

    // MARK: Truncation

    /// Every length of a small stream; of a larger one those near the ends of its sections, and a sample.
    private func lengths(_ bytes: [UInt8], _ stream: MigrationStream) -> [Int] {
        guard bytes.count > 1200 else { return Array(0..<bytes.count) }
        var lengths: Set<Int> = []
        for section in stream.sections {
            for near in [section.offset, section.payload.lowerBound, section.payload.upperBound] {
                for length in near - 1...near + 1 { lengths.insert(length) }
            }
        }
        for command in stream.commands { lengths.formUnion(command.offset...command.offset + 5) }
        if let vmdesc = stream.vmdesc { lengths.formUnion(vmdesc.lowerBound - 1...vmdesc.lowerBound + 6) }
        lengths.formUnion(stride(from: 0, to: bytes.count, by: bytes.count / 16))
        return sample(lengths.filter { $0 < bytes.count }.sorted())
    }

    @Test(arguments: ["x86-none-10.0", "arm-microbit-11.1", "qemu-7.2-postcopy", "qemu-7.2-xen-like"])
    func aStreamThatIsCutIsFound(_ name: String) throws {
        let bytes = try StreamSamples.bytes(name)
        let whole = try MigrationStream(reading: BytesSource(bytes))
        let end = try #require(whole.ends.last)
        for length in lengths(bytes, whole) {
            let cut = Array(bytes[..<length])
            guard length >= 8 else {
                #expect(throws: VMStateError.self) { try MigrationStream(reading: BytesSource(cut)) }
                continue
            }
            let stream = try MigrationStream(reading: BytesSource(cut))
            if length > end, whole.vmdesc == nil || length == end + 1 {
                // All that is missing is a vmdesc, which need not be there.
                #expect(stream.findings.contains { $0.rule.description == "VMST031" }, "\(length)")
                continue
            }
            let own = stream.findings.filter { $0.severity == .error }
            #expect(!own.isEmpty, "\(name), cut at \(length)")
            #expect(own.allSatisfy { $0.offset != nil && $0.offset ?? 0 <= length }, "\(length): \(own.map(\.line))")
            // Where a section is open, it is named.
            let open = whole.sections.enumerated().last { number, section in
                // Whether there are footers is not known before the first.
                let end = section.payload.upperBound + (number > 0 ? 5 : 0)
                return section.payload.lowerBound <= length && length < end
            }
            if let open { #expect(own.contains { $0.section == open.element.idstr }, "\(length): \(own.map(\.line))") }
        }
    }

    @Test func theFieldThatIsCutIsNamed() throws {
        // Two bytes are left of the second of two fields.
        let bytes = StreamBytes.headed { stream in
            stream.full(3, "timer", [0, 0, 0, 7, 0, 1])
            stream.eof(devices: [
                StreamBytes.device(
                    "timer",
                    StreamBytes.field("ticks", "uint32", 4) + ", " + StreamBytes.field("on", "int32", 4)
                )
            ])
        }
        let findings = try MigrationStream.findings(in: bytes.bytes)
        let own = try #require(findings.first { $0.rule.description == "VMST016" })
        #expect(own.section == "timer")
        #expect(own.statePath?.description == "/sections/0/state/on")
        #expect(own.offset == 8 + 1 + 4 + 13 + 1 + 4 + 6 + 8 + 4)
        #expect(own.message == "stream-truncated: expected 4 bytes, found 2 bytes")
    }

    // MARK: Bodies

    /// Each device section of a stream with a byte less, and with one more: each is found, and the section and field are named.
    @Test(arguments: ["x86-none-10.0", "arm-microbit-11.1", "qemu-7.2-compress"])
    func aBodyOfAnotherLengthIsFound(_ name: String) throws {
        let bytes = try StreamSamples.bytes(name)
        let whole = try MigrationStream(reading: BytesSource(bytes))
        let devices = whole.sections.enumerated().filter { $0.element.kind == .full && !$0.element.payload.isEmpty }
        for (index, section) in sample(Array(devices), 4) {
            for isShort in [true, false] {
                for added: UInt8 in isShort ? [0] : [0, 0x7e, 0xff] {
                    var other = bytes
                    if isShort {
                        other.remove(at: section.payload.upperBound - 1)
                    } else {
                        other.insert(added, at: section.payload.upperBound)
                    }
                    let findings = try MigrationStream.findings(in: other)
                    let what = "\(name), \(section.idstr), \(isShort ? "short" : "long \(added)")"
                    #expect(
                        findings.contains { $0.rule.description == "VMST015" && $0.section == section.idstr },
                        "\(what)"
                    )
                    let own = findings.first { $0.rule.description == "VMST016" && $0.section == section.idstr }
                    let place = try #require(own?.statePath?.description, "\(what): \(findings.map(\.line))")
                    #expect(place.hasPrefix("/sections/\(index)/state"), "\(what)")
                    // What is missing is missing in a field; what is too much is behind the last one.
                    #expect((place == "/sections/\(index)/state") != isShort, "\(what): \(place)")
                    #expect(findings.filter { $0.severity == .error }.count == 2, "\(what): \(findings.map(\.line))")
                }
            }
        }
    }

    // MARK: Lengths, counts, ids

    private func places(_ bytes: [UInt8], _ stream: MigrationStream) -> [Place] {
        var places = (0..<8).map { Place(offset: $0, what: "the header") }
        if let configuration = stream.configuration?.range {
            places += (0..<5).map { Place(offset: configuration.lowerBound + $0, what: "the configuration") }
        }
        for (index, section) in stream.sections.enumerated() {
            // Kind, id and the length of the name.
            let head = section.kind == .part || section.kind == .end ? 5 : 6
            // An id may be any that nobody has, so its footer is changed with it or not.
            places += (0..<head).map { Place(offset: section.offset + $0, what: "head of section \(index)") }
            if section.hasFooter {
                places += (0..<5).map {
                    Place(offset: section.payload.upperBound + $0, what: "footer of section \(index)")
                }
            }
        }
        for command in stream.commands {
            places += (0..<5).map { Place(offset: command.offset + $0, what: command.name) }
            if command.packageSize != nil {
                places += (5..<9).map { Place(offset: command.offset + $0, what: command.name) }
            }
        }
        if let end = stream.ends.last { places.append(Place(offset: end, what: "EOF")) }
        if let vmdesc = stream.vmdesc {
            places += (0..<5).map { Place(offset: vmdesc.lowerBound + $0, what: "the vmdesc's length") }
        }
        return places
    }

    @Test(arguments: ["x86-none-10.0", "arm-microbit-11.1", "qemu-7.2-postcopy", "qemu-7.2-dirty-bitmaps"])
    func aChangedLengthCountIDOrMagicIsFound(_ name: String) throws {
        let bytes = try StreamSamples.bytes(name)
        let whole = try MigrationStream(reading: BytesSource(bytes))
        for place in sample(places(bytes, whole), 90) {
            for mask: UInt8 in StreamSamples.isOptimised ? [0x01, 0x80, 0xff] : [0x81] {
                var other = bytes
                other[place.offset] ^= mask
                let what = "\(name), byte \(place.offset) ^ \(mask), \(place.what)"
                do {
                    let findings = try MigrationStream.findings(in: other)
                    let new = findings.filter { finding in
                        finding.severity != .note && !whole.findings.contains(finding)
                            && finding.rule.description != "VMST017"
                    }
                    #expect(!new.isEmpty, "\(what)")
                    #expect(findings.allSatisfy { $0.offset != nil }, "\(what)")
                } catch let error as VMStateError {
                    #expect(place.offset < 8 && error.rule.description == "VMST001", "\(what)")
                }
            }
        }
    }

    /// Flags, lengths of names, sizes of blocks, heads of encoded pages: each byte of RAM but those of pages, which are any.
    @Test func aChangedByteOfRAMIsFound() throws {
        let bytes = StreamBytes.headed { stream in
            stream.start(2, "ram", version: 4) {
                $0.ramBlocks([("pc.ram", 4 * 4096), ("pc.bios", 4096)])
                $0.ramEnd()
            }
            stream.part(2) {
                $0.zero(0, "pc.ram")
                $0.zero(0x1000)
                $0.zero(0x2000)
                $0.delta(0x3000, nil, [0x0a, 0x02, 0xaa, 0xbb, 0x7c, 0x01, 0xcc])
                $0.zero(0, "pc.bios")
                $0.ramEnd()
            }
            stream.end(2) { $0.ramEnd() }
            stream.eof(devices: [])
        }
        let whole = try MigrationStream(reading: BytesSource(bytes.bytes))
        #expect(whole.findings.map(\.line) == [])
        for section in whole.sections {
            for offset in section.payload {
                for mask: UInt8 in [0x01, 0x08, 0x80] {
                    var other = bytes.bytes
                    other[offset] ^= mask
                    let findings = try MigrationStream(reading: BytesSource(other)).findings
                    let isInPage =
                        other[offset] ^ mask == 0xaa || other[offset] ^ mask == 0xbb || other[offset] ^ mask == 0xcc
                    // A run of the same bytes may be as long as any that fits.
                    let isRun = [0x0a, 0x7c].contains(other[offset] ^ mask)
                    if !isInPage && !isRun {
                        #expect(!findings.isEmpty, "byte \(offset) ^ \(mask)")
                    }
                    #expect(findings.allSatisfy { $0.section == "ram" || $0.offset != nil })
                }
            }
        }
    }

    /// Any byte at all: no crash, offsets inside the stream, and a file and a pipe that agree whether it is good.
    @Test(arguments: StreamSamples.names.filter { !$0.hasSuffix("block") })
    func aStreamWithAnyOtherByteDoesNoHarm(_ name: String) throws {
        let bytes = try StreamSamples.bytes(name)
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        for _ in 0..<(StreamSamples.isOptimised ? 200 : 4) {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var other = bytes
            other[8 + Int(state >> 33) % (bytes.count - 8)] ^= UInt8(truncatingIfNeeded: state >> 20) | 1
            let stream = try MigrationStream(reading: BytesSource(other))
            #expect(stream.findings.allSatisfy { (0...other.count).contains($0.offset ?? -1) }, "\(name)")
            #expect(stream.understood <= other.count)
        }
    }
}

/// A vmdesc that says something else than the payload, in ways that change no other byte.
@Suite struct WrongSizeTests {
    private func findings(_ old: String, _ new: String) throws -> [String] {
        let bytes = try #require(Fixtures.read("streams/x86-none-10.0.mig"))
        let start = try #require(bytes.firstIndex(of: Array(old.utf8)))
        let changed = Array(bytes[..<start]) + Array(new.utf8) + Array(bytes[(start + old.utf8.count)...])
        return try MigrationStream.findings(in: changed).map { "\($0.severity.rawValue) \($0.section ?? "-")" }
    }

    @Test func aScalarHasItsOwnSize() throws {
        #expect(try findings("\"size\": 8", "\"size\": 8").isEmpty)
        #expect(try findings("\"size\": 8", "\"size\": 9").contains("error timer"))
        #expect(try findings("\"size\": 1", "\"size\": 0").contains("error globalstate"))
    }

    @Test func aPageSizeIsAPowerOfTwo() throws {
        #expect(try findings("\"page_size\": 4096", "\"page_size\": 4097").contains("error -"))
    }
}

extension [UInt8] {
    fileprivate func firstIndex(of pattern: [UInt8]) -> Int? {
        indices.first { self[$0...].starts(with: pattern) }
    }
}
