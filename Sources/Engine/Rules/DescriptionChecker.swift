// SPDX-License-Identifier: Apache-2.0

/// Judges the descriptions of a document by the rules.
public struct DescriptionChecker: Sendable {
    private let facts: DocumentFacts

    /// - Parameters:
    ///   - document: what is judged; a dump and a vmdesc are judged by the rules that they can answer.
    ///   - dialect: whose rules apply where releases differ.
    ///   - given: predicates and constants by name.
    public init(_ document: VMStateDocument, dialect: Dialect, given: [String: Predicate] = [:]) {
        facts = DocumentFacts(document, dialect: dialect, given: given)
    }

    /// Everything that is found, in the order of the document's places; errors first at each place.
    ///
    /// Each description is judged once, however often it is referred to. What the reader of the document could not make
    /// sense of is among the findings.
    public func findings() -> [Finding] {
        let rules = Rule.all.filter { $0.documents.contains(facts.document.kind) }
        let descriptions = facts.descriptions.indices.filter { !facts.isUnread($0) }
            .map { DescriptionSubject(facts: facts, id: $0) }
        var findings = facts.document.problems.map { Finding($0) }
        var left = facts.document.omittedProblems
        for rule in rules {
            var report = Report(rule)
            switch rule.check {
            case .document(let check): check(facts, &report)
            case .description(let check): for subject in descriptions { check(subject, &report) }
            case .field, .reading, .source, .codec: break
            }
            findings += report.findings
            left += report.left
        }
        for report in fieldReports(rules) {
            findings += report.findings
            left += report.left
        }
        let kept = limited(findings)
        left += findings.count - kept.count
        let sorted = FindingOrder(facts.document).sorted(kept)
        guard left > 0 else { return sorted }
        return sorted + [
            Finding(
                rule: Rule.ID(reporting: .limitExceeded),
                severity: .note,
                message: "\(left) more findings are not listed",
                path: JSONPointer()
            )
        ]
    }

    /// Bytes of the paths that are listed: a description may have a name as long as the document.
    private static let maximumPathBytes = 16 << 20

    /// The findings, the least bad ones left out where there are too many.
    private func limited(_ findings: [Finding]) -> [Finding] {
        var kept: [Finding] = []
        var bytes = 0
        for severity in [Rule.Severity.error, .warning, .note] {
            for finding in findings where finding.severity == severity {
                bytes += finding.path?.tokens.reduce(0) { $0 + $1.utf8.count } ?? 0
                guard kept.count < Report.maximum, bytes <= Self.maximumPathBytes else { return kept }
                kept.append(finding)
            }
        }
        return kept
    }

    /// All rules on one field at a time: its shape is computed once.
    private func fieldReports(_ rules: [Rule]) -> [Report] {
        var checks: [@Sendable (FieldSubject, inout Report) -> Void] = []
        var reports: [Report] = []
        for rule in rules {
            guard case .field(let check) = rule.check else { continue }
            checks.append(check)
            reports.append(Report(rule))
        }
        for (id, description) in facts.descriptions.enumerated() {
            for (index, field) in (description.fields ?? []).enumerated() {
                let subject = FieldSubject(
                    facts: facts,
                    description: description,
                    id: id,
                    index: index,
                    field: field,
                    shape: facts.shape(field)
                )
                for check in checks.indices { checks[check](subject, &reports[check]) }
            }
        }
        return reports
    }
}
