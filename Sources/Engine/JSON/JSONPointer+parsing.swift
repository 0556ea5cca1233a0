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
        guard text.hasPrefix("/") else { return nil }
        var tokens: [String] = []
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            var token = ""
            var isEscape = false
            for character in part.unicodeScalars {
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
