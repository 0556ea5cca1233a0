// SPDX-License-Identifier: Apache-2.0

/// VMSD010 – VMSD019: versions of descriptions and fields.
enum VersionChecks {
    static func range(_ subject: DescriptionSubject, _ report: inout Report) {
        let description = subject.description
        guard description.minimumVersionID > description.versionID else { return }
        report.add(
            "\(description.name.quoted) has minimum_version_id \(description.minimumVersionID) above version_id "
                + "\(description.versionID)",
            at: subject.place("minimum_version_id")
        )
    }

    static func negative(_ subject: DescriptionSubject, _ report: inout Report) {
        let description = subject.description
        func check(_ value: Int, _ member: String, at path: JSONPointer) {
            if value < 0 { report.add("\(member) is \(value)", at: path.appending(member)) }
        }
        check(description.versionID, "version_id", at: description.path)
        check(description.minimumVersionID, "minimum_version_id", at: description.path)
        for field in description.fields ?? [] {
            check(field.versionID, "version_id", at: field.path)
            check(field.structVersionID, "struct_version_id", at: field.path)
        }
    }

    /// A predicate alone decides where there is one.
    static func dead(_ subject: FieldSubject, _ report: inout Report) {
        guard subject.field.fieldExists == nil, subject.field.versionID > subject.description.versionID else { return }
        report.add(
            "field \(subject.field.name.quoted) begins with version \(subject.field.versionID), but "
                + "\(subject.description.name.quoted) ends at \(subject.description.versionID)",
            at: subject.place("version_id")
        )
    }

    /// The version of a tmp, queue or tree is also the version of its elements, so it is not superfluous there.
    static func alwaysTrue(_ subject: FieldSubject, _ report: inout Report) {
        let field = subject.field
        guard field.fieldExists == nil, field.versionID != 0, !mayBeCollection(subject),
            field.versionID <= subject.description.minimumVersionID
        else { return }
        report.add(
            "field \(field.name.quoted) begins with version \(field.versionID), and no version below "
                + "\(subject.description.minimumVersionID) is accepted",
            at: subject.place("version_id")
        )
    }

    static func beatenByPredicate(_ subject: FieldSubject, _ report: inout Report) {
        let field = subject.field
        guard let predicate = field.fieldExists, field.versionID != 0, !mayBeCollection(subject) else { return }
        // A dump tells only that there is one.
        let name = subject.facts.document.kind == .dump ? "" : " \(predicate.text.quoted)"
        report.add(
            "field \(field.name.quoted): the predicate\(name) decides alone, version \(field.versionID) is not looked at",
            at: subject.place("version_id")
        )
    }

    /// A dump does not tell a queue from a struct.
    private static func mayBeCollection(_ subject: FieldSubject) -> Bool {
        subject.field.isCollection || (subject.facts.document.kind == .dump && subject.field.vmsd != nil)
    }

    static func subsection(_ subject: DescriptionSubject, _ report: inout Report) {
        let description = subject.description
        guard subject.uses.contains(.subsection), description.versionID > 255 else { return }
        report.add(
            "subsection \(description.name.quoted) has version \(description.versionID); the loader sees "
                + "\(description.versionID % 256)",
            at: subject.place("version_id")
        )
    }

    static func structVersion(_ subject: FieldSubject, _ report: inout Report) {
        guard subject.field.isVStruct, let child = subject.child else { return }
        let version = subject.field.structVersionID
        guard version < child.minimumVersionID || version > child.versionID else { return }
        report.add(
            "field \(subject.field.name.quoted) uses version \(version) of \(child.name.quoted), which accepts "
                + "\(child.minimumVersionID) … \(child.versionID)",
            at: subject.place("struct_version_id")
        )
    }

    static func collectionVersion(_ subject: FieldSubject, _ report: inout Report) {
        let field = subject.field
        guard field.isCollection else { return }
        let key = field.element == .gtree ? field.keyVMSD.map { subject.facts.descriptions[$0] } : nil
        for case let child? in [subject.child, key]
        where field.versionID < child.minimumVersionID || field.versionID > child.versionID {
            report.add(
                "field \(field.name.quoted) loads \(child.name.quoted) as version \(field.versionID), which accepts "
                    + "\(child.minimumVersionID) … \(child.versionID)",
                at: subject.place("version_id")
            )
        }
    }

    /// The child is saved as its own version and loaded as the field's.
    static func unreadFields(_ facts: DocumentFacts, _ report: inout Report) {
        // For each child the field that is written although only the newest versions have it; found once per child.
        var newest: [VMStateDescription.ID: VMStateField?] = [:]
        for description in facts.descriptions {
            for field in description.fields ?? [] where field.isCollection {
                for case let id? in [field.vmsd, field.element == .gtree ? field.keyVMSD : nil] {
                    let inner = newest[id] ?? newestField(facts.descriptions[id])
                    newest[id] = .some(inner)
                    guard let inner, inner.versionID > field.versionID else { continue }
                    let child = facts.descriptions[id]
                    report.add(
                        "field \(inner.name.quoted) of \(child.name.quoted) is written in version \(child.versionID), "
                            + "but \(field.name.quoted) loads version \(field.versionID), and it begins with "
                            + "\(inner.versionID)",
                        at: field.path.appending("version_id")
                    )
                }
            }
        }
    }

    private static func newestField(_ child: VMStateDescription) -> VMStateField? {
        (child.fields ?? []).filter { $0.fieldExists == nil && $0.versionID <= child.versionID }
            .max { $0.versionID < $1.versionID }
    }

    static func noMinimum(_ subject: DescriptionSubject, _ report: inout Report) {
        let description = subject.description
        guard description.versionID > 0, !description.hasMinimumVersionID else { return }
        report.add(
            "\(description.name.quoted) has version \(description.versionID) and accepts all versions from 0",
            at: description.path
        )
    }
}
