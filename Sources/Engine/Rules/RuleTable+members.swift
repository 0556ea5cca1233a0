// SPDX-License-Identifier: Apache-2.0

extension Rule {
    /// What infos need of their fields.
    static let infoRules: [Rule] = [
        Rule(
            id: ID("VMSD037"),
            severity: .error,
            title: "bitmap without VMS_VBUFFER, or with VMS_MULTIPLY",
            why:
                "the size member holds the number of bits, as it is; without VMS_POINTER (warning) the member itself would be "
                + "the words",
            source: "include/migration/vmstate.h: VMSTATE_BITMAP_TEST",
            check: .field(FlagChecks.bitmap)
        ),
        Rule(
            id: ID("VMSD038"),
            severity: .warning,
            title: "VMS_MUST_EXIST without a predicate, or with elements",
            why: "it is meant for assertions; on a field it makes the versions fail that do not have the field",
            source: "include/migration/vmstate.h: VMSTATE_VALIDATE",
            check: .field(FlagChecks.mustExist)
        ),
        Rule(
            id: ID("VMSD039"),
            severity: .warning,
            title: "buffer of size 0",
            why: "no bytes are written at all",
            source: "migration/vmstate-types.c: put_buffer(), put_unused_buffer()",
            check: .field(FlagChecks.noBytes)
        ),
        Rule(
            id: ID("VMSD040"),
            severity: .error,
            title: "tree, queue or tmp without the children that it needs",
            why:
                "a gtree with start 0 has direct keys and no key_vmsd, any other needs one; all need a vmsd for the elements",
            source: "migration/vmstate-types.c: get_gtree()",
            check: .field(FlagChecks.collections)
        ),
    ]

    /// Counters and the members that fields refer to.
    static let memberRules: [Rule] = [
        Rule(
            id: ID("VMSD050"),
            severity: .warning,
            title: "counter or size member of another C type than the flag says",
            why:
                "other bytes of the object are read. Judged here where the member is loaded by a field, whose info tells the "
                + "type; the rest where C is read. VMS_VARRAY_INT32 and VMS_VBUFFER are also used with a uint32_t",
            source: "include/migration/vmstate.h: VMSTATE_VARRAY_UINT16 and the like",
            check: .document(CounterChecks.types)
        ),
        Rule(
            id: ID("VMSD051"),
            severity: .error,
            title: "num differs from the length of the member",
            why:
                "too little is saved, or what follows is overwritten. A sub-array must fit: start + num ≤ length. Judged where "
                + "C is read",
            source: "include/migration/vmstate.h: vmstate_offset_array()",
            check: .source
        ),
        Rule(
            id: ID("VMSD052"),
            severity: .note,
            title: "several fields of one name",
            why: "the vmdesc and the state document add [k] to it",
            source: "migration/vmstate.c: vmsd_desc_field_start()",
            documents: complete,
            check: .description(FlagChecks.names)
        ),
        Rule(
            id: ID("VMSD053"),
            severity: .warning,
            title: "both forms of a hook are set",
            why: "only the one with errp runs. Judged where C is read",
            source: "migration/vmstate.c: vmstate_load_state()",
            check: .source
        ),
        Rule(
            id: ID("VMSD054"),
            severity: .warning,
            title: "member of a type whose size depends on the host",
            why: "a long, size_t or pointer has another size on another host. Judged where C is read",
            source: "include/migration/vmstate.h: vmstate_offset_value()",
            check: .source
        ),
        Rule(
            id: ID("VMSD055"),
            severity: .error,
            title: "VMS_POINTER on a field without a member",
            why: "unused and tmp have the whole object, whose beginning would be taken for a pointer",
            source: "include/migration/vmstate.h: VMSTATE_UNUSED_BUFFER, VMSTATE_WITH_TMP",
            check: .field(FlagChecks.pointerToNothing)
        ),
        Rule(
            id: ID("VMSD056"),
            severity: .note,
            title: "dynamic array of pointers",
            why:
                "the destination must have as many slots as the counter says, all NULL; 11.1 asserts that, next loses what "
                + "they point to",
            source: "migration/vmstate.c: vmstate_load_state()",
            check: .field(PointerArrayChecks.slots)
        ),
        Rule(
            id: ID("VMSD057"),
            severity: .error,
            title: "entries behind the terminator",
            why: "an entry without a name ends the list; everything behind it is dead",
            source: "include/migration/vmstate.h: VMSTATE_END_OF_LIST",
            check: .reading
        ),
        Rule(
            id: ID("VMSD058"),
            severity: .error,
            title: "tmp type without a pointer to the state as first member",
            why: "the first member is set to point to the object. Judged where C is read",
            source: "include/migration/vmstate.h: VMSTATE_WITH_TMP",
            check: .source
        ),
        Rule(
            id: ID("VMSD059"),
            severity: .warning,
            title: "counter or size member that is not loaded before it is needed",
            why: "the destination's own value decides how much is read",
            source: "migration/vmstate.c: vmstate_n_elems()",
            check: .document(CounterChecks.order)
        ),
        Rule(
            id: ID("VMSD060"),
            severity: .warning,
            title: "counter from the stream without an upper bound",
            why:
                "streams are hostile, and the array lies in place. A bound is int32 le, an equal info, or an assertion field "
                + "before the array",
            source: "docs/devel/migration/main.rst; include/migration/vmstate.h: VMSTATE_VALIDATE",
            check: .document(CounterChecks.bounds)
        ),
    ]
}
