// SPDX-License-Identifier: Apache-2.0

/// Findings that wait for the place in a text to which they belong.
struct FindingQueue {
    private var findings: [Finding]
    private var next = 0

    /// Findings in any order.
    init(_ findings: [Finding]) {
        self.findings = findings.sorted { ($0.offset ?? .max) < ($1.offset ?? .max) }
    }

    /// Adds one that was found while the text is written; it comes first.
    mutating func insert(_ finding: Finding) {
        findings.insert(finding, at: next)
    }

    /// Prints those of which the byte lies before `end`.
    mutating func print(
        before end: Int,
        _ columns: TextLayout,
        depth: Int,
        to sink: inout TextSink
    ) throws(VMStateError) {
        while next < findings.count, (findings[next].offset ?? .max) < end {
            try print(findings[next], columns, depth: depth, to: &sink)
            next += 1
        }
    }

    /// Prints those that are left.
    mutating func printAll(_ columns: TextLayout, to sink: inout TextSink) throws(VMStateError) {
        while next < findings.count {
            try print(findings[next], columns, depth: 0, to: &sink)
            next += 1
        }
    }

    private func print(
        _ finding: Finding,
        _ columns: TextLayout,
        depth: Int,
        to sink: inout TextSink
    ) throws(VMStateError) {
        let place = finding.statePath.map { " (\($0.shown))".printable } ?? ""
        try columns.line(
            at: finding.offset.map { $0..<$0 },
            showsSize: false,
            type: "!! \(finding.severity.rawValue)",
            depth: depth,
            "\(finding.message.printable)\(place) [\(finding.rule)]",
            to: &sink
        )
    }
}
