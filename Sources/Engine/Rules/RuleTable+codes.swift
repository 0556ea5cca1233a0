// SPDX-License-Identifier: Apache-2.0

extension Rule.ID {
    /// The rule that `validate` reports for an error of the codec.
    init(reporting code: VMStateError.Code) {
        self =
            Rule.reported.first { $0.code == code }?.rule.id
            ?? (code == .streamInvalid ? StreamRule.item : Rule.ID("VMDOC001"))
    }
}

extension Rule {
    /// What the codec finds: VMDOC, the document; VMSTATE, the state to be written; VMWIRE, the bytes that were read.
    static let reported: [(code: VMStateError.Code, rule: Rule)] = [
        (
            .vmsdInvalid,
            codec(
                "VMDOC001",
                "the document is no VMSD",
                "an unknown member or a wrong type would be lost",
                "openapi.yaml"
            )
        ),
        (
            .countUnknown,
            codec(
                "VMDOC002",
                "a counter, size or constant is not known",
                "nothing says how much to read",
                "openapi.yaml"
            )
        ),
        (
            .predicateUnresolved,
            codec("VMDOC003", "a predicate is not known", "nothing says whether a field is there", "openapi.yaml")
        ),
        (
            .limitExceeded,
            codec("VMDOC004", "a limit is passed", "no input may use more than is allowed", "openapi.yaml")
        ),
        (.requestInvalid, codec("VMDOC005", "the request is none", "an unknown member would be lost", "openapi.yaml")),
        (
            .inputUnreadable,
            codec("VMDOC006", "the input cannot be read", "nothing can be said of what is not read", "openapi.yaml")
        ),
        (.patchFailed, codec("VMDOC007", "an operation of a JSON Patch fails", "half an edit is none", "RFC 6902 §5")),
        (
            .outputUnwritable,
            codec("VMDOC008", "the output cannot be written", "nothing is left half written in silence", "openapi.yaml")
        ),
        (.valueOutOfRange, codec("VMSTATE001", "a value does not fit", "nothing is cut or wrapped")),
        (.valueTypeMismatch, codec("VMSTATE002", "a value is of the wrong type", "nothing is guessed")),
        (.stateMissingField, codec("VMSTATE003", "a member is missing", "nothing is made up")),
        (.stateUnknownMember, codec("VMSTATE004", "a member is not used", "nothing is lost")),
        (.countMismatch, codec("VMSTATE005", "a count differs from the number of elements", "the loader rejects it")),
        (.streamTruncated, codec("VMWIRE001", "the stream ends inside an element", "the loader rejects it")),
        (.trailingBytes, codec("VMWIRE002", "bytes are left over", "the loader takes them for the next section")),
        (.markerInvalid, codec("VMWIRE003", "a pointer marker is wrong", "the loader rejects it")),
        (.versionTooNew, codec("VMWIRE004", "the version is too new", "the loader rejects it")),
        (.versionTooOld, codec("VMWIRE005", "the version is too old", "the loader rejects it")),
        (.subsectionUnknown, codec("VMWIRE006", "a subsection is unknown", "the loader rejects it")),
        (.equalMismatch, codec("VMWIRE007", "a value differs from the destination's", "the loader rejects it")),
        (.mustExist, codec("VMWIRE008", "a field that must exist does not", "the loader rejects it")),
    ]

    private static func codec(
        _ id: String,
        _ title: String,
        _ why: String,
        _ source: String = "migration/vmstate.c"
    ) -> Rule {
        Rule(id: ID(id), severity: .error, title: title, why: why, source: source)
    }
}
