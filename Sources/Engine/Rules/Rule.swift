// SPDX-License-Identifier: Apache-2.0

/// A rule that a description, a state or a stream can break.
public struct Rule: Sendable {
    /// `VMSD012`. Ids are never reused.
    public struct ID: Sendable, Hashable, CustomStringConvertible {
        /// The id's text.
        public let description: String

        init(_ text: String) {
            description = text
        }
    }

    /// How bad it is when the rule is broken.
    public enum Severity: String, Sendable, Hashable, Comparable {
        /// QEMU aborts, or bytes are lost, shifted or rejected.
        case error
        /// Legal, but likely wrong or fragile.
        case warning
        case note

        /// Notes come first, errors last.
        public static func < (left: Severity, right: Severity) -> Bool {
            left.rank < right.rank
        }

        private var rank: Int {
            switch self {
            case .note: 0
            case .warning: 1
            case .error: 2
            }
        }
    }

    /// The rule's id.
    public let id: ID
    /// How bad it is, unless the finding says otherwise.
    public let severity: Severity
    /// What is reported, in a few words.
    public let title: String
    /// Why it matters.
    public let why: String
    /// Where QEMU enforces or documents it.
    public let source: String
}
