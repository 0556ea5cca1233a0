// SPDX-License-Identifier: Apache-2.0

/// Collects what one rule finds; the rule's id and severity come from its row.
struct Report {
    private let rule: Rule
    private(set) var findings: [Finding] = []

    init(_ rule: Rule) {
        self.rule = rule
    }

    /// Notes a finding.
    ///
    /// - Parameters:
    ///   - message: what is wrong, with the names and numbers of the case.
    ///   - path: the place that a person would have to edit.
    ///   - severity: how bad it is where that is not the rule's own severity.
    mutating func add(_ message: String, at path: JSONPointer, _ severity: Rule.Severity? = nil) {
        findings.append(
            Finding(rule: rule.id, severity: severity ?? rule.severity, message: message, path: path)
        )
    }

    /// Notes that the search for this rule was given up.
    mutating func giveUp(_ message: String, at path: JSONPointer) {
        findings.append(
            Finding(rule: Rule.ID(reporting: .limitExceeded), severity: .note, message: message, path: path)
        )
    }
}
