// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The text in quotation marks for a message: cut where it is long, as printable ASCII.
    var quoted: String {
        let limit = 80
        let scalars = unicodeScalars.prefix(limit)
        let text = scalars.map { (0x20..<0x7f).contains($0.value) ? String($0) : "\\u{\(String($0.value, radix: 16))}" }
        return "\"\(text.joined())\"" + (unicodeScalars.dropFirst(limit).isEmpty ? "" : "…")
    }
}
