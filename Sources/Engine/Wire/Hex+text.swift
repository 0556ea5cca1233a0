// SPDX-License-Identifier: Apache-2.0

extension Hex {
    /// A few bytes as digits, for messages.
    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
