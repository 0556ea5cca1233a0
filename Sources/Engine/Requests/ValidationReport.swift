// SPDX-License-Identifier: Apache-2.0

/// What a check found, in the forms that people and programs read.
public struct ValidationReport: Sendable {
    /// Everything that was found.
    public let findings: [Finding]

    /// The report of these findings.
    public init(_ findings: [Finding]) {
        self.findings = findings
    }

    /// The report of what cannot be read at all.
    public init(_ error: VMStateError) {
        findings = [Finding(error)]
    }

    /// Whether nothing of severity error was found.
    public var isValid: Bool { count(.error) == 0 }

    /// How many findings of a severity there are.
    public func count(_ severity: Rule.Severity) -> Int {
        findings.count { $0.severity == severity }
    }

    /// `1 error, 2 warnings`.
    public var summary: String {
        let parts = [Rule.Severity.error, .warning, .note].compactMap { severity -> String? in
            let count = count(severity)
            return count == 0 ? nil : "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
        }
        return parts.isEmpty ? "no findings" : parts.joined(separator: ", ")
    }

    /// The answer of the service.
    public func json() throws(VMStateError) -> [UInt8] {
        var writer = JSONObjectWriter()
        writer.member("valid", isValid)
        writer.member(
            "summary",
            object: { summary in
                summary.member("errors", count(.error))
                summary.member("warnings", count(.warning))
                summary.member("notes", count(.note))
            }
        )
        writer.member(
            "findings",
            array: { array in
                for finding in findings {
                    array.element { object in
                        object.member("rule", finding.rule.description)
                        object.member("severity", finding.severity.rawValue)
                        object.member("message", finding.message)
                        object.member("path", finding.path?.shown)
                        object.member("state_path", finding.statePath?.shown)
                        object.member("offset", finding.offset)
                        if let section = finding.section { object.member("section", section) }
                        object.member("location", Optional<String>.none)
                    }
                }
            }
        )
        writer.member(
            "check",
            object: { check in
                check.member("state", count(.error) > 0 ? "fail" : count(.warning) > 0 ? "warning" : "success")
                check.member("context", "vmstate")
                check.member("description", summary)
                check.member("target_url", Optional<String>.none)
            }
        )
        return try writer.finish()
    }

    /// One finding a line, as compilers print: `file:line: severity: message [rule]`.
    ///
    /// - Parameter place: the file and line of a finding; nil: the JSON Pointer stands there.
    /// - Returns: the lines, each with its line feed.
    public func text(_ place: (Finding) -> String? = { _ in nil }) -> String {
        findings.map { finding in
            let position = place(finding) ?? finding.path?.shown ?? ""
            let section = finding.section.map { "\($0): " } ?? ""
            // A line is a finding, whatever names a document has.
            let line =
                (position.isEmpty ? "" : position + ": ")
                + "\(finding.severity.rawValue): \(section)\(finding.message) [\(finding.rule)]"
            return line.printable + "\n"
        }.joined()
    }
}
