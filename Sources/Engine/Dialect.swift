// SPDX-License-Identifier: Apache-2.0

/// The set of rules of a QEMU release where releases differ.
///
/// The differences are data; the codec is one.
///
/// Source: QEMU migration/vmstate.c and include/migration/vmstate.h of 7.2, 10.0 and 11.1, and the patch "vmstate: Drop
/// VMS_ARRAY_OF_POINTER_AUTO_ALLOC".
public struct Dialect: Sendable, Hashable {
    /// When an array of pointers is dynamic: a marker before every element.
    enum DynamicArrays: Sendable, Hashable {
        case never
        /// `VMS_ARRAY_OF_POINTER_AUTO_ALLOC` says so.
        case autoAlloc
        /// `VMS_ARRAY_OF_POINTER | VMS_ALLOC` says so; the old flag is read as its alias.
        case alloc
    }

    /// Which array entries the vmdesc writer makes.
    enum VMDescArrays: Sendable, Hashable {
        case v7, v10, v11
    }

    /// `"7.2"`, `"10.0"`, `"11.1"` or `"next"`.
    public let name: String
    let dynamicArrays: DynamicArrays
    var vmdescArrays: VMDescArrays
    /// Whether `VMS_MULTIPLY_ELEMENTS` multiplies the count.
    let multipliesElements: Bool
    /// Whether the elements of an array of pointers have the size of a pointer, instead of the field's.
    let sizesPointers: Bool
    /// The value of `VMS_END`; nil where a plain empty entry ends a list.
    let endFlag: UInt32?
    /// The value of `VMS_ARRAY_OF_POINTER_AUTO_ALLOC` where it exists.
    let autoAllocFlag: UInt32?

    /// QEMU 7.2; the field walk is the same up to 9.x.
    public static let v7_2 = Dialect(
        name: "7.2",
        dynamicArrays: .never,
        vmdescArrays: .v7,
        multipliesElements: true,
        sizesPointers: false,
        endFlag: nil,
        autoAllocFlag: nil
    )
    /// QEMU 10.0 to 10.2.
    public static let v10_0 = Dialect(
        name: "10.0",
        dynamicArrays: .never,
        vmdescArrays: .v10,
        multipliesElements: true,
        sizesPointers: false,
        endFlag: 0x10000,
        autoAllocFlag: nil
    )
    /// QEMU 11.1.
    public static let v11_1 = Dialect(
        name: "11.1",
        dynamicArrays: .autoAlloc,
        vmdescArrays: .v11,
        multipliesElements: false,
        sizesPointers: true,
        endFlag: 0x20000,
        autoAllocFlag: 0x10000
    )
    /// QEMU with the patch that drops `VMS_ARRAY_OF_POINTER_AUTO_ALLOC`; the default.
    public static let next = Dialect(
        name: "next",
        dynamicArrays: .alloc,
        vmdescArrays: .v11,
        multipliesElements: true,
        sizesPointers: true,
        endFlag: 0x10000,
        autoAllocFlag: nil
    )

    /// Every dialect, oldest first.
    public static let all = [v7_2, v10_0, v11_1, next]

    /// The dialect of this name.
    public init?(name: String) {
        guard let dialect = Self.all.first(where: { $0.name == name }) else { return nil }
        self = dialect
    }

    private init(
        name: String,
        dynamicArrays: DynamicArrays,
        vmdescArrays: VMDescArrays,
        multipliesElements: Bool,
        sizesPointers: Bool,
        endFlag: UInt32?,
        autoAllocFlag: UInt32?
    ) {
        self.name = name
        self.dynamicArrays = dynamicArrays
        self.vmdescArrays = vmdescArrays
        self.multipliesElements = multipliesElements
        self.sizesPointers = sizesPointers
        self.endFlag = endFlag
        self.autoAllocFlag = autoAllocFlag
    }
}
