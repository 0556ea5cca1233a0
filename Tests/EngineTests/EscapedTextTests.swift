// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// JSON strings with escapes, which mean what they would mean without (RFC 8259 section 7).
@Suite struct EscapedTextTests {
    private let vmsd = #"""
        {"name":"t","version_id":1,"fields":[{"name":"n","info":"uint64"},{"name":"d","info":"float64"},
        {"name":"b","info":"buffer","flags":["VMS_BUFFER"],"size":2}]}
        """#

    private func encoded(_ state: String) throws -> [UInt8] {
        let codec = try VMStateCodec(VMStateDocument(JSONDocument(parsing: Array(vmsd.utf8)).root))
        return try codec.encode(JSONDocument(parsing: Array(state.utf8)).root).bytes
    }

    private let bytes: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 7, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]

    @Test(arguments: [
        #"{"n":"7","d":"0x7ff0000000000000","b":"fffe"}"#,
        #"{"n":"\u0037","d":"0\u00787ff0000000000000","b":"f\u0066fe"}"#,
        #"{"n":"0\u0078\u0037","d":"\u0030x7ff0000000000000","b":{"base64":"\/\/4\u003d"}}"#,
        #"{"n":7,"d":"0x7ff0000000000000","b":{"base\u00364":"//4="}}"#,
    ])
    func areTheirText(_ state: String) throws {
        #expect(try encoded(state) == bytes)
    }

    /// Beyond the text they are as wrong as without.
    @Test(arguments: [
        (#"{"n":"\u0037\u0078","d":0,"b":"fffe"}"#, "/n"), (#"{"n":7,"d":"\u0030","b":"fffe"}"#, "/d"),
        (#"{"n":7,"d":0,"b":"f\u0066f"}"#, "/b"), (#"{"n":7,"d":0,"b":"f\u0066fg"}"#, "/b"),
        (#"{"n":7,"d":0,"b":{"base64":"\/w=="}}"#, "/b"), (#"{"n":7,"d":0,"b":{"base64":"\/"}}"#, "/b/base64"),
    ])
    func areRefusedWhereTheirTextIs(_ state: String, _ place: String) {
        let error = #expect(throws: VMStateError.self) { try encoded(state) }
        #expect(error?.statePath?.description == place)
    }

    /// Base64 has one text for its bytes.
    @Test func bitsOfBase64ThatStandForNothingAreZero() throws {
        for (text, place) in [("//4=", -1), ("//5=", 2), ("//6=", 2), ("//7=", 2)] {
            let state = #"{"n":7,"d":"0x7ff0000000000000","b":{"base64":"\#(text)"}}"#
            guard place >= 0 else {
                #expect(try encoded(state) == bytes)
                continue
            }
            let error = #expect(throws: VMStateError.self) { try encoded(state) }
            #expect(error?.found?.contains("character \(place)") == true)
        }
        let one = #"{"vmsd":{"name":"t","fields":[{"name":"a","info":"uint8"}]},"stream":{"base64":"Bx=="}}"#
        #expect(throws: VMStateError.self) { try DecodeRequest(JSONDocument(parsing: Array(one.utf8)).root) }
    }

    /// A stream in a request too: encoders of PHP and Swift write "/" as "\/".
    @Test func aStreamMayHaveThem() throws {
        let text = #"{"vmsd":{"name":"t","fields":[{"name":"a","info":"uint8"}]},"stream":{"base64":"\/w=="}}"#
        let request = try DecodeRequest(JSONDocument(request: Array(text.utf8)).root)
        let answer = try JSONDocument(parsing: try request.document(AnswerOptions())).root
        #expect(answer["state"]?["a"]?.int == 255)
    }

    /// A message repeats no more of a caller's text than a person reads.
    @Test func longTextIsShortenedInMessages() throws {
        let long = String(repeating: "z", count: 1 << 20)
        let state = #"{"n":7,"d":0,"b":"fffe","\#(long)":1}"#
        let error = #expect(throws: VMStateError.self) { try encoded(state) }
        #expect(error?.code == .stateUnknownMember)
        #expect((error?.description.utf8.count ?? .max) < 16384)
        #expect(error?.statePath?.tokens == [long])
        #expect((error?.statePath?.shown.utf8.count ?? .max) < 8192)
        let twice = #expect(throws: JSONError.self) {
            try JSONDocument(parsing: Array(#"{"\#(long)":1,"\#(long)":2}"#.utf8))
        }
        #expect((twice?.description.utf8.count ?? .max) < 8192)
    }
}
