// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The caller's place in a distributed trace (W3C Trace Context §3.2, `traceparent`).
struct TraceContext: Equatable {
    /// 32 hex digits, not all 0.
    let traceID: String
    /// The caller's span: 16 hex digits, not all 0.
    let parentID: String

    /// The place that a request's header names; nil without one, with several, and with one that is malformed.
    init?(_ head: HTTPRequestHead) {
        let fields = head.headers.values("traceparent")
        guard fields.count == 1 else { return nil }
        self.init(fields[0])
    }

    /// `version-traceid-parentid-flags` in lower-case hex digits.
    ///
    /// Of a version above 00 only what 00 has is read; more may follow behind another `-` (§3.2.4).
    init?(_ text: String) {
        let parts = text.split(separator: "-", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count >= 4, Self.isHex(parts[0], 2), parts[0] != "ff", parts[0] != "00" || parts.count == 4,
            Self.isHex(parts[1], 32), Self.isHex(parts[2], 16), Self.isHex(parts[3], 2),
            parts[1].utf8.contains(where: { $0 != UInt8(ascii: "0") }),
            parts[2].utf8.contains(where: { $0 != UInt8(ascii: "0") })
        else { return nil }
        traceID = String(parts[1])
        parentID = String(parts[2])
    }

    private static func isHex(_ text: Substring, _ count: Int) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 || $0 &- UInt8(ascii: "a") < 6 }
    }
}
