// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import Synchronization

/// What ties an answer to a line of the log: the caller's `X-Request-Id`, or one made here.
struct RequestID: Sendable {
    static let header = "X-Request-Id"

    /// Unlike in other processes: chosen once.
    ///
    /// Unlike in this one: counted.
    private static let process = UInt64.random(in: .min ... .max)
    private static let counter = Atomic<UInt64>(0)

    let text: String

    /// The caller's id when it is one that can be logged, else a new one of 16 digits.
    ///
    /// - Parameter head: nil when no header could be read.
    init(_ head: HTTPRequestHead?) {
        if let given = head?.headers[Self.header], (1...128).contains(given.utf8.count),
            given.utf8.allSatisfy({ (0x21..<0x7f).contains($0) })
        {
            text = given
        } else {
            let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
            // Multiplying by an odd number maps different counts to different ids.
            text = Self.digits(Self.process ^ (number &* 0x9e37_79b9_7f4a_7c15))
        }
    }

    /// 16 hexadecimal digits, lower case.
    private static func digits(_ number: UInt64) -> String {
        let digits = (0..<16).map { index in
            let digit = UInt8(truncatingIfNeeded: number >> (60 - 4 * UInt64(index))) & 0xf
            return digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
        }
        return String(decoding: digits, as: UTF8.self)
    }
}
