// SPDX-License-Identifier: Apache-2.0

/// Finds members in a state object by name and by path.
struct MemberLookup {
    let tape: JSONTape
    let text: ByteView
    /// What `Program.Name` refers to.
    let names: ByteView

    /// The value of the member of this name; nil where there is none, or `object` is no object.
    func member(_ name: Program.Name, of object: Int) -> Int? {
        guard tape.tag(at: object) == .object else { return nil }
        var key = object &+ 2
        for _ in 0..<tape.count(at: object) {
            let value = tape.next(after: key)
            if isKey(key, name) { return value }
            key = tape.next(after: value)
        }
        return nil
    }

    @inline(__always)
    func isKey(_ key: Int, _ name: Program.Name) -> Bool {
        JSONText.equal(tape, key, text, to: (name.plain.lowerBound, name.plain.count), in: names)
    }

    /// The value at a path: a member of exactly this name, else step by step.
    ///
    /// What is passed on the way, members and elements, is added to `passed`.
    func value(at path: Program.Path, of object: Int, passing passed: inout Int) -> Int? {
        if tape.tag(at: object) == .object { passed &+= tape.count(at: object) }
        return member(path.literal, of: object) ?? value(at: path.steps[...], of: object, passing: &passed)
    }

    func value(at steps: ArraySlice<Program.Path.Step>, of node: Int, passing passed: inout Int) -> Int? {
        var at = node
        for step in steps {
            switch step {
            case .name(let name):
                if tape.tag(at: at) == .object { passed &+= tape.count(at: at) }
                guard let next = member(name, of: at) else { return nil }
                at = next
            case .index(let index):
                guard tape.tag(at: at) == .array, index < tape.count(at: at) else { return nil }
                passed &+= index
                at += 2
                for _ in 0..<index { at = tape.next(after: at) }
            }
        }
        return at
    }

    /// What a predicate sees of a value: a number, or the truth of a pointer.
    func truth(of node: Int) -> CInteger? {
        switch tape.tag(at: node) {
        case .true: CInteger(true)
        case .false, .null: CInteger(false)
        case .array, .object: CInteger(true)
        default: JSONInteger(tape, node, text).map(CInteger.init)
        }
    }
}
