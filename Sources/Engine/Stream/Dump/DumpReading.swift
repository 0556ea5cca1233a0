// SPDX-License-Identifier: Apache-2.0

/// Looks for the ways in which a dumped description can mean the bytes of a section.
///
/// All ways are followed at once, field by field: of those that have come to the same byte one is kept, and it is noted that
/// there were more. So the time grows with the bytes and not with the number of ways.
struct DumpReading {
    /// What was read, in order; each step knows the one before it.
    enum Step {
        case absent(Place)
        case bytes(Place, Int)
        /// The elements of a field follow, each opened and closed.
        case begin(Place)
        case end
        case open(VMStateDescription.ID, version: Int, isSubsection: Bool)
        case close
    }

    /// A field of a description.
    struct Place {
        let description: VMStateDescription.ID
        let index: Int
    }

    /// A way to read the bytes up to a place.
    private struct Way {
        var position: Int
        var last = -1
        /// Where it was first chosen between several ways.
        var doubt: Int?
        /// Where this way and another one that ends at the same byte parted.
        var fork: Int?
        /// Whether a field of unknown size was given bytes.
        var hasGuessed = false
    }

    private let descriptions: [VMStateDescription]
    private let input: [UInt8]
    private let limits: Limits
    private var end = 0
    /// Whether the end is known, so that a field of unknown size can take what is left.
    private var isEndKnown = false
    private var steps: [(step: Step, before: Int, position: Int)] = []
    private var depth = 0
    /// The first place at which a field of unknown size stopped a way.
    private var obstacle: Int?
    /// How far any way came.
    private var furthest = 0

    private static let maximumSteps = 1 << 16

    init(_ descriptions: [VMStateDescription], _ input: [UInt8], limits: Limits) {
        self.descriptions = descriptions
        self.input = input
        self.limits = limits
    }

    // MARK: Results

    /// The section as a VMSD of buffers.
    mutating func vmsd(_ root: VMStateDescription.ID, version: Int, end: Int) throws(VMStateError) -> [UInt8] {
        let description = descriptions[root]
        guard version <= description.versionID else {
            throw VMStateError(
                .versionTooNew,
                at: 0,
                expected: "version \(description.minimumVersionID) … \(description.versionID)",
                found: String(version)
            )
        }
        guard version >= description.minimumVersionID else {
            throw VMStateError(
                .versionTooOld,
                at: 0,
                expected: "version \(description.minimumVersionID) … \(description.versionID)",
                found: String(version)
            )
        }
        self.end = end
        isEndKnown = true
        let ways = try read(root, version: version, isSubsection: false, [Way(position: 0)])
        guard let way = ways.first(where: { $0.position == end }) else {
            if let obstacle { throw unknown(at: obstacle, "fields of unknown size") }
            if let longest = ways.map(\.position).max() {
                throw VMStateError(
                    .trailingBytes,
                    at: longest,
                    expected: "a dump that describes the whole section",
                    found: "\(end - longest) more bytes"
                )
            }
            throw VMStateError(
                .streamTruncated,
                at: furthest,
                expected: "a dump that describes the section as long as it is",
                found: "more fields"
            )
        }
        if let place = way.fork ?? (way.doubt == nil ? nil : obstacle) {
            throw unknown(at: place, way.fork == nil ? "fields of unknown size" : "several")
        }
        return DumpText(descriptions, trail(way)).vmsd()
    }

    /// The length of the section, when the dump alone says it.
    mutating func length(_ root: VMStateDescription.ID, version: Int) -> Int? {
        end = input.count
        guard version <= descriptions[root].versionID, version >= descriptions[root].minimumVersionID,
            let ways = try? read(root, version: version, isSubsection: false, [Way(position: 0)]),
            ways.count == 1, let way = ways.first, way.doubt == nil, obstacle == nil
        else { return nil }
        return way.position
    }

    private var tooMany: VMStateError {
        VMStateError(
            .countUnknown,
            at: obstacle ?? 0,
            expected: "one way to read the section by the dump",
            found: "so many that they were not followed"
        )
    }

    private func unknown(at offset: Int, _ found: String) -> VMStateError {
        VMStateError(.countUnknown, at: offset, expected: "one way to read the section by the dump", found: found)
    }

    private func trail(_ way: Way) -> [(step: Step, position: Int)] {
        var trail: [(step: Step, position: Int)] = []
        var at = way.last
        while at >= 0 {
            trail.append((steps[at].step, steps[at].position))
            at = steps[at].before
        }
        return trail.reversed()
    }

    // MARK: Ways

    private mutating func append(_ step: Step, to way: Way) -> Way {
        var way = way
        steps.append((step, way.last, way.position))
        way.last = steps.count - 1
        return way
    }

    /// Adds a way; of two that have come to one byte the first one stays.
    private func add(_ way: Way, to ways: inout [Int: Way]) {
        guard var own = ways[way.position] else {
            ways[way.position] = way
            return
        }
        let places = [own.fork, way.fork, own.doubt, way.doubt].compactMap { $0 }
        own.fork = places.min() ?? way.position
        ways[way.position] = own
    }

    private func sorted(_ ways: [Int: Way]) -> [Way] { ways.values.sorted { $0.position < $1.position } }

    private mutating func read(
        _ id: VMStateDescription.ID,
        version: Int,
        isSubsection: Bool,
        _ start: [Way]
    ) throws(VMStateError) -> [Way] {
        depth += 1
        defer { depth -= 1 }
        guard depth <= limits.descriptionDepth else {
            throw VMStateError(
                .limitExceeded,
                expected: "at most \(limits.descriptionDepth) descriptions inside each other"
            )
        }
        var ways = start.map { append(.open(id, version: version, isSubsection: isSubsection), to: $0) }
        for (index, field) in (descriptions[id].fields ?? []).enumerated() {
            guard !ways.isEmpty else { return [] }
            ways = try read(field, Place(description: id, index: index), version: version, ways)
        }
        return try subsections(of: id, ways).map { append(.close, to: $0) }
    }

    private mutating func read(
        _ field: VMStateField,
        _ place: Place,
        version: Int,
        _ ways: [Way]
    ) throws(VMStateError) -> [Way] {
        var result: [Int: Way] = [:]
        let isOptional = field.fieldExists != nil
        let isThere = isOptional || field.versionID <= version
        if !isThere || isOptional {
            for var way in ways {
                if isOptional { way.doubt = way.doubt ?? way.position }
                add(append(.absent(place), to: way), to: &result)
            }
        }
        if isThere {
            var own = ways
            if isOptional { for index in own.indices { own[index].doubt = own[index].doubt ?? own[index].position } }
            for way in try present(field, place, own, isOptional: isOptional) { add(way, to: &result) }
        }
        guard steps.count <= Self.maximumSteps else {
            throw tooMany
        }
        return sorted(result)
    }

    private mutating func present(
        _ field: VMStateField,
        _ place: Place,
        _ ways: [Way],
        isOptional: Bool
    ) throws(VMStateError) -> [Way] {
        var count = 1
        if field.flags.contains(.array), case .number(let number) = field.num { count = max(number, 0) }
        if let child = field.vmsd {
            var ways = ways.map { append(.begin(place), to: $0) }
            for _ in 0..<count where !ways.isEmpty {
                ways = try read(child, version: descriptions[child].versionID, isSubsection: false, ways)
                guard steps.count <= Self.maximumSteps else {
                    throw tooMany
                }
            }
            return ways.map { append(.end, to: $0) }
        }
        var size = 0
        if case .number(let number)? = field.size { size = max(number, 0) }
        guard size > 0 else { return sized(place, ways, isOptional: isOptional) }
        let (length, overflow) = size.multipliedReportingOverflow(by: count)
        return ways.compactMap { way in
            guard !overflow, length <= end - way.position else { return nil }
            var next = append(.bytes(place, length), to: way)
            next.position += length
            furthest = max(furthest, next.position)
            return next
        }
    }

    /// A field of unknown size takes any number of bytes, once.
    private mutating func sized(_ place: Place, _ ways: [Way], isOptional: Bool) -> [Way] {
        var result: [Int: Way] = [:]
        for way in ways {
            guard isEndKnown, !way.hasGuessed else {
                obstacle = min(obstacle ?? way.position, way.position)
                continue
            }
            for length in (isOptional ? 1 : 0)...max(end - way.position, isOptional ? 1 : 0) {
                guard way.position + length <= end, steps.count <= Self.maximumSteps else { break }
                var next = append(.bytes(place, length), to: way)
                next.position += length
                next.doubt = next.doubt ?? way.position
                next.hasGuessed = true
                add(next, to: &result)
            }
        }
        return sorted(result)
    }

    // MARK: Subsections

    /// A subsection announces itself by its name.
    private mutating func subsections(of id: VMStateDescription.ID, _ ways: [Way]) throws(VMStateError) -> [Way] {
        guard !descriptions[id].subsections.isEmpty else { return ways }
        var result: [Int: Way] = [:]
        var rest = ways
        while let way = rest.popLast() {
            guard let (child, version, length) = subsection(of: id, at: way.position) else {
                add(way, to: &result)
                continue
            }
            var inner = way
            inner.position += length
            rest += try read(child, version: version, isSubsection: true, [inner])
            guard steps.count <= Self.maximumSteps else {
                throw tooMany
            }
        }
        return sorted(result)
    }

    private func subsection(
        of id: VMStateDescription.ID,
        at position: Int
    ) -> (VMStateDescription.ID, version: Int, length: Int)? {
        guard position + 2 <= end, input[position] == VMStateDecoder.subsectionMark else { return nil }
        let length = Int(input[position + 1])
        guard position + 6 + length <= end else { return nil }
        let name = input[position + 2..<position + 2 + length]
        guard let child = descriptions[id].subsections.first(where: { descriptions[$0].name.utf8.elementsEqual(name) })
        else {
            return nil
        }
        let version = Int(input.bigEndian32(at: position + 2 + length))
        guard version <= descriptions[child].versionID, version >= descriptions[child].minimumVersionID else {
            return nil
        }
        return (child, version, 6 + length)
    }
}
