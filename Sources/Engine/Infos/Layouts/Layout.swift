// SPDX-License-Identifier: Apache-2.0

/// What the bytes of an info's element mean: the same value says how they are read and how they are written.
///
/// A layout is one to one: bytes that it reads are the bytes that it writes of what it read. Bytes that it cannot read, and bytes
/// that it could not give back, make it fail as a whole.
indirect enum Layout: Sendable {
    case integer(Integer)
    /// A byte that is false or true; any other fails.
    case flag(no: UInt8 = 0, yes: UInt8 = 1, Fact? = nil)
    /// Bytes as they are, hex or base64 in JSON.
    case bytes(Amount)
    case array(Layout, Amount)
    /// An array of so many elements, of which those behind the last one that is not all zero are left out.
    case padded(Layout, count: Int)
    /// A big-endian count of `width` bytes and so many elements.
    case counted(width: Int, Layout, maximum: Int, Fact? = nil)
    /// A big-endian length of `width` bytes and so many bytes.
    case measured(width: Int)
    /// Elements up to `width` bytes of 0 where the next one would begin.
    case terminated(width: Int, Layout)
    case record([Member])
    /// The first that reads the bytes up to the end of the region.
    case oneOf([Layout])

    /// A number of bytes or elements.
    enum Amount: Sendable {
        case fixed(Int)
        /// Up to the end of the region.
        case rest
        /// As came before; nil: whatever the state has; below 0: none that there can be.
        case known(@Sendable (Facts) -> Int?)
    }

    struct Integer: Sendable {
        var width: Int
        var isSigned = false
        var isLittleEndian = false
        var range: ClosedRange<UInt64>?
        /// What the value is noted as.
        var fact: Fact?
    }

    /// A part of a record.
    enum Member: Sendable {
        case value(String, Layout)
        /// A value that is there when the facts say so.
        case when(String, Layout, @Sendable (Facts) -> Bool)
        /// The length of a later member: big-endian, not shown.
        case length(of: String, width: Int)
        /// Bytes that are always the same, not shown.
        case constant([UInt8])
        /// Notes something of the record's bytes so far; false: they do not belong here.
        case note(@Sendable ([UInt8], inout Facts) -> Bool)
        /// Subsections, each a member of the record, in this order.
        case sections([Section])
        /// A value up to where these subsections begin that end the region; left out when it is empty.
        case before([Section], String, Layout)
    }

    /// A subsection: 0x05, counted name, version, content.
    struct Section: Sendable {
        let name: String
        /// What stands before the content.
        let header: [UInt8]
        let layout: Layout

        init(name: String, layout: Layout) {
            self.name = name
            // Version 1, all of them.
            header = [VMStateDecoder.subsectionMark, UInt8(name.utf8.count)] + Array(name.utf8) + [0, 0, 0, 1]
            self.layout = layout
        }
    }

    /// What earlier parts of an element say about later ones.
    enum Fact: Sendable {
        /// Of the bytes or elements that come next.
        case length
        /// Of a PCI device: MSI-X vectors, the header's layout, whether there is an extended config space.
        case entries, headerType, isExpress
        /// Of a virtio device: features, queues, ports, whether an element of a queue follows.
        case features, queues, ports, hasElement
        /// Of a SCSI request.
        case isRetry, isWrite, isTransfer, sectors
        /// Of an image.
        case width, height
    }

    /// The facts of the element being read or written.
    struct Facts: Sendable {
        /// Few, so that looking through them is faster than hashing.
        private var known: [(fact: Fact, value: UInt64)] = []

        subscript(fact: Fact) -> UInt64? {
            get { known.first { $0.fact == fact }?.value }
            set {
                known.removeAll { $0.fact == fact }
                if let newValue { known.append((fact, newValue)) }
            }
        }

        /// A fact as a count.
        func count(_ fact: Fact) -> Int? { self[fact].flatMap { Int(exactly: $0) } }
    }
}

// MARK: Short names for the tables

extension Layout {
    static let u8 = Layout.integer(Integer(width: 1))
    static let u16 = Layout.integer(Integer(width: 2))
    static let u32 = Layout.integer(Integer(width: 4))
    static let u64 = Layout.integer(Integer(width: 8))
    static let s32 = Layout.integer(Integer(width: 4, isSigned: true))

    /// Little-endian, as in PCI's registers.
    static let le16 = Layout.integer(Integer(width: 2, isLittleEndian: true))
    static let le24 = Layout.integer(Integer(width: 3, isLittleEndian: true))
    static let le32 = Layout.integer(Integer(width: 4, isLittleEndian: true))
    static let le64 = Layout.integer(Integer(width: 8, isLittleEndian: true))

    /// The integer, noted for what follows.
    func noted(_ fact: Fact) -> Layout {
        guard case .integer(var integer) = self else { return self }
        integer.fact = fact
        return .integer(integer)
    }

    /// The integer, where only these values make sense.
    func within(_ range: ClosedRange<UInt64>) -> Layout {
        guard case .integer(var integer) = self else { return self }
        integer.range = range
        return .integer(integer)
    }
}

extension Layout.Member {
    /// Members of one layout, in this order.
    static func values(_ layout: Layout, _ names: String...) -> [Self] {
        names.map { .value($0, layout) }
    }
}

// MARK: Sizes

extension Layout {
    /// The bytes of a value; nil where they depend on it.
    var fixedSize: Int? {
        switch self {
        case .integer(let integer): integer.width
        case .flag: 1
        case .bytes(.fixed(let count)): count
        case .array(let element, .fixed(let count)), .padded(let element, let count):
            element.fixedSize.map { $0 * count }
        case .record(let members): Self.sum(members.map(\.fixedSize))
        case .bytes, .array, .counted, .measured, .terminated, .oneOf: nil
        }
    }

    fileprivate static func sum(_ sizes: [Int?]) -> Int? {
        sizes.reduce(0) { sum, size in sum.flatMap { sum in size.map { sum + $0 } } }
    }

    /// Whether an element has as many bytes as its lists have.
    var isVariable: Bool {
        switch self {
        case .integer, .flag, .bytes, .array, .padded: false
        case .counted, .measured, .terminated: true
        case .oneOf(let layouts): layouts.contains(where: \.isVariable)
        case .record(let members): members.contains(where: \.isVariable)
        }
    }
}

extension Layout.Member {
    fileprivate var fixedSize: Int? {
        switch self {
        case .value(_, let layout): layout.fixedSize
        case .length(_, let width): width
        case .constant(let bytes): bytes.count
        case .note: 0
        case .when, .sections, .before: nil
        }
    }

    fileprivate var isVariable: Bool {
        switch self {
        case .value(_, let layout), .when(_, let layout, _): layout.isVariable
        case .length, .sections, .before: true
        case .constant, .note: false
        }
    }
}
