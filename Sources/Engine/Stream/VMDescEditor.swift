// SPDX-License-Identifier: Apache-2.0

/// Brings the text of a vmdesc in line with descriptions that were made anew, and touches nothing else.
///
/// The new descriptions only say what there is and how big it is. Members that they do not have, such as the `index` of older
/// releases, stay as they are.
struct VMDescEditor {
    private let original: [UInt8]
    private let spans: JSONSpans
    private var splices: [(range: Range<Int>, bytes: [UInt8])] = []
    /// Whether the new descriptions come from a VMSD: then fields come and go, and arrays have other lengths.
    private var isWhole = false

    private static let separator = Array(", ".utf8)

    init(_ document: JSONDocument) {
        original = document.text
        spans = JSONSpans(document)
    }

    private init(_ other: VMDescEditor) {
        original = other.original
        spans = other.spans
        isWhole = other.isWhole
    }

    var hasChanges: Bool { !splices.isEmpty }

    /// How many places were changed so far.
    var changeCount: Int { splices.count }

    /// The whole text with all changes.
    func text() -> [UInt8] { text(of: 0..<original.count) }

    private func text(of range: Range<Int>) -> [UInt8] {
        var result: [UInt8] = []
        var at = range.lowerBound
        // At one place what is new stands before what is replaced, and of that the longest counts.
        let ordered = splices.enumerated().sorted { left, right in
            let (own, other) = (left.element.range, right.element.range)
            return (own.lowerBound, own.isEmpty ? Int.min : -own.count, left.offset)
                < (other.lowerBound, other.isEmpty ? Int.min : -other.count, right.offset)
        }
        // What lies in something that is replaced goes with it.
        for (_, splice) in ordered where splice.range.lowerBound >= at {
            result += original[at..<splice.range.lowerBound] + splice.bytes
            at = splice.range.upperBound
        }
        return result + original[at..<range.upperBound]
    }

    // MARK: Values and lists

    mutating func replace(_ node: JSONNode, with bytes: [UInt8]) {
        splices.append((spans[node], bytes))
    }

    mutating func replace(_ node: JSONNode, with number: some BinaryInteger) {
        let bytes = Array(String(number).utf8)
        if Array(original[spans[node]]) != bytes { replace(node, with: bytes) }
    }

    /// Replaces all members behind the one of this name.
    mutating func replaceMembers(behind name: String, of node: JSONNode, with text: String) {
        guard let first = node[name], let last = node.members.last, last.value.index > first.index else { return }
        splices.append((spans[first].upperBound..<spans[last.value].upperBound, Self.separator + Array(text.utf8)))
    }

    private mutating func insert(_ bytes: [UInt8], at position: Int) {
        splices.append((position..<position, bytes))
    }

    /// Takes elements out of a list, with the commas that this leaves.
    mutating func remove(_ indexes: Set<Int>, of list: JSONNode) {
        let elements = list.elements
        var hasBefore = false
        for (index, element) in elements.enumerated() {
            guard indexes.contains(index) else {
                hasBefore = true
                continue
            }
            let own = spans[element]
            if hasBefore {
                splices.append((spans[elements[index - 1]].upperBound..<own.upperBound, []))
            } else if index + 1 < elements.count {
                splices.append((own.lowerBound..<spans[elements[index + 1]].lowerBound, []))
            } else {
                splices.append((own, []))
            }
        }
    }

    /// Takes a member out of an object, with the comma that this leaves.
    private mutating func remove(member name: String, of node: JSONNode) {
        let tape = node.document.tape
        var key = node.index + 2
        var before: JSONNode?
        let members = node.members
        for (index, member) in members.enumerated() {
            let next = tape.next(after: member.value.index)
            defer { (before, key) = (member.value, next) }
            guard member.name == name else { continue }
            let own = spans.member(member.value, key: key)
            if let before {
                splices.append((spans[before].upperBound..<own.upperBound, []))
            } else if index + 1 < members.count {
                splices.append((own.lowerBound..<spans.member(members[index + 1].value, key: next).lowerBound, []))
            } else {
                splices.append((own, []))
            }
            return
        }
    }

    // MARK: Descriptions

    /// The members of one description in an object, which may hold several one after the other.
    private struct Group {
        var members: [(name: String, key: Int, value: JSONNode)] = []

        subscript(name: String) -> JSONNode? { members.first { $0.name == name }?.value }

        /// What stands in the object itself.
        static func all(in node: JSONNode) -> [Group] {
            var groups: [Group] = []
            let tape = node.document.tape
            var key = node.index + 2
            for (name, value) in node.members {
                if name == "vmsd_name" { groups.append(Group()) }
                if !groups.isEmpty, ["vmsd_name", "version", "fields", "subsections"].contains(name) {
                    groups[groups.count - 1].members.append((name, key, value))
                }
                key = tape.next(after: value.index)
            }
            return groups
        }
    }

    /// Brings an object of the text in line with a description.
    mutating func edit(_ node: JSONNode, _ description: [UInt8], isWhole: Bool) {
        guard let new = try? JSONDocument(parsing: description, maximumDepth: 512, duplicates: .unchecked).root,
            let group = Group.all(in: node).first, let changed = Group.all(in: new).first
        else { return }
        self.isWhole = isWhole
        edit(group, changed)
    }

    private mutating func edit(_ old: Group, _ new: Group) {
        if let version = old["version"], let number = new["version"]?.int { replace(version, with: number) }
        if let fields = old["fields"], let changed = new["fields"] { edit(fields: fields, changed) }
        edit(subsectionsOf: old, new["subsections"]?.elements ?? [])
    }

    /// Where names stand in a list, looked up from its start to its end.
    private struct Places {
        private var places: [String?: ArraySlice<Int>]

        init(_ names: [String?]) {
            places = Dictionary(grouping: names.indices) { names[$0] }.mapValues { $0[...] }
        }

        func has(_ name: String?) -> Bool { places[name] != nil }

        /// The first place of a name at or behind `start`.
        mutating func first(_ name: String?, from start: Int) -> Int? {
            guard let passed = places[name]?.prefix(while: { $0 < start }).count else { return nil }
            places[name]?.removeFirst(passed)
            return places[name]?.first
        }
    }

    private mutating func edit(subsectionsOf old: Group, _ new: [JSONNode]) {
        var rest = new[...]
        var places = Places(new.map { $0["vmsd_name"]?.string })
        guard let list = old["subsections"] else {
            guard !new.isEmpty, let last = old.members.last else { return }
            let texts = new.map { Self.print($0) }
            return insert(
                Self.separator + Array("\"subsections\": [".utf8) + Array(texts.joined(separator: Self.separator))
                    + Array("]".utf8),
                at: spans[last.value].upperBound
            )
        }
        var removed: Set<Int> = []
        let elements = list.elements
        for (index, element) in elements.enumerated() {
            guard let place = places.first(element["vmsd_name"]?.string, from: rest.startIndex) else {
                removed.insert(index)
                continue
            }
            // What is new before it.
            for added in rest[..<place] { insert(Self.print(added) + Self.separator, at: spans[element].lowerBound) }
            if let group = Group.all(in: element).first, let changed = Group.all(in: rest[place]).first {
                edit(group, changed)
            }
            rest = rest[(place + 1)...]
        }
        guard !new.isEmpty else {
            // QEMU writes no empty list.
            guard let index = old.members.firstIndex(where: { $0.name == "subsections" }), index > 0 else { return }
            let start = spans[old.members[index - 1].value].upperBound
            return splices.append((start..<spans[list].upperBound, []))
        }
        if removed.count == elements.count {
            let texts = rest.map { Self.print($0) }
            return replace(
                list,
                with: Array("[".utf8) + Array(texts.joined(separator: Self.separator)) + Array("]".utf8)
            )
        }
        remove(removed, of: list)
        guard let last = elements.last else { return }
        for added in rest { insert(Self.separator + Self.print(added), at: spans[last].upperBound) }
    }

    /// A description of a VMSD or of another release's document, in QEMU's form.
    private static func print(_ node: JSONNode) -> [UInt8] {
        var printing = JSONPrinter.Options()
        printing.isSpaced = true
        return node.json(printing)
    }

    // MARK: Fields

    /// The entries of one array, or a single one.
    private struct Run {
        let name: String
        var nodes: [JSONNode]

        static func all(in list: JSONNode) -> [Run]? {
            let nodes = list.elements
            var entries = nodes.compactMap { VMDescEntry($0, at: JSONPointer()) }
            guard entries.count == nodes.count else { return nil }
            VMDescEntry.correctCounts(&entries)
            var runs: [Run] = []
            for (entry, node) in zip(entries, nodes) {
                if runs.last?.name == entry.name {
                    runs[runs.count - 1].nodes.append(node)
                } else {
                    runs.append(Run(name: entry.name, nodes: [node]))
                }
            }
            return runs
        }

        var types: [String?] { nodes.map { $0["type"]?.string } }

        func text() -> [UInt8] {
            Array(nodes.map { VMDescEditor.print($0) }.joined(separator: VMDescEditor.separator))
        }
    }

    private mutating func edit(fields list: JSONNode, _ new: JSONNode) {
        guard let old = Run.all(in: list), let changed = Run.all(in: new) else { return }
        guard isWhole else {
            // What a vmdesc describes has the same fields in the same order; which pointers of an array are NULL may change.
            for (run, other) in zip(old, changed) where run.name == other.name {
                if run.types == other.types {
                    for (node, other) in zip(run.nodes, other.nodes) { edit(entry: node, other) }
                } else {
                    replace(run, with: other)
                }
            }
            return
        }
        var places = Places(changed.map(\.name))
        guard !old.isEmpty, old.contains(where: { places.has($0.name) }) else {
            if !(old.isEmpty && changed.isEmpty) { replace(list, with: Self.print(new)) }
            return
        }
        var rest = changed[...]
        var removed: Set<Int> = []
        var place = 0
        for run in old {
            defer { place += run.nodes.count }
            guard let index = places.first(run.name, from: rest.startIndex), let first = run.nodes.first else {
                removed.formUnion(place..<place + run.nodes.count)
                continue
            }
            for added in rest[..<index] { insert(added.text() + Self.separator, at: spans[first].lowerBound) }
            let other = rest[index]
            rest = rest[(index + 1)...]
            if run.nodes.count == other.nodes.count {
                for (node, other) in zip(run.nodes, other.nodes) { edit(entry: node, other) }
            } else {
                replace(run, with: other)
            }
        }
        let kept = list.elements.indices.last { !removed.contains($0) }
        remove(removed, of: list)
        guard let kept else { return }
        for added in rest { insert(Self.separator + added.text(), at: spans[list.elements[kept]].upperBound) }
    }

    private mutating func replace(_ run: Run, with other: Run) {
        guard let first = run.nodes.first, let last = run.nodes.last else { return }
        splices.append((spans[first].lowerBound..<spans[last].upperBound, other.text()))
    }

    private mutating func edit(entry old: JSONNode, _ new: JSONNode) {
        if isWhole {
            guard old["type"]?.string == new["type"]?.string else { return replace(old, with: Self.print(new)) }
            count(old, new)
        }
        if let own = old["struct"], let other = new["struct"] {
            if let group = Group.all(in: own).first, let changed = Group.all(in: other).first { edit(group, changed) }
        } else {
            edit(elements: Group.all(in: old), Group.all(in: new), of: old)
        }
        if let size = old["size"], let number = new["size"]?.int { replace(size, with: number) }
    }

    /// `array_len`, which one element has not.
    private mutating func count(_ old: JSONNode, _ new: JSONNode) {
        switch (old["array_len"], new["array_len"]?.int) {
        case (let own?, let number?): replace(own, with: number)
        case (nil, let number?):
            guard old["index"] == nil, let name = old["name"] else { return }
            insert(Array(", \"array_len\": \(number)".utf8), at: spans[name].upperBound)
        case (_?, nil): remove(member: "array_len", of: old)
        case (nil, nil): break
        }
    }

    /// The descriptions of a queue's or tree's elements, and of others that stand in the field's own object.
    private mutating func edit(elements old: [Group], _ new: [Group], of entry: JSONNode) {
        for (group, changed) in zip(old, new) { edit(group, changed) }
        let members = entry.members
        if new.count < old.count {
            guard let first = old[new.count].members.first, let last = old[old.count - 1].members.last,
                let before = members.lastIndex(where: { $0.value.index < first.key })
            else { return }
            splices.append((spans[members[before].value].upperBound..<spans[last.value].upperBound, []))
        } else if let last = old.last?.members.last {
            // More elements are described like the last ones; a tree's have two descriptions each.
            let isKeyed = entry["type"]?.string == "gtree" && old.count > 1 && !Self.isAlike(old[0], old[1])
            let step = isKeyed ? 2 : 1
            for (index, group) in new.enumerated().dropFirst(old.count) {
                let model = old[old.count - step + (index - old.count) % step]
                guard let first = model.members.first, let end = model.members.last else { return }
                var editor = VMDescEditor(self)
                editor.edit(model, group)
                let range = spans.member(first.value, key: first.key).lowerBound..<spans[end.value].upperBound
                insert(Self.separator + editor.text(of: range), at: spans[last.value].upperBound)
            }
        } else if let type = entry["type"] {
            for group in new {
                for member in group.members {
                    let name = JSONObjectWriter.string(member.name)
                    insert(
                        Self.separator + name + Array(": ".utf8) + Self.print(member.value),
                        at: spans[type].upperBound
                    )
                }
            }
        }
    }

    private static func isAlike(_ left: Group, _ right: Group) -> Bool {
        left["vmsd_name"]?.string == right["vmsd_name"]?.string
    }
}
