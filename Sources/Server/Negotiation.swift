// SPDX-License-Identifier: Apache-2.0

/// A media type and its parameters (RFC 9110 §8.3.1).
struct MediaType: Sendable {
    /// `application/json`, lower case.
    let essence: String
    private let parameters: [(name: String, value: String)]

    init(_ text: String) {
        // Most have no parameters, or are not there at all.
        guard text.utf8.contains(where: { !$0.isPlain }) else {
            essence = text.lowercased()
            parameters = []
            return
        }
        let parts = Self.split(text)
        essence = (parts.first ?? "").lowercased()
        parameters = parts.dropFirst().compactMap { part in
            guard let equals = part.firstIndex(of: "=") else { return nil }
            let value = Self.unquoted(part[part.index(after: equals)...])
            return (part[..<equals].lowercased(), value)
        }
    }

    subscript(name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    /// The text of a quoted string (RFC 9110 §5.6.4); any other text as it is.
    private static func unquoted(_ value: Substring) -> String {
        guard value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") else { return String(value) }
        var text = ""
        var isEscaped = false
        for character in value.dropFirst().dropLast() {
            if character == "\\", !isEscaped {
                isEscaped = true
            } else {
                text.append(character)
                isEscaped = false
            }
        }
        return text
    }

    /// Splits at semicolons outside of quotes; white space around the parts is dropped.
    private static func split(_ text: String) -> [String] {
        let bytes = text.utf8
        var parts: [String] = []
        var start = bytes.startIndex
        var isQuoted = false
        var isEscaped = false
        for index in bytes.indices {
            let byte = bytes[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte == UInt8(ascii: ";"), !isQuoted {
                parts.append(trimmed(bytes[start..<index]))
                start = bytes.index(after: index)
            }
        }
        parts.append(trimmed(bytes[start...]))
        return parts
    }

    private static func trimmed(_ part: Substring.UTF8View) -> String {
        let isBlank = { (byte: UInt8?) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var part = part
        while isBlank(part.first) { part.removeFirst() }
        while isBlank(part.last) { part.removeLast() }
        return String(Substring(part))
    }
}

/// Chooses between what is offered and what the caller accepts (RFC 9110 §12.4).
enum Negotiation {
    /// The offer of the highest weight, the earlier of two equal ones; nil when none is acceptable.
    static func mediaType(_ offers: [String], accept: [String]) -> String? {
        best(offers) { offer in
            // The most specific range decides.
            var found: (specificity: Int, weight: Int)?
            for element in accept {
                let range = MediaType(element)
                let kind = offer.prefix { $0 != "/" }
                let specificity =
                    range.essence == offer ? 2 : range.essence == "\(kind)/*" ? 1 : range.essence == "*/*" ? 0 : -1
                if specificity > found?.specificity ?? -1 { found = (specificity, weight(range["q"])) }
            }
            return found?.weight ?? 0
        }
    }

    /// The coding of the highest weight; `identity` needs no mention to be acceptable.
    static func coding(_ offers: [String], accept: [String]) -> String? {
        let accepted = accept.map { MediaType($0) }
        func named(_ coding: String) -> Int? {
            // §8.4.1.3: x-gzip means gzip.
            accepted.first { $0.essence == coding || $0.essence == "x-\(coding)" && coding == "gzip" }
                .map { weight($0["q"]) }
        }
        let any = named("*")
        // §12.5.3: identity is excluded only by "identity;q=0" or "*;q=0". Unnamed, it comes after what is named.
        let identity = named("identity") ?? (any == 0 ? 0 : 1)
        guard let best = best(offers, { named($0) ?? any ?? 0 }) else { return identity > 0 ? "identity" : nil }
        return named("identity") ?? 0 > named(best) ?? any ?? 0 ? "identity" : best
    }

    private static func best(_ offers: [String], _ weight: (String) -> Int) -> String? {
        var result: (offer: String, weight: Int)?
        for offer in offers {
            let value = weight(offer)
            if value > result?.weight ?? 0 { result = (offer, value) }
        }
        return result?.offer
    }

    /// A weight in thousandths; 1000 without one, 0 for what is none (§12.4.2).
    private static func weight(_ text: String?) -> Int {
        guard let text else { return 1000 }
        guard let value = Double(text), (0...1).contains(value), text.utf8.count <= 5 else { return 0 }
        return Int((value * 1000).rounded())
    }
}

extension UInt8 {
    /// Whether it is none of those that divide a media type into parts.
    fileprivate var isPlain: Bool {
        switch self {
        case UInt8(ascii: ";"), UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: " "), UInt8(ascii: "\t"): false
        default: true
        }
    }
}
