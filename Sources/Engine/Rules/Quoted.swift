// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The text in quotation marks for a message: cut where it is long, as printable ASCII.
    var quoted: String {
        let limit = 80
        // Nearly every name.
        if utf8.count <= limit, utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return "\"\(self)\"" }
        var text = "\""
        for scalar in unicodeScalars.prefix(limit) {
            if (0x20..<0x7f).contains(scalar.value) {
                text.unicodeScalars.append(scalar)
            } else {
                text += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return text + (unicodeScalars.dropFirst(limit).isEmpty ? "\"" : "\"…")
    }
}
