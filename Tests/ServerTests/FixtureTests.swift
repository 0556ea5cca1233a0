// SPDX-License-Identifier: Apache-2.0

import Compression
import Engine
import TestSupport
import Testing

@testable import Server

/// The worked examples of the format and sections of real streams, through the service.
@Suite("Fixtures over HTTP", .timeLimit(.minutes(3)))
struct FixtureTests {
    static let cases = Fixtures.cases("codec") + devices
    /// One of each kind: plain, subsections, queues, trees, pointers, counters, opaque infos, several releases.
    static let devices = [
        "net-7.2-timer", "net-7.2-mc146818rtc", "net-7.2-i8254", "net-7.2-hpet", "pc-7.2-apic", "pc-7.2-fw-cfg",
        "pc-7.2-uhci", "pc-7.2-rtl8139", "q35-10.0-ich9-ahci", "q35-10.0-xhci", "q35-11.1-nvme", "scsi-7.2-lsi",
        "virt-10.0-gicv3", "s390x-11.1-css", "pseries-10.0-spapr-pci", "virt-7.2-on-10.0-virtio-net",
    ].map { FixtureCase(folder: "devices/\($0)") }

    @Test func thereAreExamplesAndDevices() {
        #expect(Fixtures.list("codec").count >= 40)
        #expect(Self.devices.allSatisfy { Fixtures.list($0.folder).contains("wire.hex") })
    }

    @Test(arguments: cases)
    func encodeGivesTheBytes(_ fixture: FixtureCase) throws {
        let answer = try Shared.ask(
            "POST",
            "/v1/encode",
            [("Content-Type", "application/json")],
            body: fixture.encodeRequest()
        )
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "application/octet-stream")
        #expect(hexadecimal(answer.body) == hexadecimal(try fixture.wire()))
    }

    @Test(arguments: cases)
    func encodeDescribesTheBytes(_ fixture: FixtureCase) throws {
        let headers = [("Content-Type", "application/json"), ("Accept", "application/json")]
        let answer = try Shared.ask("POST", "/v1/encode", headers, body: fixture.encodeRequest())
        let wire = try fixture.wire()
        #expect(answer["Content-Type"] == "application/json")
        #expect(answer.json?["stream"]?.string ?? "" == hexadecimal(wire))
        #expect(answer.json?["size"]?.int == wire.count)
        #expect(answer.json?["vmdesc"]?["vmsd_name"]?.string != nil)
    }

    @Test(arguments: cases)
    func decodeGivesTheState(_ fixture: FixtureCase) throws {
        let answer = try Shared.ask(
            "POST",
            "/v1/decode",
            [("Content-Type", "application/json")],
            body: fixture.decodeRequest()
        )
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "application/json")
        #expect(state(answer) == (try fixture.expectedState()))
        #expect(answer.json?["consumed"]?.int == (try fixture.wire().count))
    }

    @Test(arguments: cases)
    func decodeTakesAForm(_ fixture: FixtureCase) throws {
        let body = form(try fixture.decodeRequest(withStream: false), try fixture.wire())
        let answer = try Shared.ask(
            "POST",
            "/v1/decode",
            [("Content-Type", "multipart/form-data; boundary=b0undary")],
            body: body
        )
        #expect(answer.status == 200)
        #expect(state(answer) == (try fixture.expectedState()))
    }

    @Test(arguments: cases, ["gzip", "deflate"])
    func codedBothWays(_ fixture: FixtureCase, _ coding: String) throws {
        let isGzip = coding == "gzip"
        let headers = [
            ("Content-Type", "application/json"), ("Content-Encoding", coding), ("Accept-Encoding", coding),
        ]
        let body = try #require(Deflater.deflate(fixture.decodeRequest(), isGzip: isGzip))
        var answer = try Shared.ask("POST", "/v1/decode?offsets=true", headers, body: body)
        #expect(answer.status == 200)
        if answer["Content-Encoding"] != nil {
            #expect(answer["Content-Encoding"] == coding)
            answer.body = try Inflater.inflate(answer.body, isGzip: isGzip, limit: 64 << 20)
            #expect(answer.body.count >= 1024)
        } else {
            #expect(answer.body.count < 1024)
        }
        #expect(state(answer) == (try fixture.expectedState()))
    }

    @Test(arguments: cases)
    func theAnswerGoesBackAsItCame(_ fixture: FixtureCase) throws {
        let decoded = try Shared.ask(
            "POST",
            "/v1/decode?int64=string&bytes=base64",
            [("Content-Type", "application/json")],
            body: fixture.decodeRequest()
        )
        let state = try #require(decoded.json?["state"])
        let document = try fixture.document(
            [("vmsd", fixture.bytes("vmsd.json")), ("state", state.json())],
            without: ["initial"]
        )
        let answer = try Shared.ask("POST", "/v1/encode", [("Content-Type", "application/json")], body: document)
        #expect(hexadecimal(answer.body) == hexadecimal(try fixture.wire()))
    }

    private func state(_ answer: Answer) -> String {
        String(decoding: answer.json?["state"]?.json() ?? answer.body, as: UTF8.self)
    }
}
