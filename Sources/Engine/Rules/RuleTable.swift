// SPDX-License-Identifier: Apache-2.0

extension Rule {
    /// Every rule, by id within its family.
    ///
    /// Ids are never reused.
    public static let all: [Rule] =
        structureRules + versionRules + flagRules + pointerArrayRules + infoRules + subsectionRules
        + memberRules + reported.map(\.rule) + streamRules

    /// The rule of this id.
    public init?(id: String) {
        guard let rule = Self.all.first(where: { $0.id.description == id }) else { return nil }
        self = rule
    }

    /// Every kind of document.
    static let anyDocument: Set<VMStateDocument.Kind> = [.vmsd, .dump, .vmdesc]
    /// Documents that list everything a description has, not only what one stream had.
    static let complete: Set<VMStateDocument.Kind> = [.vmsd, .dump]
}
