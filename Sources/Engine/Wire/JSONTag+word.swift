// SPDX-License-Identifier: Apache-2.0

extension JSONTag {
    /// The tag of a word that starts a node.
    ///
    /// Every such word was made by `JSONTape.word`, so its top byte is the raw value of a case; and cases without
    /// payload lie in memory as their position, which is their raw value (a test pins it).
    @inline(__always)
    init(_ word: UInt64) {
        self = unsafe unsafeBitCast(UInt8(truncatingIfNeeded: word >> 56), to: JSONTag.self)
    }
}
