// SPDX-License-Identifier: Apache-2.0

/// Encodes sections of a document by a vmdesc, or by descriptions that a caller gives.
struct SectionEncoder {
    private let devices: DeviceDescriptions?
    private let descriptions: SectionDescriptions
    private let limits: Limits
    /// How arrays stand in the vmdesc, where a given description may write one into it.
    private let style: VMDescStyle?

    /// An encoder.
    ///
    /// - Parameters:
    ///   - devices: the vmdesc of the document; nil: it has none.
    ///   - descriptions: those that the caller gives.
    ///   - limits: what bytes may have.
    init(_ devices: DeviceDescriptions?, _ descriptions: SectionDescriptions, limits: Limits) {
        self.devices = devices
        self.descriptions = descriptions
        self.limits = limits
        style = descriptions.isEmpty ? nil : devices.map { VMDescStyle($0) }
    }

    /// What says which description a section is encoded by.
    struct Header {
        let idstr: String
        let instanceID: UInt32
        let versionID: Int
        /// The name of its VMSD, where that is known.
        let vmsdName: String?
        /// How many bytes it had before, where that is known.
        let size: Int?

        /// Of a section in a document.
        init(_ section: SectionNode) {
            idstr = section.idstr
            instanceID = section.instanceID
            versionID = Int(section.versionID)
            vmsdName = section.node["vmsd_name"]?.string
            size = section.node["size"]?.int
        }

        /// Of a section that has another state now.
        init(_ section: SectionNode, as old: MigrationStream.Section) {
            idstr = old.idstr
            instanceID = old.instanceID
            versionID = Int(section.versionID)
            vmsdName = old.vmsdName
            size = old.payload.count
        }

        /// Of a section that was read, as a document shows it.
        init(_ section: MigrationStream.Section, vmsdName: String) {
            idstr = section.idstr
            instanceID = section.instanceID
            versionID = section.versionID
            self.vmsdName = vmsdName
            size = section.payload.count
        }
    }

    /// The payload of a section, and what describes it.
    struct Payload {
        let bytes: [UInt8]
        var description: [UInt8]?
        /// Whether a VMSD and not the vmdesc has described it.
        var isWhole = false
        /// What reads the bytes.
        var codec: VMStateCodec?
    }

    /// The payload that a state makes.
    ///
    /// - Parameters:
    ///   - state: the state.
    ///   - section: what it is the state of.
    ///   - device: the section's device in the vmdesc; nil: it is not described there.
    ///   - old: the section as it was read, and of which stream, where these are at hand.
    /// - Returns: the bytes, and what the vmdesc has to say of them.
    /// - Throws: what cannot be written, with its place below the state; `state-missing-field` without a place when nothing
    ///   describes the section.
    func encode(
        _ state: JSONNode,
        of section: Header,
        _ device: Int?,
        was old: (section: MigrationStream.Section, stream: MigrationStream)? = nil
    ) throws(VMStateError) -> Payload {
        let version = section.versionID
        guard let devices, let device else {
            guard let given = given(section, old?.section) else {
                throw VMStateError(
                    .stateMissingField,
                    expected: "a vmdesc that describes \"\(section.idstr)\", or \"vmsds\"",
                    found: "none"
                )
            }
            return Payload(bytes: try given.encode(state, versionID: given.version(version)).bytes, codec: given)
        }
        let node = devices.all[device].node
        let codec: VMStateCodec
        let encoded: VMStateCodec.Encoded
        do throws(VMStateError) {
            codec = try VMStateCodec(VMStateDocument(device: node), limits: limits)
            encoded = try codec.encode(state, describes: true)
        } catch {
            if let other = otherwise(state, node, section, old) { return other }
            guard let given = given(section, old?.section) else { throw error }
            let own = try (style.map { given.describing($0) } ?? given)
                .encode(state, versionID: given.version(version), describes: true)
            return Payload(bytes: own.bytes, description: own.vmdesc, isWhole: true, codec: given)
        }
        try check(encoded.bytes, section, old?.section)
        return Payload(encoded, codec)
    }

    /// A vmdesc says what a stream contains and not which field counts which; a VMSD that is given does.
    private func check(
        _ bytes: [UInt8],
        _ section: Header,
        _ old: MigrationStream.Section?
    ) throws(VMStateError) {
        guard let old, let before = old.bytes, let given = given(section, old) else { return }
        var options = VMStateCodec.DecodeOptions()
        options.versionID = given.version(old.versionID)
        guard (try? given.decode(before, options)) != nil else { return }
        options.versionID = given.version(section.versionID)
        _ = try given.decode(bytes, options)
    }

    /// The description that was given for a section.
    private func given(_ section: Header, _ old: MigrationStream.Section?) -> VMStateCodec? {
        if let codec = descriptions.codec(of: section.idstr, section.instanceID, vmsdName: section.vmsdName) {
            return codec
        }
        guard let old, let bytes = old.bytes else { return nil }
        return try? descriptions.dumped(old)?.codec(for: bytes, limits: limits)
    }

    /// By what else the vmdesc can mean: what the section was read by, or the first reading of its size that has a place for the
    /// state.
    private func otherwise(
        _ state: JSONNode,
        _ node: JSONNode,
        _ section: Header,
        _ old: (section: MigrationStream.Section, stream: MigrationStream)?
    ) -> Payload? {
        if let old {
            let decoder = SectionDecoder(descriptions: descriptions, recordsOffsets: false, limits: limits)
            let codec = (try? decoder.describe(old.section, of: old.stream))?.codec
            guard let codec, let encoded = try? codec.encode(state, describes: true) else { return nil }
            return Payload(encoded, codec)
        }
        guard let size = section.size else { return nil }
        for text in VMDescAlternatives(node, length: size).texts {
            guard let other = try? JSONDocument(parsing: text, duplicates: .unchecked).root,
                let codec = try? VMStateCodec(VMStateDocument(device: other), limits: limits),
                let encoded = try? codec.encode(state, describes: true)
            else { continue }
            return Payload(encoded, codec)
        }
        return nil
    }
}

extension SectionEncoder.Payload {
    fileprivate init(_ encoded: VMStateCodec.Encoded, _ codec: VMStateCodec) {
        self.init(bytes: encoded.bytes, description: encoded.vmdesc, codec: codec)
    }
}
