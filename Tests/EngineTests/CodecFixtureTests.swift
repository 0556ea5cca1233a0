// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// The worked examples of the format and sections of real streams, in both directions.
@Suite struct CodecFixtureTests {
    static let cases = Fixtures.cases("codec") + Fixtures.cases("devices")

    @Test func thereAreExamplesAndDevices() {
        #expect(Fixtures.list("codec").count >= 40)
        #expect(Fixtures.list("devices").count >= 20)
    }

    @Test(arguments: cases)
    func bytesDecodeToTheState(_ fixture: FixtureCase) throws {
        let (codec, options) = try codec(fixture)
        let wire = try fixture.wire()
        let decoded = try codec.decode(wire, options)
        #expect(decoded.consumed == wire.count)
        let expected = try fixture.json("decoded.json") ?? fixture.json("state.json")
        #expect(text(decoded.state.root) == text(try #require(expected)))
    }

    @Test(arguments: cases)
    func theStateEncodesToTheBytes(_ fixture: FixtureCase) throws {
        let (codec, options) = try codec(fixture)
        let state = try fixture.json("state.json")
        let encoded = try codec.encode(try #require(state), versionID: options.versionID)
        #expect(hexadecimal(encoded.bytes) == hexadecimal(try fixture.wire()))
    }

    @Test(arguments: cases)
    func whatWasDecodedEncodesToTheSameBytes(_ fixture: FixtureCase) throws {
        let (codec, options) = try codec(fixture)
        let decoded = try codec.decode(fixture.wire(), options)
        let encoded = try codec.encode(decoded.state.root, versionID: options.versionID)
        #expect(hexadecimal(encoded.bytes) == hexadecimal(try fixture.wire()))
    }

    private func text(_ node: JSONNode) -> String {
        String(decoding: node.json(), as: UTF8.self)
    }

    private func codec(_ fixture: FixtureCase) throws -> (VMStateCodec, VMStateCodec.DecodeOptions) {
        let request = try fixture.json("request.json")
        var options = VMStateCodec.DecodeOptions()
        options.versionID = request?["version_id"]?.int
        options.initial = request?["initial"]
        return (try fixture.codec(dialect: Dialect(name: request?["dialect"]?.string ?? "next")), options)
    }
}
