// SPDX-License-Identifier: Apache-2.0

/// How one element is written and read: QEMU's `VMStateInfo`.
public struct VMStateInfo: Sendable, Hashable {
    /// What a load does with the value beyond storing it.
    enum Check: Sendable, Hashable {
        case none
        /// It must be the destination's own value.
        case equal
        /// It must lie between 0 and the destination's own value.
        case lessOrEqual
    }

    /// How long an element is whose inside is not taken apart.
    enum Extent: Sendable, Hashable {
        /// As long as the field's `size` says.
        case sized
        /// This many bytes unless the field's `size` says otherwise.
        case fixed(Int)
        /// A big-endian count of `width` bytes, then so many items of `stride` bytes; the count is part of the element.
        case counted(width: Int, stride: Int)
        /// Chunks of a 32-bit length and so many bytes, up to a length of 0.
        case chunked
    }

    /// The bytes of one element.
    enum Encoding: Sendable, Hashable {
        case bool
        case integer(width: Int, isSigned: Bool, Check)
        case double
        case buffer, unusedBuffer, bitmap
        case tmp, qtailq, qlist, gtree
        /// The one byte 0x30; 0x30 or 0x31.
        case nullPointer, pointerMarker
        /// A length of one byte and a name; a length of four bytes and bytes. The length is not part of the value.
        case name, byteArray
        case opaque(Extent)

        /// Whether elements are described by a child VMSD.
        var hasChild: Bool {
            switch self {
            case .tmp, .qtailq, .qlist, .gtree: true
            default: false
            }
        }

        /// Whether the field's `size` decides how many bytes an element has.
        var usesSize: Bool {
            switch self {
            case .buffer, .unusedBuffer, .bitmap, .opaque: true
            default: false
            }
        }

        /// The bytes of an element where they do not depend on the field.
        var fixedWidth: Int? {
            switch self {
            case .bool, .nullPointer, .pointerMarker: 1
            case .integer(let width, _, _): width
            case .double: 8
            default: nil
            }
        }
    }

    /// The name as it stands in the vmdesc's `type`.
    public let name: String
    let encoding: Encoding
    /// Whether the info is one that this project's table lists.
    let isKnown: Bool

    /// Whether an element has the same length on every target, whatever the size of the type in memory is.
    ///
    /// A file descriptor has another one in CPR states.
    var hasOwnSize: Bool {
        if case .opaque(.fixed) = encoding { name != "fd" } else { false }
    }

    init(_ name: String, _ encoding: Encoding, isKnown: Bool = true) {
        self.name = name
        self.encoding = encoding
        self.isKnown = isKnown
    }

    /// The info of this name: that of the vmdesc, or the C identifier.
    ///
    /// One that is not listed is opaque bytes.
    public init(named name: String) {
        self = Self.byName[name] ?? VMStateInfo(name, .opaque(.sized), isKnown: false)
    }

    /// The words of 64 bits that hold a bitmap; any number of bits is counted without overflow.
    static func bitmapWords(bits: Int) -> Int {
        bits / 64 + (bits % 64 > 0 ? 1 : 0)
    }

    private static let byName: [String: VMStateInfo] = {
        var table: [String: VMStateInfo] = [:]
        for row in coreInfos + deviceInfos {
            let info = VMStateInfo(row.name, row.encoding)
            table[row.name] = info
            for identifier in row.identifiers { table[identifier] = info }
        }
        return table
    }()
}
