// SPDX-License-Identifier: Apache-2.0

extension Rule {
    /// The table of all rules as a page of documentation.
    public static var documentation: String {
        var text = """
            # Rules

            What `validate` reports. This page is printed from the table in `Sources/Engine/Rules`; a test compares them.
            VMSD rules judge a description, VMST rules a whole migration stream; the others are found when a document is read and when
            a state or the bytes of a description are used.

            - error: QEMU aborts, or bytes are lost, shifted or rejected
            - warning: legal, but likely wrong or fragile
            - note: worth knowing

            | rule | severity | reported | why | source in QEMU |
            |---|---|---|---|---|

            """
        for rule in all {
            let cells = [rule.id.description, rule.severity.rawValue, rule.title, rule.why, rule.source]
            text += "| \(cells.map { escaped($0) }.joined(separator: " | ")) |\n"
        }
        return text
    }

    private static func escaped(_ cell: String) -> String {
        cell.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
