// SPDX-License-Identifier: Apache-2.0

import Compression
import Engine
import HTTP
import TestSupport
import Testing

@testable import Server

/// Whole migration streams over HTTP.
@Suite("Streams over HTTP", .timeLimit(.minutes(10)))
struct StreamRouteTests {
    private let stream: [UInt8]
    private let octets = [("Content-Type", "application/octet-stream")]
    private let multipart = [("Content-Type", "multipart/form-data; boundary=b0undary")]

    init() throws {
        stream = try #require(Fixtures.read("streams/arm-microbit-11.1.mig"))
    }

    @Test func decodeTakesTheBytes() throws {
        let answer = try Shared.ask("POST", "/v1/decode", octets, body: stream)
        #expect(answer.status == 200 && answer["Content-Type"] == "application/json")
        let document = try #require(answer.json)
        #expect(document["header"]?["magic"]?.string == "QEVM")
        #expect(document["page_size"]?.int == 1024 && document["vmdesc"]?.bool == true)
        #expect(document["sections"]?.elements.count == 18)
        #expect(document["ram"]?["blocks"]?.elements.map { $0["size"]?.int } == [262144, 16384])
        #expect(document["incomplete"] == nil)
    }

    @Test func decodeSelectsSections() throws {
        let answer = try Shared.ask("POST", "/v1/decode?sections=timer&offsets=true", octets, body: stream)
        #expect(answer.json?["sections"]?.elements.map { $0["idstr"]?.string } == ["timer"])
        #expect(answer.json?["offsets"]?.elements.first?["path"]?.string == "/sections/0/state/cpu_ticks_offset")
        let inForm = try Shared.ask(
            "POST",
            "/v1/decode",
            multipart,
            body: form([("request", Array(#"{"sections":["timer"],"offsets":true}"#.utf8)), ("stream", stream)])
        )
        #expect(inForm.body == answer.body)
    }

    @Test func decodeGivesText() throws {
        let headers = octets + [("Accept", "text/plain")]
        let answer = try Shared.ask("POST", "/v1/decode?sections=timer&hexdump=true", headers, body: stream)
        #expect(answer.status == 200 && answer["Content-Type"] == "text/plain; charset=utf-8")
        #expect(answer.text.contains("cpu_ticks_offset: 0"))
    }

    @Test func whatIsNoStreamIs422WithItsOffset() throws {
        let answer = try Shared.ask("POST", "/v1/decode", octets, body: Array("hello".utf8))
        #expect(answer.status == 422 && answer.code == "stream-invalid")
        #expect(answer.json?["offset"]?.int == 0)
    }

    @Test func decodeSaysWhatIsMissing() throws {
        let answer = try Shared.ask("POST", "/v1/decode", octets, body: Array(stream.prefix(15_000)))
        #expect(answer.status == 200)
        let missing = try #require(answer.json?["incomplete"]?.elements.last)
        #expect((missing["offset"]?.int ?? 0) > 13_000 && missing["rule"]?.string?.hasPrefix("VMST") == true)
    }

    @Test func validateTakesTheBytes() throws {
        let good = try Shared.ask("POST", "/v1/validate", octets, body: stream)
        #expect(good.json?["valid"]?.bool == true)
        var wrong = stream
        // The footer of the first section.
        wrong[21 + 1 + 4 + 1 + 3 + 4 + 4 + 59 + 1] ^= 0xff
        let bad = try Shared.ask("POST", "/v1/validate", octets, body: wrong)
        #expect(bad.status == 200 && bad.json?["valid"]?.bool == false)
        let none = try Shared.ask("POST", "/v1/validate", octets, body: Array("no stream".utf8))
        #expect(none.json?["findings"]?.elements.first?["rule"]?.string == "VMST001")
    }

    @Test func aDocumentIsWrittenBackFromItsSource() throws {
        let document = try Shared.ask("POST", "/v1/decode", octets, body: stream).body
        let request = Array("{\"framing\":\"stream\",\"stream\":".utf8) + document + Array("}".utf8)
        let answer = try Shared.ask(
            "POST",
            "/v1/encode",
            multipart,
            body: form([("request", request), ("source", stream)])
        )
        #expect(answer.status == 200 && answer.body == stream)
        let alone = try Shared.ask("POST", "/v1/encode", [("Content-Type", "application/json")], body: request)
        #expect(alone.status == 422 && alone.json?["state_path"]?.string == "/sections/0")
    }

    @Test func aRawDocumentIsWrittenBackAlone() throws {
        let document = try Shared.ask("POST", "/v1/decode?raw=true", octets, body: stream).body
        let request = Array("{\"stream\":".utf8) + document + Array("}".utf8)
        let answer = try Shared.ask("POST", "/v1/encode", [("Content-Type", "application/json")], body: request)
        #expect(answer.status == 200 && answer.body == stream)
    }

    @Test func editChangesAValue() throws {
        let patch = #"[{"op":"replace","path":"/sections/10/state/active","value":7}]"#
        let answer = try Shared.ask(
            "POST",
            "/v1/edit",
            multipart,
            body: form([("stream", stream), ("patch", Array(patch.utf8))])
        )
        #expect(answer.status == 200)
        #expect(stream.indices.filter { stream[$0] != answer.body[$0] } == [0x30b5])
        let failing = #"[{"op":"test","path":"/sections/10/state/active","value":7}]"#
        let failed = try Shared.ask(
            "POST",
            "/v1/edit",
            multipart,
            body: form([("stream", stream), ("patch", Array(failing.utf8))])
        )
        #expect(failed.status == 422 && failed.code == "patch-failed")
    }

    @Test func diffSaysWhatDiffers() throws {
        var other = stream
        other[0x30b5] = 7
        let answer = try Shared.ask("POST", "/v1/diff", multipart, body: form([("a", stream), ("b", other)]))
        #expect(answer.json?["equal"]?.bool == false)
        #expect(answer.json?["differences"]?.elements.map { $0["path"]?.string } == ["/active"])
        let ignored = try Shared.ask(
            "POST",
            "/v1/diff?ignore=nrf51_soc.rng",
            multipart,
            body: form([("a", stream), ("b", other)])
        )
        #expect(ignored.json?["equal"]?.bool == true)
    }

    // MARK: Streams in JSON

    private static func json(_ members: String) -> [UInt8] { Array("{\(members)}".utf8) }

    private func askJSON(_ path: String, _ members: String, accept: String? = nil) throws -> Answer {
        let headers = [("Content-Type", "application/json")] + (accept.map { [("Accept", $0)] } ?? [])
        return try Shared.ask("POST", path, headers, body: Self.json(members))
    }

    @Test func aStreamMayStandInJSON() throws {
        let plain = try Shared.ask("POST", "/v1/decode", octets, body: stream)
        let hex = "\"stream\":\"\(hexadecimal(stream))\""
        #expect(try askJSON("/v1/decode", hex).body == plain.body)
        let inForm = try Shared.ask("POST", "/v1/decode?offsets=true&sections=timer", octets, body: stream)
        #expect(try askJSON("/v1/decode?offsets=true&sections=timer", hex).body == inForm.body)
        #expect(try askJSON("/v1/decode", "\(hex),\"offsets\":true,\"sections\":[\"timer\"]").body == inForm.body)
        let text = try askJSON("/v1/decode", hex, accept: "text/plain")
        #expect(text["Content-Type"] == "text/plain; charset=utf-8" && text.text.contains("nrf51_soc.rng"))
        let small = try #require(Fixtures.read("streams/x86-none-10.0.mig"))
        let base64 = Self.base64(small)
        let none = try askJSON("/v1/decode", "\"stream\":{\"base64\":\"\(base64)\"}")
        #expect(none.body == (try Shared.ask("POST", "/v1/decode", octets, body: small).body))
    }

    @Test func aStreamInJSONIsValidated() throws {
        let hex = hexadecimal(stream)
        let good = try askJSON("/v1/validate", "\"stream\":\"\(hex)\"")
        #expect(good.status == 200 && good.json?["valid"]?.bool == true)
        let bad = try askJSON("/v1/validate", "\"stream\":\"\(hex.dropLast(40))\"")
        #expect(bad.json?["valid"]?.bool == false && bad.json?["findings"]?.elements.first?["offset"]?.int != nil)
        let none = try askJSON("/v1/validate", "\"stream\":\"00\"")
        #expect(none.json?["findings"]?.elements.first?["rule"]?.string == "VMST001")
        for members in ["\"stream\":\"0\"", "\"stream\":\"00\",\"state\":{}", "\"stream\":\"00\",\"partial\":true"] {
            for path in ["/v1/decode", "/v1/validate"] {
                let refused = try askJSON(path, members)
                #expect(refused.status == 422 && refused.code == "request-invalid", "\(path) \(members)")
            }
        }
        #expect(try askJSON("/v1/decode", "\"stream\":{}").status == 422)
    }

    /// A stream without a vmdesc with the description that it needs, all in one document.
    @Test func aStreamInJSONTakesDescriptions() throws {
        let plain = try MigrationStream(reading: BytesSource(stream))
        let bare = Array(stream[..<(try #require(plain.vmdesc).lowerBound)])
        let vmsd =
            #"{"name":"timer","version_id":2,"minimum_version_id":1,"fields":[{"name":"cpu_ticks_offset","info":"int64"},"#
            + #"{"name":"unused","info":"unused_buffer","size":8},{"name":"cpu_clock_offset","info":"int64","version_id":2}]}"#
        let members = "\"stream\":\"\(hexadecimal(bare))\",\"sections\":[\"timer\"],\"vmsds\":{\"timer\":\(vmsd)}"
        let answer = try askJSON("/v1/decode", members)
        #expect(answer.json?["sections"]?.elements.first?["state"]?["cpu_ticks_offset"] != nil)
        let dump =
            #"{"vmschkmachine":{"Name":"m"},"t":{"Name":"t","Description":{"name":"timer","version_id":2,"#
            + #""minimum_version_id":1,"Fields":[{"field":"a","version_id":0,"field_exists":false,"size":24}]}}}"#
        let dumped = try askJSON(
            "/v1/decode",
            "\"stream\":\"\(hexadecimal(bare))\",\"sections\":[\"timer\"],\"vmsds\":\(dump)"
        )
        #expect(dumped.json?["sections"]?.elements.first?["state"]?["a"]?.string?.count == 48)
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let word = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
            for index in 0..<4 {
                text.append(index <= part.count ? alphabet[word >> (18 - 6 * index) & 63] : "=")
            }
        }
        return text
    }

    // MARK: CPR

    @Test(arguments: ["transfer", "exec"]) func descriptorsAreDecodedAndEncoded(_ name: String) throws {
        let bytes = try hexadecimal(String(decoding: #require(Fixtures.read("cpr/\(name).hex")), as: UTF8.self))
        let answer = try Shared.ask("POST", "/v1/decode?offsets=true", octets, body: bytes)
        #expect(answer.json?["mode"]?.string == "cpr-\(name)" && answer.json?["offsets"]?.elements.isEmpty == false)
        let request = Array("{\"stream\":".utf8) + answer.body + Array("}".utf8)
        let written = try Shared.ask("POST", "/v1/encode", [("Content-Type", "application/json")], body: request)
        #expect(written.status == 200 && written.body == bytes)
        let text = try Shared.ask("POST", "/v1/decode", octets + [("Accept", "text/plain")], body: bytes)
        #expect(text.text.contains("\"CprState\" version 1, cpr-\(name)"))
        #expect(try Shared.ask("POST", "/v1/validate", octets, body: bytes).json?["valid"]?.bool == true)
        let cut = Array(bytes.dropLast())
        let failed = try Shared.ask("POST", "/v1/decode", octets, body: cut)
        #expect(failed.status == 422 && failed.json?["offset"]?.int == cut.count)
        let report = try Shared.ask("POST", "/v1/validate", octets, body: cut)
        #expect(report.json?["findings"]?.elements.first?["offset"]?.int == cut.count)
        #expect(try askJSON("/v1/decode?offsets=true", "\"stream\":\"\(hexadecimal(bytes))\"").body == answer.body)
    }

    @Test func opaqueInfosAreTakenApartUnlessBytesAreWanted() throws {
        let coded = try #require(Fixtures.read("streams/qemu-7.2-no-footers.mig.gz"))
        let headers = octets + [("Content-Encoding", "gzip")]
        func config(_ query: String) throws -> JSONNode? {
            let answer = try Shared.ask("POST", "/v1/decode" + query, headers, body: coded)
            let sections = answer.json?["sections"]?.elements ?? []
            return sections.first { $0["idstr"]?.string?.hasSuffix("I440FX") == true }?["state"]?["parent_obj"]?[
                "config[0]"
            ]
        }
        #expect(try config("")?["vendor_id"]?.int == 0x8086)
        #expect(try config("?infos=apart")?["vendor_id"]?.int == 0x8086)
        #expect(try config("?infos=bytes")?.string?.hasPrefix("8680") == true)
        #expect(try Shared.ask("POST", "/v1/decode?infos=x", headers, body: coded).status == 400)
    }

    @Test func aDocumentIsEncodedAsItWasDecoded() throws {
        let document = try Shared.ask("POST", "/v1/decode?raw=true", octets, body: stream)
        let headers = [("Content-Type", "application/json"), ("Accept", "application/octet-stream")]
        let again = try Shared.ask("POST", "/v1/encode", headers, body: document.body)
        #expect(again.status == 200 && again.body == stream)
    }

    @Test func ramGivesABlock() throws {
        let answer = try Shared.ask("POST", "/v1/ram?block=nrf51.sram", octets, body: stream)
        #expect(answer.status == 200 && answer.body == Array(repeating: 0, count: 16384))
        #expect(try Shared.ask("POST", "/v1/ram?block=none", octets, body: stream).status == 422)
        #expect(try Shared.ask("POST", "/v1/ram", octets, body: stream).status == 400)
    }

    /// In memory, and in a file: the same as QEMU's `pmemsave` said.
    @Test(arguments: ["xbzrle", "compress", "postcopy"], [4 << 20, 10_000])
    func ramIsTheGuests(_ name: String, threshold: Int) throws {
        let coded = try #require(Fixtures.read("streams/qemu-7.2-\(name).mig.gz"))
        let memory = try #require(Fixtures.read("streams/qemu-7.2-\(name).ram.gz"))
        let expected = try Inflater.inflate(memory, isGzip: true, limit: 1 << 20)
        try withService({ $0.memoryBodyBytes = threshold }) { port in
            let headers = octets + [("Content-Encoding", "gzip")]
            let answer = try Client(port: port).ask("POST", "/v1/ram?block=pc.ram", headers, body: coded)
            #expect(answer.status == 200)
            #expect(answer.body.count > expected.count && Array(answer.body.prefix(expected.count)) == expected)
        }
    }

    @Test func aBlockIsWholeOrRefused() throws {
        let answer = try Shared.ask("POST", "/v1/ram?block=nrf51.sram", octets, body: Array(stream.prefix(20_000)))
        #expect(answer.status == 422)
        #expect(answer.text.contains("the block cannot be had whole: "))
    }

    @Test func whatIsZeroInABlockNeedsNoRoom() throws {
        let coded = try #require(Fixtures.read("streams/qemu-7.2-xbzrle.mig.gz"))
        let stream = try Inflater.inflate(coded, isGzip: true, limit: 16 << 20)
        // The stream has 174327 bytes, and the block a mebibyte.
        for (room, bound, status) in [(700_000, 1 << 20, 200), (180_000, 1 << 20, 503), (700_000, 1_000_000, 413)] {
            try withService({
                $0.memoryBodyBytes = 10_000
                $0.streamBytes = bound
                $0.http.spool = HTTPSpool(maximumBytes: room)
            }) { port in
                let answer = try Client(port: port).ask("POST", "/v1/ram?block=pc.ram", octets, body: stream)
                #expect(answer.status == status)
            }
        }
    }

    // MARK: Whole streams as documents

    @Test func encodeAnswersWithADocumentWhereOneIsWanted() throws {
        let raw = try Shared.ask("POST", "/v1/decode?raw=true", octets, body: stream)
        let headers = [("Content-Type", "application/json"), ("Accept", "application/json")]
        let answer = try Shared.ask("POST", "/v1/encode", headers, body: raw.body)
        #expect(answer.status == 200 && answer["Content-Type"] == "application/json")
        #expect(answer.json?["size"]?.int == stream.count)
        #expect(answer.json?["vmdesc"]?["devices"]?.elements.isEmpty == false)
        #expect(answer.json?["stream"]?.string == stream.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }

    /// Clients with one type for all requests write every member.
    @Test func aMemberThatIsNullIsNotThere() throws {
        let hex = stream.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let plain = try Shared.ask("POST", "/v1/decode", octets, body: stream)
        let nulls = #""vmsd":null,"initial":null,"state":null,"version_id":null,"partial":null"#
        #expect(try askJSON("/v1/decode", #""stream":"\#(hex)",\#(nulls)"#).body == plain.body)
        #expect(try askJSON("/v1/validate", #""stream":"\#(hex)",\#(nulls)"#).json?["valid"]?.bool == true)
        let raw = try Shared.ask("POST", "/v1/decode?raw=true", octets, body: stream)
        let text = String(decoding: raw.body, as: UTF8.self)
        #expect(try askJSON("/v1/encode", #""stream":\#(text),\#(nulls)"#).body == stream)
        let form = form([("request", Array("{\(nulls)}".utf8)), ("stream", stream)])
        #expect(try Shared.ask("POST", "/v1/decode", multipart, body: form).body == plain.body)
        let vmsd =
            #""vmsd":{"name":"t","fields":[{"name":"a","info":"uint8"}]},"state":{"a":7},"stream":null,"sections":null"#
        #expect(try askJSON("/v1/encode", vmsd).body == [7])
        #expect(try askJSON("/v1/encode", vmsd + #","sectons":null"#).status == 422)
    }
}
