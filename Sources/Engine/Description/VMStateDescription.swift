// SPDX-License-Identifier: Apache-2.0

/// QEMU's `VMStateDescription` (include/migration/vmstate.h): a table of fields and optional parts.
public struct VMStateDescription: Sendable, Hashable {
    /// A description of the same document, by its position in `VMStateDocument.descriptions`.
    public typealias ID = Int

    /// `name`: the section's or subsection's name.
    public let name: String
    /// `version_id`: the version written, and the newest one accepted.
    public let versionID: Int
    /// `minimum_version_id`: the oldest version accepted.
    public let minimumVersionID: Int
    /// Whether the document gives `minimum_version_id`.
    let hasMinimumVersionID: Bool
    /// `priority`; nil where the document says nothing.
    public let priority: MigrationPriority?
    /// `unmigratable`: blocks migration; nothing is ever written.
    public let isUnmigratable: Bool
    /// `early_setup`: written in the setup phase.
    public let isEarlySetup: Bool
    /// `needed`: whether the section or subsection is written.
    public let needed: Predicate?
    /// `fields` without the terminator; nil where there is no list.
    public let fields: [VMStateField]?
    /// `subsections`.
    public let subsections: [ID]
    /// Whether the document gives a list of subsections, even an empty one.
    let hasSubsectionList: Bool
    /// Where it stands in its document.
    public let path: JSONPointer
    /// Whether, as a subsection, it is sent exactly if the state has it: a vmdesc has no predicates.
    var isOptional = false
}

/// How one field lies on the wire: QEMU's `VMStateField`.
public struct VMStateField: Sendable, Hashable {
    /// `name`.
    public let name: String
    /// The member of the state that holds the value, where it is not the name.
    public let offset: String?
    /// `info`; nil for structs and assertions.
    public let info: VMStateInfo?
    /// `flags`.
    public let flags: VMStateFlags
    /// `version_id`: the field is part of this version and later ones.
    public let versionID: Int
    /// `field_exists`: when given it alone decides.
    public let fieldExists: Predicate?
    /// `num`: elements under `VMS_ARRAY`, factor under `VMS_MULTIPLY_ELEMENTS`.
    public let num: SymbolicNumber
    /// `num_offset`: the member that holds the count under `VMS_VARRAY_*`.
    public let numOffset: MemberPath?
    /// `size`: bytes of one element, or a factor; nil where the document says nothing.
    public let size: SymbolicNumber?
    /// `size_offset`: the member that holds the size under `VMS_VBUFFER`.
    public let sizeOffset: MemberPath?
    /// `start`: 0 for a tree with direct keys, otherwise the key's size.
    public let start: SymbolicNumber
    /// `vmsd`: the child.
    public let vmsd: VMStateDescription.ID?
    /// `key_vmsd`: the key of a tree.
    public let keyVMSD: VMStateDescription.ID?
    /// `struct_version_id`: the version under `VMS_VSTRUCT`.
    public let structVersionID: Int
    /// `err_hint`: added to an `… equal` mismatch.
    public let errHint: String?
    /// Where it stands in its document.
    public let path: JSONPointer
    /// Whether the field is a part of an array that a vmdesc describes in several.
    var run = Run.none

    /// The place of a field among those that describe one array.
    enum Run: Sendable, Hashable {
        /// The field is no part of an array.
        case none
        /// The first part, and those behind it.
        case first, next
    }
}

/// A number, or the name or expression of a constant that the caller gives.
public enum SymbolicNumber: Sendable, Hashable {
    case number(Int)
    case symbol(Predicate)
}
