// SPDX-License-Identifier: Apache-2.0

/// VMSD050, VMSD059, VMSD060: the members that say how many elements there are, and how big they are.
enum CounterChecks {
    /// A field with a counter or size member, and where that comes from.
    private struct Use {
        let field: VMStateField
        let path: MemberPath
        /// `num_offset` or `size_offset`.
        let member: String
        let source: MemberSources.Source
        let index: Int
        let id: VMStateDescription.ID

        var isCounter: Bool { member == "num_offset" }
        var place: JSONPointer { field.path.appending(member) }
    }

    /// The C type of a member is not in the document; what shows is the field that the member is loaded by.
    ///
    /// Two differences are QEMU's own: `VMSTATE_STRUCT_VARRAY_POINTER_UINT32` reads its counter as an `int32_t`, and so do
    /// the macros of sized buffers that are named for a `uint32_t`.
    static func types(_ facts: DocumentFacts, _ report: inout Report) {
        forEachUse(facts) { use in
            let source: VMStateField
            switch use.source {
            case .before(let field), .after(let field): source = field
            case .none, .unknown: return
            }
            guard case .integer(let width, let isSigned, _)? = source.element else { return }
            let (flag, expected, allowsOther) = expectedType(use)
            guard let expected else { return }
            if width == expected.width, isSigned == expected.isSigned || allowsOther { return }
            report.add(
                "field \(use.field.name.quoted) reads \(use.path.text.quoted) as \(name(expected)) (\(flag.text)), but it is "
                    + "loaded as \(source.info?.name ?? "")",
                at: use.place
            )
        }
    }

    private static func expectedType(
        _ use: Use
    ) -> (VMStateFlags, (width: Int, isSigned: Bool)?, allowsOtherSign: Bool) {
        guard use.isCounter else { return (.vbuffer, (4, true), true) }
        let flags: [(VMStateFlags, (width: Int, isSigned: Bool), Bool)] = [
            (.varrayInt32, (4, true), true), (.varrayUInt32, (4, false), false), (.varrayUInt16, (2, false), false),
            (.varrayUInt8, (1, false), false),
        ]
        return flags.first { use.field.flags.contains($0.0) } ?? (.varray, nil, true)
    }

    private static func name(_ type: (width: Int, isSigned: Bool)) -> String {
        "\(type.isSigned ? "" : "u")int\(type.width * 8)"
    }

    /// What is not in the stream when the field is reached is the destination's own value.
    static func order(_ facts: DocumentFacts, _ report: inout Report) {
        forEachUse(facts) { use in
            switch use.source {
            case .before, .unknown: return
            case .after(let source):
                report.add(
                    "\(use.path.text.quoted) is loaded by field \(source.name.quoted) after \(use.field.name.quoted), which "
                        + "needs it",
                    at: use.place
                )
            case .none:
                report.add(
                    "\(use.path.text.quoted) is not in the stream: the destination's own value decides how much of "
                        + "\(use.field.name.quoted) is read",
                    at: use.place
                )
            }
        }
    }

    /// An assertion between the counter and the array is taken for a check of the counter, whatever it says.
    static func bounds(_ facts: DocumentFacts, _ report: inout Report) {
        forEachUse(facts) { use in
            let field = use.field
            guard use.isCounter, field.flags.isDisjoint(with: .pointer), field.element != .unusedBuffer,
                case .before(let counter) = use.source,
                case .integer(_, _, .none)? = counter.element,
                !isAsserted(use, facts)
            else { return }
            report.add(
                "\(use.path.text.quoted) comes from the stream unchecked and counts the elements of \(field.name.quoted), "
                    + "which lies in place",
                at: use.place
            )
        }
    }

    /// Looks at the fields right before the array, and before what lends it the counter.
    private static func isAsserted(_ use: Use, _ facts: DocumentFacts) -> Bool {
        let places = [DocumentFacts.Encloser(id: use.id, limit: use.index)] + facts.enclosers[use.id].prefix(8)
        return places.contains { place in
            (facts.descriptions[place.id].fields ?? []).prefix(place.limit).suffix(64).contains {
                $0.flags.contains(.mustExist) && $0.fieldExists != nil
            }
        }
    }

    private static func forEachUse(_ facts: DocumentFacts, _ body: (Use) -> Void) {
        var sources = MemberSources(facts)
        for (id, description) in facts.descriptions.enumerated() {
            for (index, field) in (description.fields ?? []).enumerated() {
                guard !field.flags.isDisjoint(with: [.anyVarray, .vbuffer]) else { continue }
                let count = field.flags.isDisjoint(with: .anyVarray) ? nil : field.numOffset
                let size = field.flags.contains(.vbuffer) ? field.sizeOffset : nil
                for (path, member) in [(count, "num_offset"), (size, "size_offset")] {
                    // A member that the caller gives by name is a constant.
                    guard let path, facts.given[path.text] == nil else { continue }
                    let source = sources.source(of: path, for: index, in: id)
                    body(Use(field: field, path: path, member: member, source: source, index: index, id: id))
                }
            }
        }
    }
}
