// SPDX-License-Identifier: Apache-2.0

/// A document made ready for the codec: names resolved, shapes computed, references interned.
///
/// Steps are trivial values in one array, so that walking them counts no references.
struct Program: Sendable {
    /// What is done for one field.
    struct Step: Sendable {
        enum Kind: Sendable {
            case bool
            case int8, int16, int32, int64
            case uint8, uint16, uint32, uint64
            case double
            /// `VMS_STRUCT`, `VMS_VSTRUCT`.
            case structure
            /// Anything else; the info says what.
            case other
        }

        let kind: Kind
        /// What the info says; nil for structs and assertions.
        let encoding: VMStateInfo.Encoding?
        /// Whether the field is one value, present in every version, that nothing refers to: the short way through the codec.
        let isPlain: Bool
        let versionID: Int
        let mustExist: Bool
        /// `VMS_POINTER`: the member may be NULL when there are no elements.
        let isPointer: Bool
        /// Whether loading makes the memory anew: `VMS_POINTER` and `VMS_ALLOC`; in arrays of pointers the elements are.
        let isAllocated: Bool
        let check: VMStateInfo.Check
        let shape: FieldShape
        /// The predicate, by its position in `predicates`; -1: none.
        let predicate: Int
        /// The child; -1: none.
        let child: Int
        let keyChild: Int
        /// The versions that the child is saved and loaded with.
        let saveVersion: Int
        let loadVersion: Int
        /// The member's name in `names`, escaped as in JSON.
        let key: Name
        /// Where the index of the loaded value is kept; -1: nothing refers to it.
        let slot: Int
        /// The field in its description.
        let field: Int
        /// Whether the elements of an array are described by one entry of the vmdesc.
        let isCompressible: Bool
        /// Whether a value is neither shown nor asked for: assertions.
        let isAssertion: Bool
        /// Whether the step is a part of an array that several describe.
        let run: VMStateField.Run
        /// The layout of an opaque info's elements; -1: none is known.
        let layout: Int
        /// What a vmdesc says a struct takes, or an element whose bytes say that themselves; -1: nothing.
        let describedSize: Int
    }

    /// A name, as two ranges of `names`: escaped as between the quotes of a JSON string, and plain.
    struct Name: Sendable {
        let offset: Int
        let length: Int
        let tag: JSONTag
        let plain: Range<Int>
    }

    /// A member path with its names interned.
    struct Path: Sendable {
        enum Step: Sendable {
            case name(Name)
            case index(Int)

            var isName: Bool {
                if case .name = self { true } else { false }
            }
        }

        let text: String
        /// The whole text as one name, which goes before the steps.
        let literal: Name
        let steps: [Step]
    }

    /// A member that something refers to, and the rest of the path inside it.
    struct Watch: Sendable {
        let slot: Int
        let rest: [Path.Step]
        /// The member's own name, where the path has the one that several fields share.
        let shared: Name?
    }

    struct Subsection: Sendable {
        let id: VMStateDescription.ID
        let key: Name
        let needed: Int
    }

    /// What is done for one description.
    struct Plan: Sendable {
        var name = 0..<0
        var versionID = 0
        var minimumVersionID = 0
        var steps = 0..<0
        /// The fields' names as the vmdesc has them, with `[k]` where one comes more than once.
        var fieldNames: [String] = []
        var subsections: [Subsection] = []
        /// By the member that something refers to, in the order of the fields.
        var watches: [FieldShape.MemberID: [Watch]] = [:]
        var slotCount = 0
        /// Whether a frame is needed because something refers to members.
        var needsFrame = false
        /// The state's members, where they are not simply the fields in their order.
        var arrangement: Arrangement?
        /// Whether arrays are described in several parts.
        var hasRuns = false
        /// What its fields, subsections and predicates refer to.
        var references: [FieldShape.MemberID] = []
    }

    let descriptions: [VMStateDescription]
    let root: VMStateDescription.ID
    var dialect: Dialect
    /// What the caller gives by name.
    let given: [String: Predicate]
    let plans: [Plan]
    let steps: [Step]
    let predicates: [Predicate]
    let layouts: [InfoLayout]
    /// Whether the document is a vmdesc: it says what one stream had, not what any has.
    let isVMDesc: Bool
    /// The values of constants that stand for members, by the members' ids.
    let constants: [FieldShape.MemberID: Int]
    /// The interned member paths.
    let paths: [Path]
    /// Their positions by their text.
    let pathIDs: [String: FieldShape.MemberID]
    /// The text that names refer to.
    let names: [UInt8]

    func field(_ step: Step, of plan: Int) -> VMStateField? {
        descriptions[plan].fields?[step.field]
    }

    /// The word that the vmdesc has for a field's type.
    func type(_ step: Step, of plan: Int) -> String {
        guard let field = field(step, of: plan) else { return "unknown" }
        if field.flags.contains(.struct) { return "struct" }
        if field.flags.contains(.vstruct) { return "vstruct" }
        return field.info?.name ?? "unknown"
    }

    /// Every member that belongs to an object: of fields, subsections, counters and predicates.
    func members(of plan: Int) -> MemberTree {
        var tree = MemberTree()
        let fields = descriptions[plan].fields ?? []
        let members = StateMembers(fields)
        for index in fields.indices { tree.insert(members.path(index)) }
        for subsection in plans[plan].subsections { tree.insert([descriptions[subsection.id].name]) }
        for reference in plans[plan].references {
            tree.insert([paths[reference].text])
            // Step by step, up to an index: what lies inside an element that is only read is the caller's.
            var steps: [String] = []
            for case .name(let name) in paths[reference].steps.prefix(while: \.isName) {
                steps.append(String(decoding: names[name.plain], as: UTF8.self))
            }
            tree.insert(steps)
        }
        return tree
    }

    /// Where a field stands in the document.
    func path(_ step: Step, of plan: Int) -> JSONPointer {
        field(step, of: plan)?.path ?? descriptions[plan].path
    }
}

/// Members by their paths; a leaf stands for everything below it.
struct MemberTree: Sendable {
    private(set) var children: [String: MemberTree] = [:]
    private(set) var isLeaf = false

    /// Adds a path; false where it runs into a leaf, or ends above other members.
    @discardableResult
    mutating func insert(_ tokens: some Collection<String>) -> Bool {
        guard let first = tokens.first else {
            isLeaf = true
            return children.isEmpty
        }
        return children[first, default: MemberTree()].insert(tokens.dropFirst()) && !isLeaf
    }
}

/// The objects inside a state object that dotted offsets make.
struct Arrangement: Sendable {
    /// For each step of the plan, the names from the outermost member inwards.
    let tokens: [[Program.Name]]
}
