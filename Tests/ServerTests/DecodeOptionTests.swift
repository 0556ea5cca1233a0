// SPDX-License-Identifier: Apache-2.0

import Engine
import Testing

@testable import Server

/// What a query and the members of a request change about an answer.
@Suite("Options of decode and encode", .timeLimit(.minutes(10)))
struct DecodeOptionTests {
    private let fields =
        #"[{"name":"q","info":"uint64"},{"name":"i","info":"int32"},"#
        + #"{"name":"b","info":"buffer","flags":["VMS_BUFFER"],"size":3}]"#
    private let stream = "ffffffffffffffff80000000010203"

    @Test func plainly() throws {
        let answer = try Shared.post("/v1/decode", Documents.decode(fields, stream))
        #expect(
            answer.text
                == #"{"state":{"q":18446744073709551615,"i":-2147483648,"b":"010203"},"version_id":3,"consumed":15}"#
        )
    }

    @Test func wideIntegersAsStrings() throws {
        let answer = try Shared.post("/v1/decode?int64=string", Documents.decode(fields, stream))
        #expect(answer.text.contains(#""q":"18446744073709551615","i":-2147483648,"#))
        let number = try Shared.post("/v1/decode?int64=number", Documents.decode(fields, stream))
        #expect(number.text.contains(#""q":18446744073709551615,"#))
    }

    @Test func buffersAsBase64() throws {
        let answer = try Shared.post("/v1/decode?bytes=base64", Documents.decode(fields, stream))
        #expect(answer.text.contains(#""b":{"base64":"AQID"}"#))
        let hex = try Shared.post("/v1/decode?bytes=hex", Documents.decode(fields, stream))
        #expect(hex.text.contains(#""b":"010203""#))
    }

    @Test func theStreamOfAnEncodeAsBase64() throws {
        let answer = try Shared.post("/v1/encode?bytes=base64", Documents.encode, [("Accept", "application/json")])
        #expect(answer.json?["stream"]?["base64"]?.string == "Bw==")
    }

    @Test func offsetsOfEachLeaf() throws {
        let offsets =
            #""offsets":[{"path":"/q","offset":0,"size":8},{"path":"/i","offset":8,"size":4},"#
            + #"{"path":"/b","offset":12,"size":3}]"#
        let byQuery = try Shared.post("/v1/decode?offsets=true", Documents.decode(fields, stream))
        #expect(byQuery.text.hasSuffix(offsets + "}"))
        let byMember = try Shared.post("/v1/decode", Documents.decode(fields, stream, #","offsets":true"#))
        #expect(byMember.text == byQuery.text)
        let bare = try Shared.post("/v1/decode?offsets", Documents.decode(fields, stream))
        #expect(bare.text == byQuery.text)
        let without = try Shared.post("/v1/decode?offsets=false", Documents.decode(fields, stream))
        #expect(!without.text.contains("offsets"))
    }

    @Test func severalAtOnceAndPercentCoded() throws {
        let answer = try Shared.post(
            "/v1/decode?x-a=1&int64=%73tring&bytes=base64&offsets=true",
            Documents.decode(fields, stream)
        )
        #expect(answer.text.contains(#""q":"18446744073709551615""#))
        #expect(answer.text.contains("base64") && answer.text.contains("offsets"))
    }

    @Test(arguments: ["int64=yes", "int64", "int64=", "bytes=Base64", "offsets=1", "offsets=TRUE"])
    func aValueThatIsNotTakenIs400(_ query: String) throws {
        let answer = try Shared.post("/v1/decode?\(query)", Documents.decode(fields, stream))
        #expect(answer.status == 400)
        #expect(answer["Content-Type"] == "application/problem+json")
        let name = query.prefix { $0 != "=" }
        #expect(answer.json?["detail"]?.string?.hasPrefix("\(name) may be ") == true)
    }

    @Test func bytesMayBeLeftOverWhenTheCallerSaysSo() throws {
        let answer = try Shared.post(
            "/v1/decode",
            "{\"vmsd\":\(Documents.byteVMSD),\"stream\":\"07aabb\",\"partial\":true}"
        )
        #expect(answer.text == #"{"state":{"a":7},"version_id":1,"consumed":1}"#)
    }

    @Test func oneEOFIsReported() throws {
        let request = { (rest: String) in "{\"vmsd\":\(Documents.byteVMSD),\"stream\":\"07\(rest)\"}" }
        let answer = try Shared.post("/v1/decode", request("00"))
        #expect(answer.text == #"{"state":{"a":7},"version_id":1,"consumed":1,"eof":true}"#)
        #expect(try Shared.post("/v1/decode", request("0000")).code == "trailing-bytes")
        #expect(try Shared.post("/v1/decode", request("01")).code == "trailing-bytes")
    }

    @Test func theStreamMayBeBase64() throws {
        let request = "{\"vmsd\":\(Documents.byteVMSD),\"stream\":{\"base64\":\"Bw==\"}}"
        #expect(try Shared.post("/v1/decode", request).json?["state"]?["a"]?.int == 7)
    }

    @Test func anOlderVersionIsReadAndWritten() throws {
        let fields = #"[{"name":"a","info":"uint8"},{"name":"b","info":"uint8","version_id":3}]"#
        let decoded = try Shared.post("/v1/decode", Documents.decode(fields, "07", #","version_id":2"#))
        #expect(decoded.text == #"{"state":{"a":7},"version_id":2,"consumed":1}"#)
        let state = #"{"a":7,"b":8}"#
        #expect(try Shared.post("/v1/encode", Documents.encode(fields, state)).body == [7, 8])
    }

    @Test func predicatesConstantsAndInitialCount() throws {
        let fields =
            #"[{"name":"v","info":"uint8","flags":["VMS_ARRAY"],"num":"N","field_exists":"has_v"},"#
            + #"{"name":"w","info":"uint8","flags":["VMS_VARRAY_UINT8"],"num_offset":"n"}]"#
        let more = #","predicates":{"has_v":true},"constants":{"N":2},"initial":{"n":1}"#
        let answer = try Shared.post("/v1/decode", Documents.decode(fields, "010203", more))
        #expect(answer.json?["state"]?["v"]?.elements.map(\.int) == [1, 2])
        #expect(answer.json?["state"]?["w"]?.elements.map(\.int) == [3])
        let none = more.replacing("true", with: "false")
        #expect(try Shared.post("/v1/decode", Documents.decode(fields, "03", none)).json?["state"]?["v"] == nil)
    }

    @Test func theDialectDecides() throws {
        let fields =
            #"[{"name":"r","info":"uint8","flags":["VMS_ARRAY","VMS_POINTER","VMS_ARRAY_OF_POINTER","VMS_ALLOC"],"#
            + #""num":1,"size":1}]"#
        let state = #"{"r":[5]}"#
        #expect(try Shared.post("/v1/encode", Documents.encode(fields, state)).body == [0x31, 5])
        #expect(
            try Shared.post("/v1/encode", Documents.encode(fields, state, #","dialect":"next""#)).body == [0x31, 5]
        )
        for dialect in ["7.2", "10.0", "11.1"] {
            let more = ",\"dialect\":\"\(dialect)\""
            #expect(try Shared.post("/v1/encode", Documents.encode(fields, state, more)).body == [5], "\(dialect)")
        }
    }

    @Test func aSectionHasHeaderAndFooter() throws {
        let more = #","framing":"section","idstr":"dev","instance_id":1,"section_id":2"#
        let answer = try Shared.post(
            "/v1/encode",
            Documents.encode(#"[{"name":"a","info":"uint8"}]"#, #"{"a":9}"#, more)
        )
        let header: [UInt8] = [4, 0, 0, 0, 2, 3, 0x64, 0x65, 0x76, 0, 0, 0, 1, 0, 0, 0, 3]
        #expect(answer.body == header + [9, 0x7e, 0, 0, 0, 2])
    }

    @Test func membersForTheCallersOwnUseAreIgnored() throws {
        let request = "{\"x-id\":[1],\"vmsd\":\(Documents.byteVMSD),\"stream\":\"07\"}"
        #expect(try Shared.post("/v1/decode", request).status == 200)
    }
}
