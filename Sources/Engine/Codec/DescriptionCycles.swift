// SPDX-License-Identifier: Apache-2.0

/// Finds descriptions that contain themselves without anything that could end it.
struct DescriptionCycles {
    private let descriptions: [VMStateDescription]

    init(_ descriptions: [VMStateDescription]) {
        self.descriptions = descriptions
    }

    /// - Throws: `vmsd-invalid` (VMSD008, VMSD048) with the place of the reference that closes a cycle.
    func check(_ ids: [VMStateDescription.ID]) throws(VMStateError) {
        if let (path, rule) = find(ids).first {
            throw VMStateError(
                .vmsdInvalid,
                expected: "a description that does not contain itself",
                found: "a cycle",
                path: path,
                rule: rule
            )
        }
    }

    /// The references that close a cycle, with the rule that each breaks.
    func find(_ ids: [VMStateDescription.ID]) -> [(path: JSONPointer, rule: Rule.ID)] {
        var found: [(JSONPointer, Rule.ID)] = []
        // 0: not seen, 1: being visited, 2: done. The stack is explicit: a chain may be as long as the document.
        var state = [UInt8](repeating: 0, count: descriptions.count)
        for start in ids where state[start] == 0 {
            var stack = [(id: start, edges: edges(start), next: 0)]
            state[start] = 1
            while let top = stack.last {
                guard top.next < top.edges.count else {
                    state[top.id] = 2
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                let edge = top.edges[top.next]
                switch state[edge.child] {
                case 0:
                    state[edge.child] = 1
                    stack.append((edge.child, edges(edge.child), 0))
                case 1: found.append((edge.path, edge.rule))
                default: break
                }
            }
        }
        return found
    }

    private func edges(_ id: VMStateDescription.ID) -> [(
        child: VMStateDescription.ID, path: JSONPointer, rule: Rule.ID
    )] {
        let description = descriptions[id]
        var edges = description.subsections.enumerated().map { index, child in
            (child, description.path.appending("subsections").appending(index), Rule.ID("VMSD048"))
        }
        for field in description.fields ?? [] {
            // A field of a version that is never reached is never saved.
            guard let child = field.vmsd, isUnconditional(field), field.versionID <= description.versionID else {
                continue
            }
            edges.append((child, field.path.appending("vmsd"), Rule.ID("VMSD008")))
        }
        return edges
    }

    /// Whether every object has this child: no predicate, no counter, no NULL, no queue that may be empty.
    private func isUnconditional(_ field: VMStateField) -> Bool {
        if field.flags.contains(.arrayOfPointer) { return false }
        if let predicate = field.fieldExists, predicate.constant?.isTrue != true { return false }
        if field.flags.isDisjoint(with: .anyStruct), field.info?.encoding != .tmp { return false }
        if field.flags.contains(.array) { return field.num != .number(0) }
        return field.flags.isDisjoint(with: .anyVarray)
    }
}
