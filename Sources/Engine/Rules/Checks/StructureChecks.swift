// SPDX-License-Identifier: Apache-2.0

/// VMSD001 – VMSD009: what a description is made of, and where it is used.
enum StructureChecks {
    /// An empty `idstr` is rejected on load, and every name begins with an empty one.
    static func name(_ subject: DescriptionSubject, _ report: inout Report) {
        // The reader of VMSD documents has noted it.
        guard subject.facts.document.kind != .vmsd, subject.description.name.isEmpty else { return }
        report.add("the description has no name", at: subject.namePlace)
    }

    /// Only names that are written are measured.
    ///
    /// The device path in front of a section's name is not known here.
    static func nameLength(_ subject: DescriptionSubject, _ report: inout Report) {
        guard subject.uses.isEmpty || !subject.uses.isDisjoint(with: [.root, .subsection]) else { return }
        let length = subject.description.name.utf8.count
        guard length > 255 else { return }
        report.add(
            "\(subject.description.name.quoted) has \(length) bytes; the length on the wire would be \(length % 256)",
            at: subject.namePlace
        )
    }

    static func nameCharacters(_ subject: DescriptionSubject, _ report: inout Report) {
        guard let scalar = subject.description.name.unicodeScalars.first(where: { !(0x20..<0x7f).contains($0.value) })
        else { return }
        let digits = String(scalar.value, radix: 16)
        report.add(
            "\(subject.description.name.quoted) contains U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)",
            at: subject.namePlace
        )
    }

    /// An `unmigratable` section is never written; that flag means nothing on a child.
    static func fieldList(_ subject: DescriptionSubject, _ report: inout Report) {
        guard subject.description.fields == nil else { return }
        guard !subject.description.isUnmigratable || !subject.uses.isSubset(of: .root) else { return }
        report.add("\(subject.description.name.quoted) has no list of fields", at: subject.description.path)
    }

    static func content(_ subject: DescriptionSubject, _ report: inout Report) {
        let description = subject.description
        guard description.fields?.isEmpty == true, description.subsections.isEmpty, !description.isUnmigratable else {
            return
        }
        report.add("\(description.name.quoted) has neither fields nor subsections", at: description.path)
    }

    static func unmigratable(_ subject: DescriptionSubject, _ report: inout Report) {
        let description = subject.description
        guard description.isUnmigratable else { return }
        let fields = description.fields?.count ?? 0
        guard fields + description.subsections.count > 0 else { return }
        report.add(
            "\(description.name.quoted) is never written, but has \(fields) fields and "
                + "\(description.subsections.count) subsections",
            at: subject.place("unmigratable")
        )
    }

    /// VMSD008: through fields.
    static func cycles(_ facts: DocumentFacts, _ report: inout Report) {
        cycles(facts, through: Rule.ID("VMSD008"), "is part of itself in every object", &report)
    }

    /// VMSD048: through subsections.
    static func subsectionCycles(_ facts: DocumentFacts, _ report: inout Report) {
        cycles(facts, through: Rule.ID("VMSD048"), "is its own subsection", &report)
    }

    private static func cycles(
        _ facts: DocumentFacts,
        through rule: Rule.ID,
        _ what: String,
        _ report: inout Report
    ) {
        let order = facts.document.roots + Array(facts.descriptions.indices)
        for cycle in DescriptionCycles(facts.descriptions).find(order) where cycle.rule == rule {
            report.add("the description that is referred to here \(what)", at: cycle.path)
        }
    }

    /// What only counts where QEMU registers a section, or asks whether to write one.
    static func ignoredMembers(_ subject: DescriptionSubject, _ report: inout Report) {
        let description = subject.description
        guard !subject.uses.isEmpty, !subject.uses.contains(.root) else { return }
        let isSubsection = subject.uses.contains(.subsection)
        let use = isSubsection ? "a subsection" : "a part of others"
        var ignored: [String] = []
        if description.needed != nil, !isSubsection { ignored.append("needed") }
        if description.priority ?? .default != .default { ignored.append("priority") }
        if description.isEarlySetup { ignored.append("early_setup") }
        if description.isUnmigratable { ignored.append("unmigratable") }
        for member in ignored {
            report.add(
                "\(description.name.quoted) is only \(use): \(member) is not looked at",
                at: subject.place(member)
            )
        }
    }
}
