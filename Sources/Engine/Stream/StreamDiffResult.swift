// SPDX-License-Identifier: Apache-2.0

/// What a comparison found.
public struct StreamDiffResult: Sendable {
    /// What differs, in the order of the first stream; then what only the second one has.
    public private(set) var differences: [StreamDifference] = []
    /// How many differences there are by kind, those included that were too many to be kept.
    public private(set) var counts: [StreamDifference.Kind: Int] = [:]
    /// Whether everything could be compared that should be.
    public internal(set) var isComplete = true
    /// What was not compared, and why.
    public internal(set) var notes: [String] = []
    /// Sections that both streams have.
    public internal(set) var sectionsCompared = 0
    /// Those of them in which nothing differs.
    public internal(set) var sectionsEqual = 0
    /// Sections that only the first stream has.
    public internal(set) var sectionsOnlyInA = 0
    /// Sections that only the second stream has.
    public internal(set) var sectionsOnlyInB = 0
    /// Pages of guest memory whose contents were compared.
    public internal(set) var pagesCompared = 0

    init() {}

    /// Whether everything was compared and nothing differs.
    public var isEqual: Bool { counts.isEmpty && isComplete }

    /// How many differences there are.
    public var total: Int { counts.values.reduce(0, +) }

    mutating func take(_ list: DifferenceList) {
        differences = list.differences
        counts = list.counts
        if differences.count < list.total {
            notes.append("\(list.total - differences.count) more differences are counted and not listed")
        }
        if list.total == 0, sectionsCompared == 1, sectionsEqual == 0 { sectionsEqual = 1 }
    }

    // MARK: JSON

    /// `{"equal": …, "summary": {…}, "differences": […]}`; nothing in it is shortened.
    ///
    /// - Throws: `limit-exceeded`.
    public func json(
        _ options: JSONPrinter.Options = .init(),
        limits: Limits = .default
    ) throws(VMStateError) -> [UInt8] {
        var writer = JSONObjectWriter(limit: limits.outputBytes)
        writer.member("equal", isEqual)
        writer.member("summary", object: summary)
        writer.member(
            "differences",
            array: { array in
                for difference in differences { array.element { difference.write(to: &$0, options) } }
            }
        )
        return try writer.finish()
    }

    private func summary(_ object: inout JSONObjectWriter) {
        object.member("differences", total)
        object.member(
            "kinds",
            object: { kinds in
                for kind in StreamDifference.Kind.allCases {
                    if let count = counts[kind] { kinds.member(kind.rawValue, count) }
                }
            }
        )
        object.member("sections_compared", sectionsCompared)
        object.member("sections_equal", sectionsEqual)
        object.member("sections_only_in_a", sectionsOnlyInA)
        object.member("sections_only_in_b", sectionsOnlyInB)
        object.member("pages_compared", pagesCompared)
        object.member("not_compared", strings: notes)
    }
}

extension StreamDifference {
    fileprivate func write(to object: inout JSONObjectWriter, _ options: JSONPrinter.Options) {
        object.member("kind", kind.rawValue)
        object.member("section", section)
        if let instanceID { object.member("instance_id", instanceID) }
        if occurrence > 0 { object.member("occurrence", occurrence) }
        if !path.tokens.isEmpty { object.member("path", path.description) }
        if let type { object.member("type", type) }
        Self.write("a", a, to: &object, options)
        Self.write("b", b, to: &object, options)
        if let offsetA { object.member("offset_a", offsetA) }
        if let offsetB { object.member("offset_b", offsetB) }
        if let first { object.member("first_difference", first) }
        if let differing { object.member("differing", differing) }
        if !ranges.isEmpty {
            object.member(
                "ranges",
                array: { array in
                    for range in ranges {
                        array.element { inner in
                            inner.member("offset", range.lowerBound)
                            inner.member("size", range.count)
                        }
                    }
                }
            )
        }
    }

    private static func write(
        _ name: String,
        _ value: Value,
        to object: inout JSONObjectWriter,
        _ options: JSONPrinter.Options
    ) {
        switch value {
        case .absent, .present: break
        case .integer(let number): object.member(name, number)
        case .boolean(let truth): object.member(name, truth)
        case .text(let text): object.member(name, text)
        case .state(let node): object.member(name, node, options)
        case .bytes(let bytes): object.member(name, bytes: bytes, options)
        }
    }
}
