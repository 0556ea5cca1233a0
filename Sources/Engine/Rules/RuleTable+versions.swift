// SPDX-License-Identifier: Apache-2.0

extension Rule {
    /// Versions of descriptions and fields.
    static let versionRules: [Rule] = [
        Rule(
            id: ID("VMSD010"),
            severity: .error,
            title: "minimum_version_id above version_id",
            why: "no stream can be loaded, not even the description's own",
            source: "migration/vmstate.c: vmstate_load_state()",
            documents: complete,
            check: .description(VersionChecks.range)
        ),
        Rule(
            id: ID("VMSD011"),
            severity: .error,
            title: "negative version",
            why: "a version is written as an unsigned number of 32 bits",
            source: "migration/savevm.c: save_section_header()",
            documents: anyDocument,
            check: .description(VersionChecks.negative)
        ),
        Rule(
            id: ID("VMSD012"),
            severity: .error,
            title: "field of a version that the description does not reach",
            why: "without a predicate it is never saved and never loaded",
            source: "migration/vmstate.c: vmstate_field_exists()",
            documents: complete,
            check: .field(VersionChecks.dead)
        ),
        Rule(
            id: ID("VMSD013"),
            severity: .note,
            title: "field version that every accepted version has",
            why:
                "the condition is always true; for tmp, queues and trees it is the elements' version and not superfluous",
            source: "docs/devel/migration/main.rst: Versions",
            documents: complete,
            check: .field(VersionChecks.alwaysTrue)
        ),
        Rule(
            id: ID("VMSD014"),
            severity: .warning,
            title: "field with a version and a predicate",
            why: "the predicate decides alone; for tmp, queues and trees the version is that of the elements",
            source: "migration/vmstate.c: vmstate_field_exists()",
            documents: complete,
            check: .field(VersionChecks.beatenByPredicate)
        ),
        Rule(
            id: ID("VMSD015"),
            severity: .error,
            title: "subsection version above 255",
            why: "the loader keeps 8 bits of it",
            source: "migration/vmstate.c: vmstate_subsection_load()",
            documents: anyDocument,
            check: .description(VersionChecks.subsection)
        ),
        Rule(
            id: ID("VMSD016"),
            severity: .error,
            title: "struct_version_id that the child does not accept",
            why: "every load fails as too old or too new",
            source: "migration/vmstate.c: vmstate_load_state(), VMS_VSTRUCT",
            check: .field(VersionChecks.structVersion)
        ),
        Rule(
            id: ID("VMSD017"),
            severity: .error,
            title: "tmp, queue or tree loaded as a version that the child does not accept",
            why:
                "the field's version_id is the elements' version; the tmp macros set 0, so the child's minimum must be 0",
            source: "migration/vmstate-types.c: get_tmp(), get_qtailq(), get_qlist(), get_gtree()",
            check: .field(VersionChecks.collectionVersion)
        ),
        Rule(
            id: ID("VMSD018"),
            severity: .error,
            title: "field of a tmp, queue or tree that is written but not read",
            why: "elements are saved as the child's version and loaded as the field's; what follows is shifted",
            source: "migration/vmstate-types.c: put_tmp(), put_qtailq(), put_qlist(), put_gtree()",
            check: .document(VersionChecks.unreadFields)
        ),
        Rule(
            id: ID("VMSD019"),
            severity: .note,
            title: "version_id without minimum_version_id",
            why: "all versions from 0 are accepted",
            source: "docs/devel/migration/main.rst: Versions",
            check: .description(VersionChecks.noMinimum)
        ),
    ]
}
