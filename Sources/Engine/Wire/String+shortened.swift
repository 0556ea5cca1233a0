// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The characters of a caller's text that a message repeats at most; a list of names fits.
    static let shownCharacters = 4096

    /// The text as a message gives it: the first characters of a long one, so that no answer is larger than what it answers.
    var shortened: String {
        guard utf8.count > Self.shownCharacters else { return self }
        // Scalars: one character may have any number of combining marks.
        let scalars = unicodeScalars
        guard
            let end = scalars.index(scalars.startIndex, offsetBy: Self.shownCharacters, limitedBy: scalars.endIndex),
            end < scalars.endIndex
        else { return self }
        return String(scalars[..<end]) + "…"
    }
}

extension JSONPointer {
    /// The text as a message gives it: names in it are shortened.
    public var shown: String { JSONPointer(tokens.map(\.shortened)).description }
}
