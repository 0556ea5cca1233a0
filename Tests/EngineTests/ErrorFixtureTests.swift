// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Each code of the codec with its places and numbers.
///
/// A case has a stream to decode, a state to encode, or neither when the
/// description itself is wrong.
@Suite struct ErrorFixtureTests {
    static let cases = Fixtures.cases("errors")

    /// What `error.json` gives; a member that is not there is nil.
    private struct Expectation: Equatable, CustomStringConvertible {
        var code: String?
        var path: String?
        var statePath: String?
        var offset: Int?
        var expected: String?
        var found: String?

        var description: String {
            let places = "path \(path ?? "-"), state_path \(statePath ?? "-"), offset \(offset.map(String.init) ?? "-")"
            return "\(code ?? "-"), \(places), expected \(expected ?? "-"), found \(found ?? "-")"
        }
    }

    @Test func everyCodeOfTheCodecHasACase() throws {
        let codes = try Set(Self.cases.compactMap { try $0.json("error.json")?["code"]?.string })
        for code: VMStateError.Code in [
            .streamTruncated, .trailingBytes, .markerInvalid, .versionTooNew, .versionTooOld, .subsectionUnknown,
            .equalMismatch, .countMismatch, .mustExist, .valueOutOfRange, .valueTypeMismatch, .stateMissingField,
            .stateUnknownMember, .countUnknown, .predicateUnresolved, .vmsdInvalid, .limitExceeded,
        ] {
            #expect(codes.contains(code.description), "\(code)")
        }
        #expect(Self.cases.count >= 40)
    }

    @Test(arguments: cases)
    func theErrorIsTheOneExpected(_ fixture: FixtureCase) throws {
        let expected = try #require(try fixture.json("error.json"))
        var found = Expectation()
        do {
            try run(fixture)
        } catch let error as VMStateError {
            found = Expectation(
                code: error.code.description,
                path: error.path?.description,
                statePath: error.statePath?.description,
                offset: error.offset,
                expected: error.expected,
                found: error.found
            )
        }
        #expect(
            found
                == Expectation(
                    code: expected["code"]?.string,
                    path: expected["path"]?.string,
                    statePath: expected["state_path"]?.string,
                    offset: expected["offset"]?.int,
                    expected: expected["expected"]?.string,
                    found: expected["found"]?.string
                )
        )
    }

    private func run(_ fixture: FixtureCase) throws {
        let request = try fixture.json("request.json")
        var given: [String: Predicate] = [:]
        for (name, value) in (request?["predicates"]?.members ?? []) + (request?["constants"]?.members ?? []) {
            given[name] = try Predicate(value.string ?? String(decoding: value.json(), as: UTF8.self))
        }
        let vmsd = try fixture.json("vmsd.json")
        let codec = try VMStateCodec(VMStateDocument(try #require(vmsd)), given: given)
        if let state = try fixture.json("state.json") {
            _ = try codec.encode(state, versionID: request?["version_id"]?.int)
        } else if (try? fixture.bytes("wire.hex")) != nil {
            var options = VMStateCodec.DecodeOptions()
            options.versionID = request?["version_id"]?.int
            options.initial = request?["initial"]
            _ = try codec.decode(fixture.wire(), options)
        }
    }
}
