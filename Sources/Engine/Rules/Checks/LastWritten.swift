// SPDX-License-Identifier: Apache-2.0

/// Which descriptions can be the last thing written before the subsections of another one.
///
/// 1. What a field writes last is the end of its last element: of the child of a struct (also of an array, behind pointers, with
///    or without markers) or of a tmp. A queue and a tree end with a byte 0, and the bytes behind the elements in the middle are
///    0x01 and 0x00, so their elements never stand before a subsection. Infos write data.
/// 2. The last field that writes anything is the last field, or one before it if all behind it can write nothing: fields that a
///    predicate, a version or a counter can leave out, structs without bytes, buffers whose size may be 0.
/// 3. A child ends with its own fields, or with one of its subsections, or with what comes last in either.
/// 4. Behind a subsection can come any of its later siblings.
///
/// Not used: that a subsection without `needed` is always sent and so hides what stands before it. A stream of a release that
/// did not have it yet is loaded too.
struct LastWritten {
    /// A child that takes a subsection of an enclosing description for its own.
    struct Claim {
        let child: VMStateDescription.ID
        let subsection: VMStateDescription.ID
    }

    private let facts: DocumentFacts
    /// What a description can end with, one level down.
    private let ends: [[VMStateDescription.ID]]
    /// The children that the fields of a description can end with.
    private let fieldEnds: [[VMStateDescription.ID]]
    /// In which search a description was visited last.
    private var visits: [Int]
    private var search = 0
    private var steps = 0

    /// A document can have as many pairs of descriptions as its size squared; a real one takes a few thousand steps.
    private static let maximumSteps = 2_000_000

    /// Whether the search has taken too many steps.
    var isExhausted: Bool { steps > Self.maximumSteps }

    init(_ facts: DocumentFacts) {
        self.facts = facts
        let isNeverEmpty = Self.neverEmpty(facts)
        let fieldEnds = facts.descriptions.indices.map { Self.fieldEnds($0, facts, isNeverEmpty) }
        self.fieldEnds = fieldEnds
        ends = facts.descriptions.indices.map { id in
            fieldEnds[id] + facts.descriptions[id].subsections
        }
        visits = Array(repeating: 0, count: facts.descriptions.count)
    }

    /// The subsections of a description that something inside it claims; for each the first that does.
    mutating func claims(on id: VMStateDescription.ID) -> [Claim] {
        let subsections = facts.descriptions[id].subsections
        let names = SortedNames(subsections.map { facts.descriptions[$0].name })
        steps += subsections.count
        var claims: [Claim] = []
        var isClaimed = [Bool](repeating: false, count: subsections.count)
        // What stands before the first subsection: the fields; before the others: the subsections themselves.
        for start in subsections.indices {
            let ends = start == 0 ? fieldEnds[id] : ends[subsections[start - 1]]
            for child in reachable(ends) {
                for position in names.beginning(with: facts.descriptions[child].name) {
                    steps += 1
                    guard position >= start, !isClaimed[position] else { continue }
                    isClaimed[position] = true
                    claims.append(Claim(child: child, subsection: subsections[position]))
                }
                if isExhausted { return claims }
            }
        }
        return claims
    }

    private mutating func reachable(_ start: [VMStateDescription.ID]) -> [VMStateDescription.ID] {
        search += 1
        var order: [VMStateDescription.ID] = []
        var next = 0
        func isNew(_ id: VMStateDescription.ID) -> Bool {
            steps += 1
            guard visits[id] != search, !facts.isUnread(id) else { return false }
            visits[id] = search
            return true
        }
        for id in start where isNew(id) { order.append(id) }
        while next < order.count, !isExhausted {
            for id in ends[order[next]] where isNew(id) { order.append(id) }
            next += 1
        }
        return order
    }

    // MARK: What is written

    /// For each description, whether its fields write at least one byte in every object.
    ///
    /// Starts from the fields that always write something and spreads to what contains them.
    private static func neverEmpty(_ facts: DocumentFacts) -> [Bool] {
        var result = [Bool](repeating: false, count: facts.descriptions.count)
        var parents = [[VMStateDescription.ID]](repeating: [], count: facts.descriptions.count)
        var open: [VMStateDescription.ID] = []
        for (id, description) in facts.descriptions.enumerated() {
            for field in description.fields ?? [] {
                switch facts.writes(field, in: id) {
                case .something: result[id] = true
                case .whatItsChildWrites(let child): parents[child].append(id)
                case .perhaps, .nothing: break
                }
            }
            if result[id] { open.append(id) }
        }
        while let id = open.popLast() {
            for parent in parents[id] where !result[parent] {
                result[parent] = true
                open.append(parent)
            }
        }
        return result
    }

    private static func fieldEnds(
        _ id: VMStateDescription.ID,
        _ facts: DocumentFacts,
        _ isNeverEmpty: [Bool]
    ) -> [VMStateDescription.ID] {
        var ends: [VMStateDescription.ID] = []
        for field in (facts.descriptions[id].fields ?? []).reversed() {
            let writes = facts.writes(field, in: id)
            if case .nothing = writes { continue }
            let isEmbedded = !field.flags.isDisjoint(with: .anyStruct) || field.element == .tmp
            if isEmbedded, let child = field.vmsd { ends.append(child) }
            switch writes {
            case .something: return ends
            case .whatItsChildWrites(let child): if isNeverEmpty[child] { return ends }
            case .perhaps, .nothing: break
            }
        }
        return ends
    }
}

extension DocumentFacts {
    /// What a field puts into the stream.
    enum Writes {
        /// At least one byte in every object.
        case something
        /// As much as its child, at least once.
        case whatItsChildWrites(VMStateDescription.ID)
        case perhaps
        case nothing
    }

    func writes(_ field: VMStateField, in id: VMStateDescription.ID) -> Writes {
        var isCertain = true
        if let predicate = field.fieldExists {
            switch constant(predicate) {
            case false?: return .nothing
            case true?: break
            case nil: isCertain = false
            }
        } else if field.versionID > descriptions[id].versionID {
            return .nothing
        } else if field.versionID > oldestVersions[id] {
            isCertain = false
        }
        guard let shape = shape(field) else { return .perhaps }
        switch shape.count {
        case .one: break
        case .fixed(let count): if count == 0 { return .nothing }
        case .counter: isCertain = false
        }
        guard isCertain else { return .perhaps }
        if shape.isDynamic { return .something }
        if !field.flags.isDisjoint(with: .anyStruct) || field.element == .tmp {
            return field.vmsd.map { .whatItsChildWrites($0) } ?? .perhaps
        }
        switch field.element {
        case nil: return .perhaps
        case .qtailq, .qlist, .gtree, .name, .byteArray: return .something
        case .opaque(.fixed), .opaque(.counted), .opaque(.chunked): return .something
        case .buffer, .unusedBuffer, .bitmap, .opaque(.sized):
            if case .fixed(let size) = shape.size, size > 0 { return .something }
            return .perhaps
        case .bool, .integer, .double, .nullPointer, .pointerMarker, .tmp: return .something
        }
    }
}

/// The positions of names, found by how the names begin.
private struct SortedNames {
    private let entries: [(position: Int, name: [UInt8])]

    init(_ names: [String]) {
        entries = names.enumerated().map { ($0, Array($1.utf8)) }.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// The names that begin with `prefix` and are longer.
    func beginning(with prefix: String) -> [Int] {
        let prefix = Array(prefix.utf8)
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].name.lexicographicallyPrecedes(prefix) { low = middle + 1 } else { high = middle }
        }
        return entries[low...].prefix { $0.name.starts(with: prefix) }.filter { $0.name.count > prefix.count }
            .map(\.position)
    }
}
