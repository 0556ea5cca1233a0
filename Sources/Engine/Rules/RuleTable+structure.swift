// SPDX-License-Identifier: Apache-2.0

extension Rule {
    /// What a description is made of, and where it is used.
    static let structureRules: [Rule] = [
        Rule(
            id: ID("VMSD001"),
            severity: .error,
            title: "no name",
            why: "an empty idstr is rejected on load, and an empty name is the beginning of every other",
            source: "migration/savevm.c: qemu_loadvm_section_start_full()",
            documents: anyDocument,
            check: .description(StructureChecks.name)
        ),
        Rule(
            id: ID("VMSD002"),
            severity: .error,
            title: "name longer than 255 bytes",
            why: "its length is one byte on the wire; of a section's name the device path takes a part",
            source: "migration/savevm.c: save_section_header(); migration/vmstate.c: vmstate_subsection_save()",
            documents: anyDocument,
            check: .description(StructureChecks.nameLength)
        ),
        Rule(
            id: ID("VMSD003"),
            severity: .warning,
            title: "name with NUL, control or non-ASCII characters",
            why: "names are compared as C strings",
            source: "migration/savevm.c: find_se()",
            documents: anyDocument,
            check: .description(StructureChecks.nameCharacters)
        ),
        Rule(
            id: ID("VMSD004"),
            severity: .error,
            title: "no list of fields",
            why: "saving and loading follow the pointer without looking",
            source: "migration/vmstate.c: vmstate_save_state_v()",
            check: .description(StructureChecks.fieldList)
        ),
        Rule(
            id: ID("VMSD005"),
            severity: .error,
            title: "list of fields without a proper terminator",
            why: "since 8.2 save and load abort unless the last entry has exactly VMS_END; 7.2 wants an empty entry",
            source: "migration/vmstate.c: vmstate_load_state(); migration/savevm.c: vmstate_check()",
            check: .reading
        ),
        Rule(
            id: ID("VMSD006"),
            severity: .note,
            title: "neither fields nor subsections",
            why: "the section is empty",
            source: "migration/vmstate.c: vmstate_save_state_v()",
            check: .description(StructureChecks.content)
        ),
        Rule(
            id: ID("VMSD007"),
            severity: .warning,
            title: "unmigratable with fields or subsections",
            why: "nothing is ever written; either is a leftover",
            source: "include/migration/vmstate.h: VMStateDescription.unmigratable",
            check: .description(StructureChecks.unmigratable)
        ),
        Rule(
            id: ID("VMSD008"),
            severity: .error,
            title: "description that is always part of itself",
            why: "no predicate, counter or NULL ends it: saving and loading recurse for ever",
            source: "migration/vmstate.c: vmstate_load_state()",
            check: .document(StructureChecks.cycles)
        ),
        Rule(
            id: ID("VMSD009"),
            severity: .warning,
            title: "member that is not looked at where the description is used",
            why: "needed counts for sections and subsections, priority, early_setup and unmigratable for sections only",
            source: "migration/savevm.c: vmstate_save(), vmstate_register_with_alias_id()",
            check: .description(StructureChecks.ignoredMembers)
        ),
    ]
}
