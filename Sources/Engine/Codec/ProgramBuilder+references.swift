// SPDX-License-Identifier: Apache-2.0

/// Which members are counted by, sized by or read by predicates, and which fields supply them.
extension ProgramBuilder {
    mutating func intern(_ path: MemberPath) -> Int {
        if let id = pathIDs[path.text] { return id }
        let steps = path.steps.map { step -> Program.Path.Step in
            switch step {
            case .name(let text): .name(name(text))
            case .index(let index): .index(index)
            }
        }
        paths.append(Program.Path(text: path.text, literal: name(path.text), steps: steps))
        memberPaths.append(path)
        pathIDs[path.text] = paths.count - 1
        return paths.count - 1
    }

    /// The members that a predicate reads, through predicates that it names.
    mutating func members(of predicate: Predicate) -> Set<Int> {
        if let known = readMembers[predicate.text] { return known }
        var found: Set<Int> = []
        var open = predicate.names
        var seen: Set<String> = []
        while let path = open.popLast() {
            guard seen.insert(path.text).inserted else { continue }
            if let other = given[path.text] {
                open += other.names
            } else {
                found.insert(intern(path))
            }
        }
        readMembers[predicate.text] = found
        return found
    }

    mutating func collectReferences(_ id: VMStateDescription.ID) {
        for field in descriptions[id].fields ?? [] {
            if let path = field.numOffset { references[id].insert(intern(path)) }
            if let path = field.sizeOffset { references[id].insert(intern(path)) }
            if let predicate = field.fieldExists { references[id].formUnion(members(of: predicate)) }
        }
        for subsection in descriptions[id].subsections {
            if let needed = descriptions[subsection].needed { references[id].formUnion(members(of: needed)) }
        }
    }

    /// What a subsection or a tmp child refers to may be a member of the object around it.
    mutating func spreadReferences(_ ids: [VMStateDescription.ID]) throws(VMStateError) {
        var parents: [VMStateDescription.ID: [VMStateDescription.ID]] = [:]
        for id in ids {
            for child in sharers(id) where child != id { parents[child, default: []].append(id) }
        }
        var total = ids.reduce(0) { $0 + references[$1].count }
        // Those whose references their parents do not have yet.
        var open = ids.filter { !references[$0].isEmpty }
        var isOpen = Set(open)
        while let child = open.popLast() {
            isOpen.remove(child)
            for id in parents[child] ?? [] {
                let before = references[id].count
                references[id].formUnion(references[child])
                guard references[id].count != before else { continue }
                total += references[id].count - before
                guard total <= limits.references else {
                    throw VMStateError(
                        .limitExceeded,
                        expected: "at most \(limits.references) references to members",
                        path: descriptions[id].path
                    )
                }
                if isOpen.insert(id).inserted { open.append(id) }
            }
        }
    }

    mutating func spreadFrames(_ ids: [VMStateDescription.ID]) {
        for id in ids { plans[id].needsFrame = !references[id].isEmpty }
    }

    /// The references of a description that lead to `member` or into it: that of its text, and those whose path begins as its
    /// path does.
    private mutating func references(to member: MemberPath, in id: VMStateDescription.ID) -> [Int] {
        if sortedReferencesOf != id {
            sortedReferencesOf = id
            sortedReferences = references[id].sorted { memberPaths[$0].precedes(memberPaths[$1]) }
        }
        // Those that begin with the path stand together, from the first on that is not before it.
        var low = 0
        var high = sortedReferences.count
        while low < high {
            let middle = (low + high) / 2
            if memberPaths[sortedReferences[middle]].precedes(member) { low = middle + 1 } else { high = middle }
        }
        var found: [Int] = []
        while low < sortedReferences.count, memberPaths[sortedReferences[low]].steps.starts(with: member.steps) {
            found.append(sortedReferences[low])
            low += 1
        }
        if let own = pathIDs[member.text], references[id].contains(own), !found.contains(own) { found.append(own) }
        return found
    }

    /// Gives a slot to a field whose member something refers to.
    ///
    /// - Parameters:
    ///   - tokens: the names of the member, from the outermost inwards.
    ///   - shared: the name that several fields have, and the member's; nil: the field has its own name. Who refers to the name
    ///     means whichever of them was loaded last.
    ///   - id: the description.
    /// - Returns: the slot; -1: nothing refers to the member.
    /// - Throws: `limit-exceeded`, when very many fields are referred to by very many.
    mutating func watch(
        _ tokens: [String],
        sharing shared: (name: String, key: Program.Name)?,
        in id: VMStateDescription.ID
    ) throws(VMStateError) -> Int {
        var slot = -1
        var names: [(path: MemberPath, key: Program.Name?)] = [(MemberPath(tokens.joined(separator: ".")), nil)]
        if let shared { names.append((MemberPath(shared.name), shared.key)) }
        for (own, key) in names {
            for reference in references(to: own, in: id) {
                let path = memberPaths[reference]
                let rest = path.text == own.text ? [] : Array(paths[reference].steps.dropFirst(own.steps.count))
                // `name[0]` is one of the fields, and no element of each.
                if key != nil, case .index? = rest.first { continue }
                if slot < 0 {
                    slot = plans[id].slotCount
                    plans[id].slotCount += 1
                }
                plans[id].watches[reference, default: []].append(Program.Watch(slot: slot, rest: rest, shared: key))
                watchCount += 1
                guard watchCount <= limits.references else {
                    throw VMStateError(
                        .limitExceeded,
                        expected: "at most \(limits.references) references to members"
                    )
                }
            }
        }
        return slot
    }
}
