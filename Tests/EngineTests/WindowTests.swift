// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Engine

/// The search for footers and the vmdesc, which passes eight bytes at once.
@Suite struct WindowTests {
    @Test(arguments: [[0x7e, 0, 0, 0, 1], [0, 6], [0, 0], [5], [0], [0x80, 0x7f], [0xff, 0, 0xff]] as [[UInt8]])
    func aPatternIsFoundWhereverItBegins(_ pattern: [UInt8]) {
        for filler in [0x00, 0x01, 0x06, 0x7e, 0x80, 0xff] as [UInt8] {
            for place in 0..<24 {
                var bytes = [UInt8](repeating: filler, count: 40)
                bytes.replaceSubrange(place..<place + pattern.count, with: pattern)
                for (start, end) in [(0, 40), (3, 40), (0, place + pattern.count), (0, place + pattern.count - 1)] {
                    let expected = (start...max(start, end - pattern.count)).first { at in
                        at + pattern.count <= end && Array(bytes[at..<at + pattern.count]) == pattern
                    }
                    #expect(bytes.firstIndex(of: pattern, from: start, to: end) == expected)
                }
            }
        }
    }

    /// The window hands its memory over for a large payload, and goes on behind it.
    @Test(arguments: [300_000, 600_001], [nil, 4096, 1 << 20])
    func largePayloadsComeWhole(_ length: Int, _ chunk: Int?) throws {
        let payloads = (0..<4).map { seed in (0..<length + seed).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed) } }
        let stream = StreamBytes.headed { stream in
            for (index, payload) in payloads.enumerated() {
                stream.full(UInt32(index + 1), "big", instance: UInt32(index), payload)
                stream.full(UInt32(index + 11), "small", instance: UInt32(index), [7, UInt8(index)])
            }
            stream.byte(0)
        }
        let source: any StreamSource = chunk.map { PipeSource(stream.bytes, chunk: $0) } ?? BytesSource(stream.bytes)
        let read = try MigrationStream(reading: source)
        #expect(read.sections.map(\.bytes) == payloads.enumerated().flatMap { [$1, [7, UInt8($0)]] })
        #expect(read.understood == stream.bytes.count)
    }

    /// What a document of a large state is written into need not be large enough.
    @Test(arguments: [1000, 2_200_000])
    func documentsOutgrowWhatTheyAreExpectedToTake(_ count: Int) throws {
        let stream = StreamBytes.headed { stream in
            stream.full(1, "big", [UInt8](repeating: 200, count: count))
            stream.byte(0)
        }
        let vmsd =
            #"{"name": "big", "version_id": 1, "fields": [{"name": "a", "info": "uint8", "num": \#(count), "flags": ["VMS_ARRAY"]}]}"#
        let request = try StreamRequest(JSONDocument(parsing: Array(#"{"vmsds": {"big": \#(vmsd)}}"#.utf8)).root)
        let source = BytesSource(stream.bytes)
        let document = try JSONDocument(parsing: request.document(request.read(source), of: source).text)
        let values = try #require(document.root["sections"]?.elements.first?["state"]?["a"])
        #expect(values.elements.count == count)
        #expect(values.json() == Array("[\(Array(repeating: "200", count: count).joined(separator: ","))]".utf8))
    }
}
