// SPDX-License-Identifier: Apache-2.0

extension Rule {
    /// What is found in a whole migration stream.
    static let streamRules: [Rule] = [
        stream("VMST001", .error, "no migration stream", "the loader refuses it at once", "qemu_loadvm_state()"),
        stream(
            "VMST002",
            .error,
            "the configuration is wrong",
            "the loader compares it with its own machine",
            "configuration_post_load()"
        ),
        stream(
            "VMST003",
            .error,
            "neither section nor command nor EOF",
            "something before was too long or too short",
            "qemu_loadvm_state_main()"
        ),
        stream(
            "VMST004",
            .error,
            "a section without a usable idstr",
            "no device can be found",
            "qemu_loadvm_section_start_full()"
        ),
        stream("VMST005", .error, "two sections share an id", "PART and END find the wrong one", "find_se()"),
        stream(
            "VMST006",
            .error,
            "PART or END without START",
            "the loader rejects it",
            "qemu_loadvm_section_part_end()"
        ),
        stream(
            "VMST007",
            .error,
            "a footer is missing, or is there against the habit of the stream",
            "a payload has another length than its writer thought",
            "check_section_footer()"
        ),
        stream("VMST008", .error, "a footer of another section", "the loader rejects it", "check_section_footer()"),
        stream("VMST009", .error, "a command is wrong", "the loader rejects it", "loadvm_process_command()"),
        stream("VMST010", .error, "the stream ends too early", "the loader rejects it", "qemu_loadvm_state()"),
        stream("VMST011", .error, "no EOF", "the sender has stopped in the middle", "qemu_loadvm_state_main()"),
        stream(
            "VMST012",
            .warning,
            "bytes behind the stream",
            "zeros are padding (a note); anything else is lost, and without a vmdesc the stream may end too early (an error)",
            "qemu_loadvm_state()"
        ),
        stream("VMST013", .error, "the vmdesc is no JSON", "nothing describes the sections", "qemu_loadvm_state()"),
        stream(
            "VMST014",
            .error,
            "vmdesc and FULL sections are not the same",
            "a section is missing, or one is not described. Another order is a warning",
            "vmstate_save()"
        ),
        stream(
            "VMST015",
            .error,
            "a payload of another length than its vmdesc describes",
            "what was written is not what was described; of a struct whose fields are right a warning, as only its size is wrong",
            "vmstate_save_state_v()"
        ),
        stream(
            "VMST016",
            .error,
            "a payload that its description does not fit",
            "the loader reads other values or rejects it",
            "vmstate_load_state()"
        ),
        stream("VMST017", .error, "a section that nothing describes", "its values cannot be read", "vmstate_save()"),
        stream(
            "VMST018",
            .warning,
            "two sections of one idstr and instance",
            "both are loaded into one device",
            "savevm_state_handler_insert()"
        ),
        stream(
            "VMST019",
            .warning,
            "START without END",
            "the state is not complete; only background snapshots leave it out",
            "qemu_savevm_state_complete_precopy_iterable()"
        ),
        stream(
            "VMST020",
            .error,
            "flags of a RAM record",
            "the loader rejects it",
            "ram_load_precopy()",
            file: "ram.c"
        ),
        stream(
            "VMST021",
            .error,
            "the list of RAM blocks",
            "the loader rejects it",
            "parse_ramblocks()",
            file: "ram.c"
        ),
        stream(
            "VMST022",
            .error,
            "a page outside of its block",
            "the loader rejects it",
            "ram_block_from_stream()",
            file: "ram.c"
        ),
        stream(
            "VMST023",
            .error,
            "CONTINUE without a block before",
            "the loader rejects it",
            "ram_block_from_stream()",
            file: "ram.c"
        ),
        stream(
            "VMST024",
            .warning,
            "a page filled with something else than 0",
            "10.0 and later reject it",
            "ram_handle_zero()",
            file: "ram.c"
        ),
        stream(
            "VMST025",
            .error,
            "an XBZRLE page is wrong",
            "the loader rejects it",
            "xbzrle_decode_buffer()",
            file: "xbzrle.c"
        ),
        stream(
            "VMST026",
            .error,
            "a compressed page is wrong",
            "the loader rejects it",
            "decompress_data_with_multi_threads()",
            file: "ram-compress.c"
        ),
        stream(
            "VMST027",
            .error,
            "a mapped-ram header is wrong",
            "pages are looked for in the wrong place",
            "mapped_ram_read_header()",
            file: "ram.c"
        ),
        stream(
            "VMST028",
            .warning,
            "pages that never came",
            "the destination has zeros there; ballooned and unplugged memory is left out on purpose",
            "ram_save_complete()",
            file: "ram.c"
        ),
        stream(
            "VMST029",
            .error,
            "a version of ram or another private format that is not known, or not the vmdesc's",
            "the loader rejects it",
            "ram_load()",
            file: "ram.c"
        ),
        stream(
            "VMST030",
            .error,
            "a section of a private format is wrong",
            "the loader of its device rejects it",
            "qemu_loadvm_section_part_end()"
        ),
        stream(
            "VMST031",
            .note,
            "no vmdesc",
            "only descriptions that are given say what sections hold. Where not even a footer says how long a section is, "
                + "an error",
            "qemu_savevm_state_complete_precopy()"
        ),
        stream(
            "VMST032",
            .error,
            "a package is too long or too short",
            "its last section is cut",
            "loadvm_handle_cmd_packaged()"
        ),
        stream(
            "VMST033",
            .error,
            "several EOF",
            "the checkpoints of COLO (a note); without ENABLE_COLO the loader stops at the first",
            "colo_do_checkpoint_transaction()",
            file: "colo.c"
        ),
        stream(
            "VMST034",
            .error,
            "the run state is none",
            "the loader rejects it; a length that is not the name's (a warning) it does not look at",
            "global_state_post_load()",
            file: "global_state.c"
        ),
    ]

    private static func stream(
        _ id: String,
        _ severity: Severity,
        _ title: String,
        _ why: String,
        _ function: String,
        file: String = "savevm.c"
    ) -> Rule {
        Rule(id: ID(id), severity: severity, title: title, why: why, source: "QEMU migration/\(file), \(function)")
    }
}
