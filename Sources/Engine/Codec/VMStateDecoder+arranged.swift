// SPDX-License-Identifier: Apache-2.0

extension VMStateDecoder {
    /// Loads fields whose members lie in objects inside the state object, or share a member.
    ///
    /// The values are first read in the order of the stream and then put where they belong; of two for one member, the
    /// later stays.
    mutating func loadArranged(
        _ plan: Int,
        version: Int,
        frame: Int,
        initial: Int,
        count: inout Int
    ) throws(VMStateError) {
        guard let arrangement = program.plans[plan].arrangement else { return }
        offsets?.repeats()
        let first = tape.words.count
        var values: [(tokens: [Program.Name], words: Range<Int>)] = []
        for (ordinal, index) in program.plans[plan].steps.enumerated() {
            let tokens = arrangement.tokens[ordinal]
            // The destination's objects lie inside each other like the state's.
            var current = initial
            for token in tokens.dropLast() where current >= 0 {
                try spend(1, lookingIn: current)
                current = self.initial?.member(token, of: current) ?? -1
            }
            try spend(1, lookingIn: current)
            for token in tokens.dropLast() { offsets?.enter(key: token) }
            let start = tape.words.count
            if try field(index, plan: plan, version: version, frame: frame, initial: current) {
                values.append((tokens, start..<tape.words.count))
            }
            for _ in tokens.dropLast() { offsets?.leave() }
        }
        var result = JSONTape()
        var places: [Int: Int] = [:]
        count = try place(values[...], depth: 0, beside: initial, into: &result, &places)
        tape.words.removeSubrange(first...)
        tape.words += result.words
        if frame >= 0 {
            // What refers to the values must find them where they are now.
            for slot in slots.indices[frames[frame].firstSlot...] where slots[slot] >= first {
                slots[slot] = places[slots[slot]].map { first + $0 } ?? -1
            }
        }
    }

    /// Writes the members that `values` make at one depth, and notes in `places` where each value is in `result`; returns how
    /// many members there are.
    ///
    /// `object` is the destination's object at that depth, whose other members are kept.
    private mutating func place(
        _ values: ArraySlice<(tokens: [Program.Name], words: Range<Int>)>,
        depth: Int,
        beside object: Int,
        into result: inout JSONTape,
        _ places: inout [Int: Int]
    ) throws(VMStateError) -> Int {
        var order: [Int] = []
        var groups: [Int: [(tokens: [Program.Name], words: Range<Int>)]] = [:]
        for value in values {
            let key = value.tokens[depth].offset
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(value)
        }
        for key in order {
            guard let group = groups[key], let last = group.last else { continue }
            let name = last.tokens[depth]
            result.append(name.tag, offset: name.offset, length: name.length)
            if last.tokens.count == depth + 1 {
                places[last.words.lowerBound] = result.words.count
                result.words += tape.words[last.words]
            } else {
                try spend(1, lookingIn: object)
                let inner = object >= 0 ? initial?.member(name, of: object) ?? -1 : -1
                let start = result.open(.object)
                var count = try place(group[...], depth: depth + 1, beside: inner, into: &result, &places)
                if inner >= 0 {
                    try spend(group.count / 8)
                    try spend(1, lookingIn: inner)
                    let names = group.compactMap { $0.tokens.dropFirst(depth + 1).first }
                    count += try copyMembers(of: inner, except: names, onto: &result)
                }
                result.close(start, count: count)
            }
        }
        return order.count
    }
}
