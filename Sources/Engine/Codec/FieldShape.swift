// SPDX-License-Identifier: Apache-2.0

/// How many elements a field has and how many bytes each has: the one place where this is computed, for the decoder, the
/// encoder and the rules.
///
/// Source: QEMU migration/vmstate.c, vmstate_n_elems() and vmstate_size().
struct FieldShape: Sendable, Hashable {
    enum Count: Sendable, Hashable {
        case one
        /// `VMS_ARRAY`.
        case fixed(Int)
        /// `VMS_VARRAY_*`: the member, the greatest value of its C type, and what it is multiplied by.
        case counter(MemberID, maximum: Int64, factor: Int)
    }

    enum Size: Sendable, Hashable {
        /// The info or the child decides.
        case inherent
        case fixed(Int)
        /// `VMS_VBUFFER`: the member and what it is multiplied by.
        case member(MemberID, factor: Int)
    }

    /// A member path that the program has interned.
    typealias MemberID = Int

    let count: Count
    let size: Size
    /// `VMS_ARRAY_OF_POINTER`.
    let isPointerArray: Bool
    /// A marker stands before every element, not only for NULL.
    let isDynamic: Bool
    /// Whether a NULL element can be written at all.
    let allowsNull: Bool

    /// The size of a host pointer, on every host that QEMU still supports for migration.
    static let pointerSize = 8

    /// Computes the shape of a field.
    ///
    /// - Parameters:
    ///   - field: the field.
    ///   - dialect: whose rules apply.
    ///   - isVMDesc: whether the field is one of a vmdesc, whose sizes are those of the stream; a VMSD's are those in memory.
    ///   - number: the value of a symbolic number.
    ///   - intern: the id of a member path.
    /// - Throws: `vmsd-invalid` where the flags need something that is not given, `count-unknown` for an unknown constant.
    init(
        _ field: borrowing VMStateField,
        dialect: Dialect,
        isVMDesc: Bool = false,
        number: (SymbolicNumber) throws(VMStateError) -> Int,
        intern: (MemberPath) -> MemberID
    ) throws(VMStateError) {
        let flags = field.flags
        isPointerArray = flags.contains(.arrayOfPointer)
        isDynamic = isPointerArray && Self.isDynamic(flags, dialect)
        let num = try number(field.num)
        let factor = flags.contains(.multiplyElements) && dialect.multipliesElements ? num : 1
        if flags.contains(.array) {
            let (product, overflow) = num.multipliedReportingOverflow(by: factor)
            guard num >= 0, !overflow, product <= Int(Int32.max) else {
                throw VMStateError(
                    .vmsdInvalid,
                    expected: "0 … \(Int32.max) elements",
                    found: String(num),
                    rule: Rule.ID("VMSD029")
                )
            }
            count = .fixed(product)
        } else if let counter = VMStateFlags.counters.first(where: { flags.contains($0.flag) }) {
            guard let member = field.numOffset else {
                throw VMStateError(
                    .vmsdInvalid,
                    expected: "num_offset with \(counter.flag.text)",
                    found: "none",
                    rule: Rule.ID("VMSD029")
                )
            }
            count = .counter(intern(member), maximum: counter.maximum, factor: factor)
        } else {
            count = factor == 1 ? .one : .fixed(max(factor, 0))
        }

        let size = try field.size.map(number)
        allowsNull = isPointerArray && (dialect.sizesPointers || size != 0)
        let usesSize =
            field.info.map { $0.encoding.usesSize && (isVMDesc || !$0.hasOwnSize) } == true
            && flags.isDisjoint(with: .anyStruct)
        if flags.contains(.vbuffer), usesSize {
            guard let member = field.sizeOffset else {
                throw VMStateError(
                    .vmsdInvalid,
                    expected: "size_offset with VMS_VBUFFER",
                    found: "none",
                    rule: Rule.ID("VMSD029")
                )
            }
            self.size = .member(intern(member), factor: flags.contains(.multiply) ? size ?? 0 : 1)
        } else if usesSize, isPointerArray, dialect.sizesPointers, !isDynamic {
            self.size = .fixed(Self.pointerSize)
        } else if usesSize, let size {
            guard size >= 0 else {
                throw VMStateError(.vmsdInvalid, expected: "a size that is not negative", found: String(size))
            }
            self.size = .fixed(size)
        } else {
            self.size = .inherent
        }
    }

    /// Whether a marker stands before every element of an array of pointers.
    static func isDynamic(_ flags: VMStateFlags, _ dialect: Dialect) -> Bool {
        guard flags.contains(.arrayOfPointer) else { return false }
        return switch dialect.dynamicArrays {
        case .never: false
        case .autoAlloc: flags.contains(.autoAlloc)
        case .alloc: !flags.isDisjoint(with: [.alloc, .autoAlloc])
        }
    }

    /// Whether the field is a single value and not an array.
    var isSingle: Bool {
        count == .one
    }

    /// The number of elements; `member` reads a counter.
    func elementCount(_ member: (MemberID) throws(VMStateError) -> JSONInteger) throws(VMStateError) -> Int {
        switch count {
        case .one: return 1
        case .fixed(let count): return count
        case .counter(let id, let maximum, let factor):
            // QEMU keeps the result in an int, and takes a negative one for no elements.
            let bound = min(maximum, Int64(Int32.max))
            return try Self.product(try member(id), 0...bound, times: factor, "count", of: "elements")
        }
    }

    /// The size argument of the info: bytes, or bits for a bitmap; nil where the info decides.
    func elementSize(_ member: (MemberID) throws(VMStateError) -> JSONInteger) throws(VMStateError) -> Int? {
        switch size {
        case .inherent: return nil
        case .fixed(let size): return size
        case .member(let id, let factor):
            return try Self.product(try member(id), 0...Int64(Int32.max), times: factor, "size", of: "bytes")
        }
    }

    private static func product(
        _ value: JSONInteger,
        _ range: ClosedRange<Int64>,
        times factor: Int,
        _ name: String,
        of unit: String
    ) throws(VMStateError) -> Int {
        guard let number = value.asInt64, range.contains(number) else {
            throw VMStateError(
                .valueOutOfRange,
                expected: "a \(name) of \(range.lowerBound) … \(range.upperBound)",
                found: value.description
            )
        }
        let (product, overflow) = Int(number).multipliedReportingOverflow(by: factor)
        guard !overflow, (0...Int(Int32.max)).contains(product) else {
            throw VMStateError(
                .valueOutOfRange,
                expected: "at most \(Int32.max) \(unit)",
                found: "\(value) × \(factor)"
            )
        }
        return product
    }
}
