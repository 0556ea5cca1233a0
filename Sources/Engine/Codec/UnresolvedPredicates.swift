// SPDX-License-Identifier: Apache-2.0

/// Finds, before a stream is read, every name in a predicate that nothing can give a value: all of them at once, so that a
/// caller need not ask again for each.
struct UnresolvedPredicates {
    private let program: Program
    private let initial: MemberLookup?
    private let limits: Limits
    /// Members looked at so far.
    private var steps = 0

    init(_ program: Program, initial: MemberLookup?, limits: Limits) {
        self.program = program
        self.initial = initial
        self.limits = limits
    }

    /// - Throws: `predicate-unresolved` with the names and the place of the first field that needs one.
    mutating func check(_ object: Int) throws(VMStateError) {
        guard !program.predicates.isEmpty else { return }
        var names: [String] = []
        var known: Set<String> = []
        var first: JSONPointer?
        var seen: Set<VMStateDescription.ID> = []
        // Each description with the scopes in which its names are looked up, innermost first.
        var open: [[(plan: VMStateDescription.ID, object: Int)]] = [[(program.root, object)]]
        while let scopes = open.popLast() {
            // What lies deeper than a stream can go need not be known.
            guard let scope = scopes.first, scopes.count <= limits.descriptionDepth, seen.insert(scope.plan).inserted
            else { continue }
            let plan = program.plans[scope.plan]
            try spend(plan.steps.count, lookingIn: scope.object)
            for index in plan.steps {
                let step = program.steps[index]
                if step.predicate >= 0 {
                    for name in try unresolved(program.predicates[step.predicate], scopes)
                    where known.insert(name).inserted {
                        names.append(name)
                        first = first ?? program.path(step, of: scope.plan)
                    }
                }
                let value = initial.flatMap { scope.object >= 0 ? $0.member(step.key, of: scope.object) : nil } ?? -1
                let element = firstElement(value)
                if step.child >= 0 {
                    open.append([(step.child, element)] + (step.encoding == .tmp ? scopes : []))
                }
                if step.keyChild >= 0 { open.append([(step.keyChild, -1)]) }
            }
            for subsection in plan.subsections {
                let value = initial.flatMap { scope.object >= 0 ? $0.member(subsection.key, of: scope.object) : nil }
                open.append([(subsection.id, value ?? -1)] + scopes)
            }
        }
        guard let first else { return }
        throw VMStateError(
            .predicateUnresolved,
            expected: "values for them in predicates, or members in the stream or in initial",
            found: names.joined(separator: ", "),
            path: first
        )
    }

    /// The object that stands for all elements of an array.
    private func firstElement(_ node: Int) -> Int {
        guard let initial, node >= 0, initial.tape.tag(at: node) == .array else { return node }
        return initial.tape.count(at: node) > 0 ? node + 2 : -1
    }

    private mutating func spend(_ additional: Int, lookingIn object: Int = -1) throws(VMStateError) {
        var members = 0
        if let initial, object >= 0, initial.tape.tag(at: object) == .object {
            members = initial.tape.count(at: object)
        }
        steps &+= additional &* (1 &+ members / 8)
        guard steps <= limits.steps else {
            throw VMStateError(.limitExceeded, expected: "at most \(limits.steps) steps", path: JSONPointer())
        }
    }

    private mutating func unresolved(
        _ predicate: Predicate,
        _ scopes: [(plan: VMStateDescription.ID, object: Int)]
    ) throws(VMStateError) -> [String] {
        var found: [String] = []
        // A stack with the first name on top, so that they are found in the order of the text.
        var open = Array(predicate.names.reversed())
        var seen: Set<String> = []
        while let path = open.popLast() {
            guard seen.insert(path.text).inserted else { continue }
            if let other = program.given[path.text] {
                open += other.names.reversed()
                continue
            }
            let id = program.pathIDs[path.text]
            var passed = 0
            let isKnown = scopes.contains { scope in
                guard let id else { return false }
                if program.plans[scope.plan].watches[id] != nil { return true }
                guard let initial, scope.object >= 0 else { return false }
                return initial.value(at: program.paths[id], of: scope.object, passing: &passed) != nil
            }
            try spend(scopes.count &+ passed / 8)
            if !isKnown { found.append(path.text) }
        }
        return found
    }
}
