// SPDX-License-Identifier: Apache-2.0

/// QEMU's `VMStateFlags` (include/migration/vmstate.h).
///
/// Raw values are those of QEMU up to bit 15. Above it the releases disagree, so a number is read and written by the dialect's
/// values and the bits here are our own.
public struct VMStateFlags: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt32

    /// The flags with these bits.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// `VMS_SINGLE`: no effect.
    public static let single = Self(rawValue: 0x001)
    /// `VMS_POINTER`: the member is a pointer to the data.
    public static let pointer = Self(rawValue: 0x002)
    /// `VMS_ARRAY`: `num` elements.
    public static let array = Self(rawValue: 0x004)
    /// `VMS_STRUCT`: elements are structs described by `vmsd`.
    public static let `struct` = Self(rawValue: 0x008)
    /// `VMS_VARRAY_INT32`: the count is the `int32_t` at `num_offset`.
    public static let varrayInt32 = Self(rawValue: 0x010)
    /// `VMS_BUFFER`: no effect.
    public static let buffer = Self(rawValue: 0x020)
    /// `VMS_ARRAY_OF_POINTER`: each slot is a pointer to the element; NULL is written as a marker.
    public static let arrayOfPointer = Self(rawValue: 0x040)
    /// `VMS_VARRAY_UINT16`: the count is the `uint16_t` at `num_offset`.
    public static let varrayUInt16 = Self(rawValue: 0x080)
    /// `VMS_VBUFFER`: the element size is the member at `size_offset`.
    public static let vbuffer = Self(rawValue: 0x100)
    /// `VMS_MULTIPLY`: that member × `size`.
    public static let multiply = Self(rawValue: 0x200)
    /// `VMS_VARRAY_UINT8`: the count is the `uint8_t` at `num_offset`.
    public static let varrayUInt8 = Self(rawValue: 0x400)
    /// `VMS_VARRAY_UINT32`: the count is the `uint32_t` at `num_offset`.
    public static let varrayUInt32 = Self(rawValue: 0x800)
    /// `VMS_MUST_EXIST`: the field must exist, or saving and loading fail.
    public static let mustExist = Self(rawValue: 0x1000)
    /// `VMS_ALLOC`: memory is allocated on load; with `VMS_ARRAY_OF_POINTER` also a marker before every element.
    public static let alloc = Self(rawValue: 0x2000)
    /// `VMS_MULTIPLY_ELEMENTS`: the count × `num`.
    public static let multiplyElements = Self(rawValue: 0x4000)
    /// `VMS_VSTRUCT`: as `VMS_STRUCT`, with version `struct_version_id`.
    public static let vstruct = Self(rawValue: 0x8000)
    /// `VMS_ARRAY_OF_POINTER_AUTO_ALLOC`: a marker before every element; in `next` an alias of `VMS_ALLOC`.
    public static let autoAlloc = Self(rawValue: 0x10000)
    /// `VMS_END`: the terminator of a field list.
    public static let end = Self(rawValue: 0x20000)
    /// `VMS_VARRAY`: the count is an integer of any width at `num_offset` (development header after 11.1).
    public static let varray = Self(rawValue: 0x40000)

    /// The C name of each flag.
    static let names: [(name: String, flag: VMStateFlags)] = [
        ("VMS_SINGLE", .single), ("VMS_POINTER", .pointer), ("VMS_ARRAY", .array), ("VMS_STRUCT", .struct),
        ("VMS_VARRAY_INT32", .varrayInt32), ("VMS_BUFFER", .buffer), ("VMS_ARRAY_OF_POINTER", .arrayOfPointer),
        ("VMS_VARRAY_UINT16", .varrayUInt16), ("VMS_VBUFFER", .vbuffer), ("VMS_MULTIPLY", .multiply),
        ("VMS_VARRAY_UINT8", .varrayUInt8), ("VMS_VARRAY_UINT32", .varrayUInt32), ("VMS_MUST_EXIST", .mustExist),
        ("VMS_ALLOC", .alloc), ("VMS_MULTIPLY_ELEMENTS", .multiplyElements), ("VMS_VSTRUCT", .vstruct),
        ("VMS_ARRAY_OF_POINTER_AUTO_ALLOC", .autoAlloc), ("VMS_END", .end), ("VMS_VARRAY", .varray),
    ]

    /// The counted arrays, in the order in which QEMU tests them.
    static let counters: [(flag: VMStateFlags, maximum: Int64)] = [
        (.varrayInt32, Int64(Int32.max)), (.varrayUInt32, Int64(UInt32.max)),
        (.varrayUInt16, Int64(UInt16.max)), (.varrayUInt8, Int64(UInt8.max)),
        (.varray, Int64.max),
    ]

    /// Any of the flags that make a field an array.
    static let anyArray: VMStateFlags = [.array, .anyVarray]
    /// Any of the flags that count elements by a member.
    static let anyVarray: VMStateFlags = [.varrayInt32, .varrayUInt16, .varrayUInt8, .varrayUInt32, .varray]
    /// Both kinds of struct.
    static let anyStruct: VMStateFlags = [.struct, .vstruct]

    /// The flag of this C name.
    init?(name: String) {
        guard let entry = Self.names.first(where: { $0.name == name }) else { return nil }
        self = entry.flag
    }

    /// The flags of a number as a release defines it; nil with a bit that it does not know.
    init?(number: Int64, dialect: Dialect) {
        guard let bits = UInt32(exactly: number) else { return nil }
        var flags = VMStateFlags(rawValue: bits & 0xffff)
        var rest = bits & ~0xffff
        if let bit = dialect.endFlag, rest & bit != 0 {
            flags.insert(.end)
            rest &= ~bit
        }
        if let bit = dialect.autoAllocFlag, rest & bit != 0 {
            flags.insert(.autoAlloc)
            rest &= ~bit
        }
        guard rest == 0 else { return nil }
        self = flags
    }

    /// The C names of the flags that are set, joined as in C.
    var text: String {
        let names = Self.names.filter { contains($0.flag) }.map(\.name)
        return names.isEmpty ? "0" : names.joined(separator: " | ")
    }

    /// How many of `flags` are set.
    func count(of flags: VMStateFlags) -> Int {
        intersection(flags).rawValue.nonzeroBitCount
    }
}
