// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Text out of a file for a message: in quotation marks, cut where it is long, no control characters.
    var shown: String {
        let limit = 80
        var text = "\""
        for scalar in unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + (unicodeScalars.dropFirst(limit).isEmpty ? "\"" : "\"…")
    }
}

extension Sequence<UInt8> {
    /// Bytes for a message: `51 45 56 4d`.
    var hexadecimal: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
