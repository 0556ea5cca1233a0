// SPDX-License-Identifier: Apache-2.0

/// One thing that a check found.
public struct Finding: Sendable, Hashable {
    /// The rule that is broken.
    public let rule: Rule.ID
    /// How bad it is here.
    public let severity: Rule.Severity
    /// What is wrong, with the names and numbers of the case.
    public let message: String
    /// Where in the VMSD document.
    public let path: JSONPointer?
    /// Where in the state document.
    public let statePath: JSONPointer?
    /// Which byte of the stream.
    public let offset: Int?
    /// The idstr of the stream's section.
    public let section: String?

    init(
        rule: Rule.ID,
        severity: Rule.Severity,
        message: String,
        path: JSONPointer? = nil,
        statePath: JSONPointer? = nil,
        offset: Int? = nil,
        section: String? = nil
    ) {
        self.rule = rule
        self.severity = severity
        self.message = message.shortened
        self.path = path
        self.statePath = statePath
        self.offset = offset
        self.section = section
    }

    /// The finding that an error of the codec amounts to.
    init(_ error: VMStateError, _ severity: Rule.Severity = .error) {
        self.init(
            rule: error.rule,
            severity: severity,
            message: error.message,
            path: error.path,
            statePath: error.statePath,
            offset: error.offset,
            section: error.section
        )
    }
}
