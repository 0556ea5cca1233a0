// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import Server

/// W3C Trace Context §3.2.
@Suite struct TraceContextTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"

    @Test(arguments: ["00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-ff", "cc-\(trace)-\(parent)-01-more-of-it"])
    func theIdsAreRead(_ text: String) {
        #expect(TraceContext(text)?.traceID == Self.trace)
        #expect(TraceContext(text)?.parentID == Self.parent)
    }

    @Test(
        arguments: [
            "", "00", "ff-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-01-more", "00-\(trace)-\(parent)",
            "00-\(trace)-\(parent)-01x", "cc-\(trace)-\(parent)-01x", "00-\(trace.uppercased())-\(parent)-01",
            "00-\(String(repeating: "0", count: 32))-\(parent)-01",
            "00-\(trace)-\(String(repeating: "0", count: 16))-01",
            "00-\(trace.dropLast())-\(parent)-01", "00-\(trace)0-\(parent)-01", "00-\(trace)-\(parent)0-01",
            "0-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-0g", "00_\(trace)_\(parent)_01",
        ]
    )
    func whatIsMalformedIsNoPlace(_ text: String) {
        #expect(TraceContext(text) == nil)
    }

    @Test func twoFieldsAreNone() throws {
        let field = ("traceparent", "00-\(Self.trace)-\(Self.parent)-01")
        let one = try HTTPRequest("GET", "/", headers: HTTPHeaders([field])).head
        let two = try HTTPRequest("GET", "/", headers: HTTPHeaders([field, field])).head
        #expect(TraceContext(one) != nil)
        #expect(TraceContext(two) == nil)
    }
}
