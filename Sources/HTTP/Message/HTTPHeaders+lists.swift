// SPDX-License-Identifier: Apache-2.0

extension HTTPHeaders {
    /// The members of a list-valued field, over all its field lines (RFC 9110 §5.6.1).
    ///
    /// Members are divided by commas outside quoted strings, without the white space around them; empty members, which
    /// a recipient has to ignore, are left out.
    public func list(_ name: String) -> [String] {
        var members: [String] = []
        for value in values(name) {
            var member: [UInt8] = []
            var isQuoted = false
            var isEscaped = false
            for byte in value.utf8 {
                if isEscaped {
                    isEscaped = false
                } else if isQuoted, byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isQuoted.toggle()
                } else if byte == UInt8(ascii: ","), !isQuoted {
                    members.appendTrimmed(member)
                    member.removeAll(keepingCapacity: true)
                    continue
                }
                member.append(byte)
            }
            members.appendTrimmed(member)
        }
        return members
    }

    /// Whether a list-valued field has that token as a member, in any case.
    public func hasToken(_ token: String, in name: String) -> Bool {
        guard contains(name) else { return false }
        let wanted = token.lowercased()
        return list(name).contains { $0.lowercased() == wanted }
    }
}

extension [String] {
    fileprivate mutating func appendTrimmed(_ member: [UInt8]) {
        let span = member.span
        let range = span.trimmingWhitespace(0..<member.count)
        if !range.isEmpty { append(span.string(range)) }
    }
}
