// SPDX-License-Identifier: Apache-2.0

extension JSONObjectWriter {
    /// Writes where each leaf lies: `{"path", "offset", "size"}`.
    ///
    /// - Parameters:
    ///   - name: the member.
    ///   - places: the leaves.
    ///   - tokens: what goes before their paths.
    ///   - start: what their offsets count from.
    mutating func member(
        _ name: String,
        places: [(path: JSONPointer, range: Range<Int>)],
        below tokens: [String] = [],
        from start: Int = 0
    ) {
        member(
            name,
            array: { array in
                for leaf in places {
                    array.element { object in
                        let path = tokens.isEmpty ? leaf.path : JSONPointer(tokens + leaf.path.tokens)
                        object.member("path", path.description)
                        object.member("offset", start + leaf.range.lowerBound)
                        object.member("size", leaf.range.count)
                    }
                }
            }
        )
    }
}
