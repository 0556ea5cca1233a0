// SPDX-License-Identifier: Apache-2.0

extension JSONPointer {
    /// Reads the text of a pointer (RFC 6901 §3): nothing, or `/token/token` with `~0` for `~` and `~1` for `/`.
    ///
    /// Nil when it is none.
    public init?(_ text: String) {
        guard !text.isEmpty else {
            self.init()
            return
        }
        // By scalars: a mark that is combined with the "/" before it takes nothing of its meaning.
        let scalars = text.unicodeScalars
        guard scalars.first == "/" else { return nil }
        var tokens: [String] = []
        for part in scalars.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            var token = ""
            var isEscape = false
            for character in part {
                switch (isEscape, character) {
                case (true, "0"): token.unicodeScalars.append("~")
                case (true, "1"): token.unicodeScalars.append("/")
                case (true, _): return nil
                case (false, "~"): break
                case (false, _): token.unicodeScalars.append(character)
                }
                isEscape = !isEscape && character == "~"
            }
            guard !isEscape else { return nil }
            tokens.append(token)
        }
        self.init(tokens)
    }
}
