// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Elements that real QEMU wrote, taken apart.
@Suite struct LayoutFixtureTests {
    @Test func thereAreElements() {
        #expect(LayoutCase.fixtures.count >= 20)
    }

    @Test(arguments: LayoutCase.fixtures)
    func anElementIsTakenApartAndWrittenBack(_ name: String) throws {
        let element = try LayoutCase("infos/\(name)")
        let codec = try element.codec(size: element.bytes.count)
        let decoded = try codec.decode(element.bytes, LayoutCase.takesApart)
        #expect(LayoutCase.value(decoded.state.root) == element.value)
        #expect(try codec.encode(decoded.state.root).bytes == element.bytes)
        // As text it says the same, also with long integers as strings and bytes as base64.
        var options = JSONPrinter.Options()
        options.int64AsString = true
        options.bytesAsBase64 = true
        let text = try JSONDocument(parsing: decoded.state.root.json(options))
        #expect(try codec.encode(text.root).bytes == element.bytes)
    }

    @Test(arguments: LayoutCase.fixtures)
    func withoutTheOptionItIsHex(_ name: String) throws {
        let element = try LayoutCase("infos/\(name)")
        let codec = try element.codec(size: element.bytes.count)
        let decoded = try codec.decode(element.bytes)
        #expect(LayoutCase.value(decoded.state.root) == "\"\(hexadecimal(element.bytes))\"")
        #expect(try codec.encode(decoded.state.root).bytes == element.bytes)
    }

    @Test(arguments: LayoutCase.fixtures)
    func leavesHavePlacesOfTheirOwn(_ name: String) throws {
        let element = try LayoutCase("infos/\(name)")
        var options = LayoutCase.takesApart
        options.recordsOffsets = true
        let decoded = try element.codec(size: element.bytes.count).decode(element.bytes, options)
        #expect(LayoutCase.value(decoded.state.root) == element.value)
        var end = 0
        for leaf in decoded.offsets {
            #expect(leaf.range.lowerBound >= end, "\(leaf.path)")
            end = leaf.range.upperBound
            #expect(leaf.path.tokens.first == "x")
            var node: JSONNode? = decoded.state.root
            for token in leaf.path.tokens {
                node = node?.kind == .array ? Int(token).flatMap { node?.elements[$0] } : node?[token]
            }
            #expect(node != nil && node?.kind != .object && node?.kind != .array, "\(leaf.path)")
        }
        #expect(end <= element.bytes.count)
    }

    /// An element with one byte changed is hex, or gives the changed byte back.
    @Test(arguments: LayoutCase.fixtures)
    func changedBytesAreNotLost(_ name: String) throws {
        let element = try LayoutCase("infos/\(name)")
        let codec = try element.codec(size: element.bytes.count)
        // Most bytes of the large ones are the zeros of queues that do not exist.
        let places = element.bytes.indices.filter { $0 < 40 || element.bytes[$0] != 0 || $0 % 997 == 0 }
        let step = max(places.count / (element.bytes.count > 4096 ? 16 : 150), 1)
        for (count, place) in places.enumerated() where count % step == 0 {
            var bytes = element.bytes
            bytes[place] ^= count / step % 2 == 0 ? 0x01 : 0xff
            try expectSame(bytes, codec)
        }
    }

    /// A piece of an element in a field of its size is hex, or gives the piece back; where the field's size decides.
    @Test(arguments: LayoutCase.fixtures.filter { $0 != "pci-irq-state" })
    func cutElementsAreNotLost(_ name: String) throws {
        let element = try LayoutCase("infos/\(name)")
        let step = max(element.bytes.count / (element.bytes.count > 4096 ? 8 : 60), 1)
        for length in stride(from: 0, to: element.bytes.count, by: step) {
            try expectSame(Array(element.bytes[..<length]), try element.codec(size: length))
        }
        let longer = element.bytes + [0]
        try expectSame(longer, try element.codec(size: longer.count))
    }

    private func expectSame(_ bytes: [UInt8], _ codec: VMStateCodec) throws {
        var options = LayoutCase.takesApart
        let decoded = try codec.decode(bytes, options)
        #expect(try codec.encode(decoded.state.root).bytes == bytes)
        options.recordsOffsets = true
        let recorded = try codec.decode(bytes, options)
        #expect(recorded.state.root.json() == decoded.state.root.json())
        #expect(!recorded.offsets.isEmpty || bytes.isEmpty || LayoutCase.value(decoded.state.root) == "[]")
    }
}
