// SPDX-License-Identifier: Apache-2.0

/// A description made ready to encode states and decode streams.
///
/// Making one costs as much as reading the document, so callers keep it for many calls; it can be used from any thread.
public struct VMStateCodec: Sendable {
    private var program: Program
    private let limits: Limits

    /// Makes a description ready.
    ///
    /// - Parameters:
    ///   - document: the description, a VMSD or a device of a vmdesc.
    ///   - dialect: whose rules apply where releases differ.
    ///   - given: predicates and constants by name.
    ///   - limits: what a call may use.
    /// - Throws: `vmsd-invalid` and `count-unknown` with the place in the document.
    public init(
        _ document: VMStateDocument,
        dialect: Dialect = .next,
        given: [String: Predicate] = [:],
        limits: Limits = .default
    ) throws(VMStateError) {
        let document = try document.checked()
        guard document.kind != .dump else {
            throw VMStateError(
                .vmsdInvalid,
                expected: "a document with infos and flags",
                found: "a -dump-vmstate, which has none",
                path: JSONPointer()
            )
        }
        guard let root = document.root else {
            throw VMStateError(
                .vmsdInvalid,
                expected: "one description",
                found: "\(document.roots.count)",
                path: JSONPointer()
            )
        }
        var builder = ProgramBuilder(document, dialect: dialect, given: given, limits: limits)
        program = try builder.build(root: root)
        self.limits = limits
    }

    /// The same codec, which writes arrays into a vmdesc as one of a stream does.
    func describing(_ style: VMDescStyle) -> VMStateCodec {
        guard let arrays = style.arrays else { return self }
        var codec = self
        codec.program.dialect.vmdescArrays = arrays
        return codec
    }

    /// The description that is read and written.
    public var description: VMStateDescription { program.descriptions[program.root] }

    /// The version to decode a section by; nil where the description has none, as a device of a vmdesc without a VMSD.
    func version(of section: MigrationStream.Section) -> Int? { version(section.versionID) }

    /// The same, by the version that a section has.
    func version(_ versionID: Int) -> Int? { program.isVMDesc && description.versionID == 0 ? nil : versionID }

    // MARK: Decoding

    /// A decoded state.
    public struct Decoded: Sendable {
        /// The state document.
        public let state: JSONDocument
        /// The version that was loaded.
        public let versionID: Int
        /// How many bytes the description took, a trailing EOF not counted.
        public let consumed: Int
        /// Whether exactly one byte is left and it is QEMU_VM_EOF.
        public let endsWithEOF: Bool
        /// The first byte of a `bool` that is neither 0 nor 1: true for QEMU, which writes 1 when it saves again.
        let oddBoolean: Int?
        /// The first struct that is not as long as the vmdesc says: its fields alone decide what is loaded.
        let oddSize: VMStateDecoder.OddSize?
        /// Where everything lies, when it was asked for.
        public let layout: StateLayout?

        /// Where each leaf lies, when it was asked for.
        public var offsets: [(path: JSONPointer, range: Range<Int>)] { layout?.values ?? [] }
    }

    /// What a decode may be told beside the bytes.
    public struct DecodeOptions: Sendable {
        /// The version of the stream; nil: the description's.
        public var versionID: Int?
        /// The destination before the load.
        public var initial: JSONNode?
        /// Whether bytes may be left over.
        public var isPartial = false
        /// Whether the place of each leaf is noted.
        public var recordsOffsets = false
        /// Whether elements of opaque infos are objects, arrays and integers instead of bytes where their layout is known.
        public var takesApart = false
        /// Whether an element whose bytes say how long it is must be as long as the vmdesc says.
        var checksSizes = false
        /// Whether unused bytes are in the state also where all of them are zero.
        var showsUnusedZeros = false

        /// Nothing is known of the destination, and every byte must be used.
        public init() {}
    }

    /// Reads the bytes that QEMU wrote for the description.
    ///
    /// - Throws: what stopped the load, with its places in the stream, the description and the state.
    public func decode(_ stream: [UInt8], _ options: DecodeOptions = DecodeOptions()) throws(VMStateError) -> Decoded {
        let version = options.versionID ?? description.versionID
        guard stream.count <= JSONTape.maximumOffset else {
            throw VMStateError(.limitExceeded, expected: "at most \(JSONTape.maximumOffset) bytes")
        }
        if let initial = options.initial, initial.kind != .object {
            throw VMStateError(.valueTypeMismatch, expected: "an object as initial", found: initial.kind.rawValue)
        }
        return try stream.withByteView { (input) throws(VMStateError) in
            try program.names.withByteView { (names) throws(VMStateError) in
                guard let initial = options.initial else {
                    return try decode(stream, input, names, version, nil, -1, options)
                }
                return try initial.document.text.withByteView { (text) throws(VMStateError) in
                    let lookup = MemberLookup(tape: initial.document.tape, text: text, names: names)
                    return try decode(stream, input, names, version, lookup, initial.index, options)
                }
            }
        }
    }

    private func decode(
        _ stream: [UInt8],
        _ input: ByteView,
        _ names: ByteView,
        _ version: Int,
        _ initial: MemberLookup?,
        _ object: Int,
        _ options: DecodeOptions
    ) throws(VMStateError) -> Decoded {
        var unresolved = UnresolvedPredicates(program, initial: initial, limits: limits)
        try unresolved.check(object)
        var decoder = VMStateDecoder(
            program,
            input: input,
            from: 0,
            names: names,
            initial: initial,
            recordsOffsets: options.recordsOffsets,
            takesApart: options.takesApart,
            checksSizes: options.checksSizes,
            limits: limits
        )
        decoder.showsUnusedZeros = options.showsUnusedZeros
        do {
            try decoder.load(program.root, version: version, initial: object, enclosing: -1)
        } catch {
            throw outermost(error)
        }
        let left = input.count - decoder.position
        let endsWithEOF = left == 1 && input[decoder.position] == 0
        guard left == 0 || endsWithEOF || options.isPartial else {
            throw VMStateError(
                .trailingBytes,
                at: decoder.position,
                expected: "the end of the stream",
                found: left == 1 ? "1 more byte" : "\(left) more bytes",
                path: description.path
            )
        }
        return Decoded(
            state: JSONDocument(text: decoder.text, bytes: stream, tape: decoder.tape),
            versionID: version,
            consumed: decoder.position,
            endsWithEOF: endsWithEOF,
            oddBoolean: decoder.oddBoolean >= 0 ? decoder.oddBoolean : nil,
            oddSize: decoder.oddSize,
            layout: decoder.offsets.map { StateLayout($0, names: program.names) }
        )
    }

    /// An error that no field has given a place is one of the outermost object.
    private func outermost(_ error: VMStateError) -> VMStateError {
        var error = error.within(description.path)
        if error.statePath == nil { error.statePath = JSONPointer() }
        return error
    }

    // MARK: Encoding

    /// The bytes of a state.
    public struct Encoded: Sendable {
        /// What QEMU's `vmstate_save_state` would write.
        public let bytes: [UInt8]
        /// The description beside them, as QEMU prints it; nil unless asked for.
        public let vmdesc: [UInt8]?
    }

    /// Writes a state.
    ///
    /// - Parameters:
    ///   - state: the state document.
    ///   - versionID: the version to save as; nil: the description's.
    ///   - describes: whether the vmdesc is made too.
    /// - Returns: the bytes, and the vmdesc when it was asked for.
    /// - Throws: what is wrong with the state, with its places in the state and the description.
    public func encode(
        _ state: JSONNode,
        versionID: Int? = nil,
        describes: Bool = false
    ) throws(VMStateError) -> Encoded {
        let version = versionID ?? description.versionID
        guard version >= 0, version <= description.versionID else {
            throw VMStateError(
                version < 0 ? .versionTooOld : .versionTooNew,
                expected: "version 0 … \(description.versionID)",
                found: String(version),
                path: description.path
            )
        }
        return try state.document.text.withByteView { (text) throws(VMStateError) in
            try state.document.bytes.withByteView { (bytes) throws(VMStateError) in
                try program.names.withByteView { (names) throws(VMStateError) in
                    var encoder = VMStateEncoder(
                        program,
                        state: MemberLookup(tape: state.document.tape, text: text, names: names),
                        bytes: bytes,
                        describes: describes,
                        limits: limits
                    )
                    do throws(VMStateError) {
                        try encoder.save(program.root, version: version, object: state.index, enclosing: -1)
                    } catch {
                        throw outermost(error)
                    }
                    guard !encoder.output.isOverLimit else { throw encoder.overLimit() }
                    return encoder.finish()
                }
            }
        }
    }
}

extension VMStateEncoder {
    /// The result.
    consuming func finish() -> VMStateCodec.Encoded {
        let vmdesc = vmdesc.map { [UInt8(ascii: "{")] + $0.text + [UInt8(ascii: "}")] }
        return VMStateCodec.Encoded(bytes: output.array(), vmdesc: vmdesc)
    }
}
