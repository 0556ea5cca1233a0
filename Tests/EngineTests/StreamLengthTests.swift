// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Every byte that says how long something is, changed; and every length that a stream can be cut to.
@Suite struct StreamLengthTests {
    /// What `POST /v1/validate` would say.
    private func findings(_ bytes: [UInt8]) throws -> [Finding] {
        try StreamRequest().report(reading: BytesSource(bytes)).findings
    }

    /// A stream with a length of each kind, and the places of their bytes with the section and field that they are in.
    private struct Sample {
        var stream = StreamBytes()
        var places: [(offset: Int, what: String, section: String?, field: String?)] = []

        private mutating func note(_ bytes: Int, _ what: String, _ section: String? = nil, _ field: String? = nil) {
            for byte in 0..<bytes { places.append((stream.bytes.count + byte, what, section, field)) }
        }

        init() {
            stream = StreamBytes.headed(by: nil)
            stream.byte(0x07)
            note(4, "length of the machine's name")
            stream.be32(2)
            stream.bytes += Array("pc".utf8)
            stream.byte(0x05)
            note(1, "length of a configuration subsection's name")
            stream.string("configuration/capabilities")
            stream.be32(1)
            note(4, "number of capabilities")
            stream.be32(1)
            note(1, "length of a capability's name")
            stream.string("events")
            ram()
            device()
            stream.eof()
            stream.byte(0x06)
            note(4, "length of the vmdesc")
            let text = Self.vmdesc
            stream.be32(UInt32(text.utf8.count))
            stream.bytes += Array(text.utf8)
        }

        private mutating func ram() {
            stream.byte(0x01)
            stream.be32(2)
            note(1, "length of a section's name")
            stream.string("ram")
            stream.be32(0)
            stream.be32(4)
            stream.be64(0x2000 | 0x04)
            note(1, "length of a block's name in the list", "ram")
            stream.string("pc.ram")
            note(8, "size of a block", "ram")
            stream.be64(0x2000)
            stream.ramEnd()
            stream.footer(2)
            stream.byte(0x03)
            stream.be32(2)
            stream.be64(0x02)
            note(1, "length of a block's name at a page", "ram")
            stream.string("pc.ram")
            stream.byte(0)
            stream.zero(0x1000)
            stream.ramEnd()
            stream.footer(2)
        }

        private mutating func device() {
            stream.byte(0x04)
            stream.be32(7)
            note(1, "length of a section's name")
            stream.string("dev")
            stream.be32(0)
            stream.be32(1)
            note(4, "length of an array of bytes", "dev", "bytes")
            stream.be32(3)
            stream.bytes += [0xaa, 0xbb, 0xcc]
            note(1, "mark of an element", "dev", "queue")
            stream.bytes += [1, 0x11]
            note(1, "mark of an element", "dev", "queue")
            stream.bytes += [1, 0x22]
            note(1, "mark of the end", "dev", "queue")
            stream.byte(0)
            note(4, "number of nodes", "dev", "tree")
            stream.be32(1)
            stream.bytes += [1, 0, 0, 0, 0, 0, 0, 0, 9, 0x33, 0]
            stream.byte(0x05)
            note(1, "length of a subsection's name", "dev")
            stream.string("dev/more")
            stream.be32(1)
            stream.byte(0x44)
            stream.footer(7)
        }

        private static let vmdesc: String = {
            let element = #""vmsd_name": "e", "version": 1, "fields": [{"name": "v", "type": "uint8", "size": 1}]"#
            let fields = [
                #"{"name": "bytes", "type": "GByteArray", "size": 7}"#,
                #"{"name": "queue", "type": "qtailq", \#(element), \#(element), "size": 5}"#,
                #"{"name": "tree", "type": "gtree", \#(element), "size": 15}"#,
            ]
            let more =
                #"{"vmsd_name": "dev/more", "version": 1, "fields": [{"name": "m", "type": "uint8", "size": 1}]}"#
            let device = StreamBytes.device("dev", fields.joined(separator: ", "), more: ", \"subsections\": [\(more)]")
            return "{\"page_size\": 4096, \"devices\": [\(device)]}"
        }()
    }

    @Test func theSampleIsGood() throws {
        #expect(try findings(Sample().stream.bytes).isEmpty)
    }

    @Test func eachLengthByteWithAnyOtherValueIsFound() throws {
        let sample = Sample()
        for place in sample.places {
            // Any byte but 0 announces an element.
            let isMark = place.what == "mark of an element"
            for mask: UInt8 in StreamSamples.isOptimised
                ? Array(1...255) : [0x01, 0x02, 0x03, 0x04, 0x07, 0x08, 0x10, 0x20, 0x40, 0x7f, 0x80, 0xaa, 0xfe, 0xff]
            where !isMark || mask == 0x01 {
                var other = sample.stream.bytes
                other[place.offset] ^= mask
                let what = "\(place.what), byte \(place.offset) ^ \(mask)"
                let found = try findings(other).filter { $0.severity != .note }
                #expect(!found.isEmpty, "\(what)")
                #expect(found.allSatisfy { (0...other.count).contains($0.offset ?? -1) }, "\(what)")
                guard let section = place.section else { continue }
                let own = found.filter { $0.section == section }
                #expect(!own.isEmpty, "\(what): \(found.map(\.line))")
                guard let field = place.field else { continue }
                #expect(
                    own.contains { $0.statePath?.tokens.dropFirst(3).first.map { $0 >= field } ?? false }
                        || own.contains { $0.statePath?.description.hasSuffix("/state") == true },
                    "\(what): \(own.map(\.line))"
                )
            }
        }
    }

    @Test func eachTruncationIsFound() throws {
        let sample = Sample()
        let bytes = sample.stream.bytes
        let whole = try MigrationStream(reading: BytesSource(bytes))
        let end = try #require(whole.ends.last)
        for length in 0..<bytes.count {
            let found = try findings(Array(bytes[..<length]))
            guard length != end + 1 else {
                // Nothing but the vmdesc is missing, which need not be there.
                #expect(found.contains { $0.rule.description == "VMST031" })
                continue
            }
            let own = found.filter { $0.severity == .error }
            #expect(!own.isEmpty, "cut at \(length)")
            #expect(own.allSatisfy { (0...length).contains($0.offset ?? -1) }, "cut at \(length): \(own.map(\.line))")
            guard
                let open = whole.sections.last(where: {
                    $0.payload.lowerBound < length && length < $0.payload.upperBound
                })
            else { continue }
            #expect(own.contains { $0.section == open.idstr }, "cut at \(length): \(own.map(\.line))")
        }
    }

    // MARK: Real streams

    /// The lengths of the names of subsections in device sections, by what their text announces.
    private func subsectionLengths(_ bytes: [UInt8], _ stream: MigrationStream) throws -> [(Int, String)] {
        let document = try JSONDocument(parsing: try StreamDocument(stream).json().text).root
        var places: [(Int, String)] = []
        for (section, node) in zip(stream.sections, document["sections"]?.elements ?? []) {
            func visit(_ value: JSONNode) {
                for member in value.members {
                    let name = Array(member.name.utf8)
                    if member.value.kind == .object, name.contains(0x2f), name.count < 256 {
                        let head = [5, UInt8(name.count)] + name
                        for start in section.payload where bytes[start...].starts(with: head) {
                            places.append((start + 1, section.idstr))
                        }
                    }
                    visit(member.value)
                }
                for element in value.elements { visit(element) }
            }
            if let state = node["state"] { visit(state) }
        }
        return places
    }

    @Test(arguments: ["arm-microbit-11.1", "qemu-7.2-dirty-bitmaps", "qemu-7.2-compress"])
    func eachSubsectionNameOfARealStreamCounts(_ name: String) throws {
        let bytes = try StreamSamples.bytes(name)
        let whole = try MigrationStream(reading: BytesSource(bytes))
        let places = try subsectionLengths(bytes, whole)
        #expect(!places.isEmpty)
        let known = try findings(bytes)
        for (offset, section) in StreamSamples.isOptimised ? places : Array(places.prefix(6)) {
            for mask: UInt8 in StreamSamples.isOptimised ? [0x01, 0x02, 0x80, 0xff] : [0x01, 0xff] {
                var other = bytes
                other[offset] ^= mask
                let own = try findings(other).filter {
                    $0.severity == .error && !known.contains($0) && $0.section == section
                }
                #expect(!own.isEmpty, "\(name), byte \(offset) of \(section)")
                #expect(own.contains { $0.statePath?.tokens.count ?? 0 >= 3 }, "\(own.map(\.line))")
                #expect(own.allSatisfy { $0.offset != nil })
            }
        }
    }

    /// The lengths of the names of RAM blocks: in the list, and at pages.
    @Test(arguments: ["arm-microbit-11.1", "qemu-7.2-xbzrle", "qemu-7.2-compress"])
    func eachBlockNameOfARealStreamCounts(_ name: String) throws {
        let bytes = try StreamSamples.bytes(name)
        let whole = try MigrationStream(reading: BytesSource(bytes))
        let known = try findings(bytes)
        var count = 0
        for block in whole.blocks {
            let head = [UInt8(block.idstr.utf8.count)] + Array(block.idstr.utf8)
            let places = whole.sections.filter { $0.idstr == "ram" }.compactMap { section in
                section.payload.first { bytes[$0...].starts(with: head) }
            }
            for offset in places.prefix(2) {
                for mask: UInt8 in StreamSamples.isOptimised ? Array(1...255) : [0x01, 0x80] {
                    var other = bytes
                    other[offset] ^= mask
                    let own = try findings(other).filter { $0.severity == .error && !known.contains($0) }
                    #expect(own.contains { $0.section == "ram" }, "\(name), byte \(offset): \(own.map(\.line))")
                    #expect(own.allSatisfy { $0.offset != nil })
                    count += 1
                }
            }
        }
        #expect(count >= 2)
    }

    /// The smallest stream that QEMU writes, cut anywhere.
    @Test func eachTruncationOfTheSmallestStreamIsFound() throws {
        let bytes = try StreamSamples.bytes("x86-none-10.0")
        let end = try #require(try MigrationStream(reading: BytesSource(bytes)).ends.last)
        for length in 0..<bytes.count where length != end + 1 {
            let found = try findings(Array(bytes[..<length])).filter { $0.severity == .error }
            #expect(!found.isEmpty && found.allSatisfy { $0.offset != nil }, "cut at \(length)")
        }
    }
}
