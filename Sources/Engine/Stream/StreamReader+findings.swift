// SPDX-License-Identifier: Apache-2.0

/// What is wrong with the stream, a bounded number of each rule.
extension StreamReader {
    mutating func note(_ error: VMStateError) {
        // What ends the reading after something that is noted already says nothing.
        guard error.offset != nil || error.expected != nil else { return }
        note(Finding(error))
    }

    mutating func finding(
        _ rule: Rule.ID,
        _ severity: Rule.Severity,
        _ message: String,
        at offset: Int,
        section: String? = nil
    ) {
        note(Finding(rule: rule, severity: severity, message: message, offset: offset, section: section))
    }

    /// Adds a finding, or counts it where there are many of its rule.
    private mutating func note(_ finding: Finding) {
        guard !isFull(finding.rule) else {
            return countMore(finding.rule, finding.severity, at: finding.offset)
        }
        found[finding.rule, default: 0] += 1
        stream.findings.append(finding)
    }

    /// Whether findings of a rule are only counted from now on.
    func isFull(_ rule: Rule.ID) -> Bool { found[rule, default: 0] >= limits.findings }

    /// Counts a finding that is not listed.
    mutating func countMore(_ rule: Rule.ID, _ severity: Rule.Severity, at offset: Int?) {
        guard let known = omitted[rule] else {
            omitted[rule] = (1, severity, offset)
            return
        }
        omitted[rule] = (known.count + 1, max(known.severity, severity), known.offset)
    }

    /// What stands for the findings that are not listed.
    var more: [Finding] {
        omitted.map { rule, more in
            Finding(
                rule: rule,
                severity: more.severity,
                message: "\(more.count) more of this rule from here on",
                offset: more.offset
            )
        }
    }
}
