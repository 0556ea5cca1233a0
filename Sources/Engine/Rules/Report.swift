// SPDX-License-Identifier: Apache-2.0

/// Collects what one rule finds; the rule's id and severity come from its row.
struct Report {
    /// Findings of one severity beyond this number are only counted: a document can have one on each field.
    static let maximum = 20_000

    private let rule: Rule
    private(set) var findings: [Finding] = []
    /// How many are not listed.
    private(set) var left = 0
    private var counts: [Rule.Severity: Int] = [:]

    init(_ rule: Rule) {
        self.rule = rule
    }

    /// Notes a finding.
    ///
    /// - Parameters:
    ///   - message: what is wrong, with the names and numbers of the case.
    ///   - path: the place that a person would have to edit.
    ///   - severity: how bad it is where that is not the rule's own severity.
    mutating func add(
        _ message: @autoclosure () -> String,
        at path: @autoclosure () -> JSONPointer,
        _ severity: Rule.Severity? = nil
    ) {
        let severity = severity ?? rule.severity
        guard counts[severity, default: 0] < Self.maximum else { return left += 1 }
        counts[severity, default: 0] += 1
        findings.append(Finding(rule: rule.id, severity: severity, message: message(), path: path()))
    }

    /// Notes that the search for this rule was given up.
    mutating func giveUp(_ message: String, at path: JSONPointer) {
        findings.append(
            Finding(rule: Rule.ID(reporting: .limitExceeded), severity: .note, message: message, path: path)
        )
    }
}
