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
}
