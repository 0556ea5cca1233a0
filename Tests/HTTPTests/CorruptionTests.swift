// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTP

@Suite("Requests with one byte changed, or cut short")
struct CorruptionTests {
    private static let requests = [
        "GET /a/../b?c=%41 HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close, x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
        "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n0\r\nT: u\r\n\r\n",
    ]

    @Test(
        "every change is read the same way whole and byte by byte, and answered at most once too often",
        arguments: requests
    )
    func changed(request: String) {
        let bytes = Array(request.utf8)
        for index in bytes.indices {
            for replacement in "\0\t\r\n ,:;%/0Fx\u{7F}".utf8 {
                var changed = bytes
                changed[index] = replacement
                let whole = transcript([changed])
                #expect(transcript(changed.map { [$0] }) == whole)
                // One request went in: two come out only where the change has made its body shorter.
                #expect(whole.requests.count <= 2)
            }
        }
    }

    @Test("a request that is cut short is waited for, and 400 when no more comes", arguments: requests)
    func cutShort(request: String) {
        for length in 1..<request.utf8.count {
            var talk = Talk()
            #expect(talk.say(String(decoding: request.utf8.prefix(length), as: UTF8.self)) == "read")
            #expect(talk.endInput() == "finish")
            #expect(talk.heard().statuses.last == 400)
        }
    }
}
