// SPDX-License-Identifier: Apache-2.0

extension Rule {
    /// Subsections and their names.
    static let subsectionRules: [Rule] = [
        Rule(
            id: ID("VMSD041"),
            severity: .error,
            title: "subsection whose name does not begin with the parent's",
            why: "the loader leaves it unread",
            source: "migration/savevm.c: vmstate_check()",
            documents: anyDocument,
            check: .description(SubsectionChecks.prefix)
        ),
        Rule(
            id: ID("VMSD042"),
            severity: .error,
            title: "subsection that a child of the description would claim",
            why:
                "every description looks for subsections behind its fields; a child that can be the last thing written and "
                + "whose name the subsection's begins with takes it and fails",
            source: "migration/vmstate.c: vmstate_subsection_load()",
            check: .document(SubsectionChecks.claimedByChild)
        ),
        Rule(
            id: ID("VMSD043"),
            severity: .error,
            title: "subsection whose name begins with that of an earlier sibling",
            why: "the earlier one looks for its own subsections when it is loaded, takes this and fails",
            source: "migration/vmstate.c: vmstate_subsection_load()",
            documents: anyDocument,
            check: .description(SubsectionChecks.claimedBySibling)
        ),
        Rule(
            id: ID("VMSD044"),
            severity: .warning,
            title: "subsection without \"/\" behind the parent's name",
            why: "the names are parent/part",
            source: "docs/devel/migration/main.rst: Subsections",
            documents: anyDocument,
            check: .description(SubsectionChecks.slash)
        ),
        Rule(
            id: ID("VMSD045"),
            severity: .error,
            title: "two subsections of one name",
            why: "the second is loaded by the first one's description",
            source: "migration/vmstate.c: vmstate_get_subsection()",
            documents: anyDocument,
            check: .description(SubsectionChecks.sameName)
        ),
        Rule(
            id: ID("VMSD046"),
            severity: .note,
            title: "subsection without needed",
            why: "it is always sent, and a QEMU that does not know it cannot load the section",
            source: "docs/devel/migration/main.rst: Subsections",
            check: .description(SubsectionChecks.alwaysSent)
        ),
        Rule(
            id: ID("VMSD047"),
            severity: .error,
            title: "subsection with the name of its parent",
            why: "vmstate_check() accepts it, but the loader wants at least one byte more",
            source: "migration/vmstate.c: vmstate_subsection_load()",
            documents: anyDocument,
            check: .description(SubsectionChecks.parentName)
        ),
        Rule(
            id: ID("VMSD048"),
            severity: .error,
            title: "description that is its own subsection",
            why: "vmstate_check() recurses for ever",
            source: "migration/savevm.c: vmstate_check()",
            check: .document(StructureChecks.subsectionCycles)
        ),
    ]
}
