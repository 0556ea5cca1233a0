// SPDX-License-Identifier: Apache-2.0

/// Finds members that come twice in one object, without a hash for each name.
///
/// Objects in an array mostly have the same members in the same order. So a name is first compared with the one at the same
/// place of the last object at that depth, whose names are known to differ. Only where that fails are the names compared
/// with each other, and from seventeen names on, hashed.
struct JSONMemberNames {
    /// What is known of the object being read.
    struct Seen {
        fileprivate let object: Int
        fileprivate let depth: Int
        /// The key of the last object at this depth that stands where the next one would; -1: no such.
        fileprivate var template: Int
        fileprivate var templateEnd: Int
        fileprivate var hashed: Set<HashedName>?
        fileprivate(set) var count = 0
    }

    /// A name by its content, escapes resolved.
    ///
    /// The hash is seeded per process, so names cannot be made to collide.
    fileprivate struct HashedName: Hashable {
        let bytes: [UInt8]
    }

    /// Whether names are compared; else they are counted only.
    private let compares: Bool
    /// The last complete object at each depth.
    private var last: [Int] = []

    init(compares: Bool) {
        self.compares = compares
    }

    mutating func begin(object: Int, depth: Int) -> Seen {
        while last.count <= depth { last.append(-1) }
        let template = last[depth]
        return Seen(object: object, depth: depth, template: template < 0 ? -1 : template &+ 2, templateEnd: -1)
    }

    /// The object is complete and may serve as template.
    mutating func end(_ seen: Seen) {
        last[seen.depth] = seen.object
    }

    /// Notes the key at `key`; false when a member of this name came before.
    mutating func insert(key: Int, into seen: inout Seen, tape: JSONTape, text: ByteView) -> Bool {
        seen.count &+= 1
        guard compares else { return true }
        if seen.template >= 0 {
            if seen.templateEnd < 0 { seen.templateEnd = tape.next(after: seen.template &- 2) }
            if seen.template < seen.templateEnd, tape.words[seen.template] >> 56 == UInt64(JSONTag.string.rawValue),
                JSONText.equal(tape, key, seen.template, text)
            {
                seen.template = tape.next(after: tape.next(after: seen.template))
                return true
            }
            seen.template = -1
        }
        if seen.count > 16 { return insertHashed(key: key, into: &seen, tape: tape, text: text) }
        var other = seen.object &+ 2
        while other < key {
            if JSONText.equal(tape, key, other, text) { return false }
            other = tape.next(after: tape.next(after: other))
        }
        return true
    }

    private func insertHashed(key: Int, into seen: inout Seen, tape: JSONTape, text: ByteView) -> Bool {
        var names = seen.hashed ?? []
        seen.hashed = nil
        if names.isEmpty {
            var other = seen.object &+ 2
            while other < key {
                names.insert(HashedName(bytes: JSONText.unescaped(tape, other, text)))
                other = tape.next(after: tape.next(after: other))
            }
        }
        let isNew = names.insert(HashedName(bytes: JSONText.unescaped(tape, key, text))).inserted
        seen.hashed = names
        return isNew
    }
}
