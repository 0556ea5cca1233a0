// SPDX-License-Identifier: Apache-2.0

extension Rule {
    /// Flags, and the members that they need.
    static let flagRules: [Rule] = [
        Rule(
            id: ID("VMSD020"),
            severity: .error,
            title: "more than one of VMS_ARRAY and VMS_VARRAY_*",
            why: "vmstate_n_elems() takes the first that it tests; the count is then not the one meant",
            source: "include/migration/vmstate.h: VMS_ARRAY",
            check: .field(FlagChecks.arrayKinds)
        ),
        Rule(
            id: ID("VMSD021"),
            severity: .error,
            title: "VMS_MULTIPLY without VMS_VBUFFER",
            why: "it multiplies the size member only, and is ignored",
            source: "include/migration/vmstate.h: VMS_MULTIPLY",
            check: .field(FlagChecks.multiply)
        ),
        Rule(
            id: ID("VMSD022"),
            severity: .error,
            title: "VMS_MULTIPLY_ELEMENTS without VMS_VARRAY_*, or for QEMU 11.1",
            why: "it would multiply 1, or num by itself; 11.1 does not multiply at all",
            source: "include/migration/vmstate.h: VMS_MULTIPLY_ELEMENTS",
            check: .field(FlagChecks.multiplyElements)
        ),
        Rule(
            id: ID("VMSD023"),
            severity: .error,
            title: "VMS_ALLOC without VMS_POINTER",
            why:
                "up to 10.2 nothing is allocated, later the member may be overwritten by a pointer; a warning for arrays of "
                + "pointers by the rules of next, where only the elements are allocated",
            source: "include/migration/vmstate.h: VMS_ALLOC",
            check: .field(FlagChecks.alloc)
        ),
        Rule(
            id: ID("VMSD024"),
            severity: .error,
            title: "VMS_STRUCT together with VMS_VSTRUCT",
            why: "VMS_STRUCT is tested first, the version is not used",
            source: "migration/vmstate.c: vmstate_load_state()",
            check: .field(FlagChecks.structKinds)
        ),
        Rule(
            id: ID("VMSD025"),
            severity: .error,
            title: "struct without vmsd",
            why: "the pointer is followed without looking, by vmstate_check() too",
            source: "migration/vmstate.c: vmstate_load_state()",
            check: .field(FlagChecks.child)
        ),
        Rule(
            id: ID("VMSD026"),
            severity: .error,
            title: "neither info nor vmsd",
            why: "the pointer is followed without looking; only an assertion, which has no elements, needs none",
            source: "migration/vmstate.c: vmstate_load_state()",
            check: .field(FlagChecks.info)
        ),
        Rule(
            id: ID("VMSD027"),
            severity: .warning,
            title: "info or vmsd that is not used",
            why: "a struct has no info, and of the infos only tmp, qtailq, qlist and gtree have a child",
            source: "migration/vmstate.c: vmstate_load_state()",
            check: .field(FlagChecks.unused)
        ),
        Rule(
            id: ID("VMSD028"),
            severity: .error,
            title: "unknown info or flag",
            why: "nothing says what is on the wire; an unknown info with a size is taken for opaque bytes (warning)",
            source: "include/migration/vmstate.h: VMStateFlags; migration/vmstate-types.c",
            check: .field(FlagChecks.unknownInfo)
        ),
        Rule(
            id: ID("VMSD029"),
            severity: .error,
            title: "array or buffer whose count or size is not given",
            why:
                "VMS_VARRAY_* needs num_offset, VMS_VBUFFER size_offset, VMS_ARRAY a num of 0 or more (warning for 0 without "
                + "VMS_MUST_EXIST: nothing is written)",
            source: "migration/vmstate.c: vmstate_n_elems(), vmstate_size()",
            check: .field(FlagChecks.counts)
        ),
    ]

    /// Arrays of pointers.
    static let pointerArrayRules: [Rule] = [
        Rule(
            id: ID("VMSD030"),
            severity: .error,
            title: "VMS_ARRAY_OF_POINTER without an array flag",
            why:
                "it is one pointer then; since the flag became VMS_ALLOC in next not asserted for dynamic arrays any more",
            source: "include/migration/vmstate.h: VMS_ARRAY_OF_POINTER; migration/savevm.c: vmstate_check()",
            check: .field(PointerArrayChecks.notAnArray)
        ),
        Rule(
            id: ID("VMSD031"),
            severity: .error,
            title: "VMS_ARRAY_OF_POINTER_AUTO_ALLOC without VMS_ARRAY_OF_POINTER",
            why: "there are no pointers to be allocated",
            source: "migration/savevm.c: vmstate_check()",
            check: .field(PointerArrayChecks.autoAllocAlone)
        ),
        Rule(
            id: ID("VMSD032"),
            severity: .error,
            title: "dynamic array of pointers without size",
            why: "the loader must know how much to allocate for an element",
            source: "migration/savevm.c: vmstate_check()",
            check: .field(PointerArrayChecks.nothingToAllocate)
        ),
        Rule(
            id: ID("VMSD033"),
            severity: .error,
            title: "array of pointers with a size, but not dynamic",
            why:
                "nothing is allocated, so it means nothing; a note for 7.2 and 10.0, where the macros set the size of a pointer",
            source: "migration/savevm.c: vmstate_check()",
            check: .field(PointerArrayChecks.meaninglessSize)
        ),
        Rule(
            id: ID("VMSD034"),
            severity: .warning,
            title: "VMS_ARRAY_OF_POINTER_AUTO_ALLOC together with VMS_ALLOC",
            why: "slots and elements would be allocated; where VMS_ALLOC says both this cannot be expressed",
            source: "include/migration/vmstate.h: VMS_ALLOC",
            check: .field(PointerArrayChecks.bothAllocations)
        ),
        Rule(
            id: ID("VMSD035"),
            severity: .error,
            title: "VMS_VBUFFER with VMS_ARRAY_OF_POINTER",
            why: "the size member becomes the distance between slots",
            source: "migration/vmstate.c: vmstate_size()",
            check: .field(PointerArrayChecks.sizeAsStride)
        ),
        Rule(
            id: ID("VMSD036"),
            severity: .error,
            title: "array of pointers to elements whose length is the size",
            why: "save and load of a dynamic one disagree on the length; otherwise (warning) 10.0 and 11.1 do",
            source: "migration/vmstate.c: vmstate_size()",
            check: .field(PointerArrayChecks.lengthFromSize)
        ),
    ]
}
