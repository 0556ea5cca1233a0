// SPDX-License-Identifier: Apache-2.0

/// A rule that a description, a state or a stream can break.
public struct Rule: Sendable {
    /// A stable word such as `VMSD012`; ids are never reused.
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
    /// Which documents can answer it.
    let documents: Set<VMStateDocument.Kind>
    /// How it is judged.
    let check: Check

    init(
        id: ID,
        severity: Severity,
        title: String,
        why: String,
        source: String,
        documents: Set<VMStateDocument.Kind> = [.vmsd],
        check: Check = .codec
    ) {
        self.id = id
        self.severity = severity
        self.title = title
        self.why = why
        self.source = source
        self.documents = documents
        self.check = check
    }
}

extension Rule {
    /// How a rule is judged: what it looks at, and the function that does.
    enum Check: Sendable {
        /// The document as a whole.
        case document(@Sendable (DocumentFacts, inout Report) -> Void)
        /// Each description.
        case description(@Sendable (DescriptionSubject, inout Report) -> Void)
        /// Each field of each description.
        case field(@Sendable (FieldSubject, inout Report) -> Void)
        /// Noted while the document is read.
        case reading
        /// Judged where the C source is read: no JSON document holds what it needs.
        case source
        /// Noted by the codec, on a state or a stream.
        case codec
    }

    /// Whether `validate` can find it in a VMSD document.
    public var isChecked: Bool {
        switch check {
        case .document, .description, .field, .reading: true
        case .source, .codec: false
        }
    }
}
