// SPDX-License-Identifier: Apache-2.0

/// Collects differences, those that nobody wants left out.
struct DifferenceList {
    private let filter: DifferenceFilter
    private let limit: Int
    private(set) var differences: [StreamDifference] = []
    /// How many there were by kind, those over the limit included.
    private(set) var counts: [StreamDifference.Kind: Int] = [:]
    /// How many were left out.
    private(set) var excluded = 0
    /// The section that is being compared.
    var section = ""
    var instanceID: Int?
    var occurrence = 0

    init(_ filter: DifferenceFilter, limit: Int) {
        self.filter = filter
        self.limit = limit
    }

    /// How many there were.
    var total: Int { counts.values.reduce(0, +) }

    mutating func add(
        _ kind: StreamDifference.Kind,
        path: [String] = [],
        type: String? = nil,
        _ a: StreamDifference.Value,
        _ b: StreamDifference.Value,
        at offsets: (a: Int?, b: Int?) = (nil, nil),
        first: Int? = nil,
        differing: Int? = nil,
        ranges: [Range<Int>] = []
    ) {
        guard !filter.excludes(section: section, path: path, type: type) else {
            excluded += 1
            return
        }
        counts[kind, default: 0] += 1
        guard differences.count < limit else { return }
        differences.append(
            StreamDifference(
                kind: kind,
                section: section,
                instanceID: instanceID,
                occurrence: occurrence,
                path: JSONPointer(path),
                type: type.flatMap { $0.isEmpty ? nil : $0 },
                a: a,
                b: b,
                offsetA: offsets.a,
                offsetB: offsets.b,
                first: first,
                differing: differing,
                ranges: ranges
            )
        )
    }
}
