// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Every fixture's stream, cut at every length and with every byte changed.
@Suite struct RobustnessWireTests {
    static let folders =
        (Fixtures.list("codec").map { "codec/\($0)" } + Fixtures.list("devices").map { "devices/\($0)" })

    /// Every place of a short stream; of a long one the first bytes and then some.
    ///
    /// A build without optimisation takes fewer.
    private func places(_ count: Int) -> [Int] {
        var isDebug = false
        assert(
            {
                isDebug = true; return true
            }()
        )
        let (whole, first, more) = isDebug ? (128, 48, 12) : (2048, 512, 128)
        guard count > whole else { return Array(0..<count) }
        return Array(0..<first) + Array(stride(from: first, to: count, by: max(count / more, 1)))
    }

    @Test(arguments: folders)
    func aStreamThatIsCutIsAnError(_ folder: String) throws {
        let fixture = try #require(RobustnessCase(root: Fixtures.root, folder: folder))
        for length in places(fixture.wire.count) {
            let prefix = Array(fixture.wire[..<length])
            do {
                let decoded = try fixture.codec.decode(prefix, fixture.options)
                // Only a subsection at the end may be missing, or a last zero that the next stream would begin with.
                #expect(fixture.hasSubsections, "\(folder) at \(length)")
                #expect(decoded.consumed == length || decoded.endsWithEOF)
            } catch {
                // Half a subsection is not taken for one, so its bytes are left over.
                let codes: [VMStateError.Code] =
                    fixture.hasSubsections ? [.streamTruncated, .trailingBytes] : [.streamTruncated]
                #expect(codes.contains(error.code), "\(folder) at \(length): \(error)")
                #expect((0...length).contains(error.offset ?? -1))
                #expect(error.path != nil)
                #expect(error.code == .trailingBytes || error.statePath != nil)
            }
        }
    }

    @Test(arguments: folders)
    func aStreamWithAnotherByteIsAnErrorOrEncodesAgain(_ folder: String) throws {
        let fixture = try #require(
            RobustnessCase(root: Fixtures.root, folder: folder, limits: RobustnessChecks.limits)
        )
        for place in places(fixture.wire.count) {
            for mask: UInt8 in [0xff, 0x01] {
                var wire = fixture.wire
                wire[place] ^= mask
                let violation = RobustnessChecks.decode(fixture, wire)
                #expect(violation == nil, "\(folder), byte \(place) ^ \(mask)")
            }
        }
    }

    @Test(arguments: Fixtures.list("codec").map { "codec/\($0)" })
    func aHugeCountAnywhereIsAnErrorOrEncodesAgain(_ folder: String) throws {
        let fixture = try #require(
            RobustnessCase(root: Fixtures.root, folder: folder, limits: RobustnessChecks.limits)
        )
        for place in places(fixture.wire.count) where place + 4 <= fixture.wire.count {
            for count: [UInt8] in [[0x7f, 0xff, 0xff, 0xff], [0x80, 0, 0, 0], [0xff, 0xff, 0xff, 0xff]] {
                var wire = fixture.wire
                wire.replaceSubrange(place..<place + 4, with: count)
                let violation = RobustnessChecks.decode(fixture, wire)
                #expect(violation == nil, "\(folder), byte \(place), count \(count)")
            }
        }
    }
}
