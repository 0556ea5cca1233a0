// SPDX-License-Identifier: Apache-2.0

/// Encodes sections of a document by a vmdesc, or by descriptions that a caller gives.
struct SectionEncoder {
    private let devices: DeviceDescriptions?
    private let descriptions: SectionDescriptions
    private let limits: Limits

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
    }

    /// The payload that a state makes.
    ///
    /// - Parameters:
    ///   - state: the state.
    ///   - section: what it is the state of.
    ///   - device: the section's device in the vmdesc; nil: it is not described there.
    /// - Throws: what cannot be written, with its place below the state; `state-missing-field` without a place when nothing
    ///   describes the section.
    func encode(_ state: JSONNode, of section: Header, _ device: Int?) throws(VMStateError) -> Payload {
        let given = descriptions.codec(of: section.idstr, section.instanceID, vmsdName: section.vmsdName)
        guard let devices, let device else {
            guard let given else {
                throw VMStateError(
                    .stateMissingField,
                    expected: "a vmdesc in the document that describes \"\(section.idstr)\", or \"vmsds\"",
                    found: "none"
                )
            }
            return Payload(bytes: try given.encode(state, versionID: given.version(section.versionID)).bytes)
        }
        do throws(VMStateError) {
            return try encode(state, by: devices.all[device].node, size: section.size)
        } catch {
            guard let given else { throw error }
            let encoded = try given.describing(VMDescStyle(devices)).encode(
                state,
                versionID: given.version(section.versionID),
                describes: true
            )
            return Payload(bytes: encoded.bytes, description: encoded.vmdesc, isWhole: true)
        }
    }

    /// Encodes by a device of the vmdesc, and where that has no place for the state by what else it can mean.
    private func encode(_ state: JSONNode, by node: JSONNode, size: Int?) throws(VMStateError) -> Payload {
        do throws(VMStateError) {
            return Payload(
                try VMStateCodec(VMStateDocument(device: node), limits: limits).encode(state, describes: true)
            )
        } catch {
            guard let size else { throw error }
            for text in VMDescAlternatives(node, length: size).texts {
                guard let other = try? JSONDocument(parsing: text, duplicates: .unchecked).root,
                    let codec = try? VMStateCodec(VMStateDocument(device: other), limits: limits),
                    let encoded = try? codec.encode(state, describes: true)
                else { continue }
                return Payload(encoded)
            }
            throw error
        }
    }
}

extension SectionEncoder.Payload {
    fileprivate init(_ encoded: VMStateCodec.Encoded) {
        self.init(bytes: encoded.bytes, description: encoded.vmdesc)
    }
}

/// Says whether a document with states encodes to the stream that it was made of.
struct ExactnessCheck {
    private let encoder: SectionEncoder
    private let devices: DeviceDescriptions?
    private var editor: VMDescEditor?

    init(_ devices: DeviceDescriptions?, _ descriptions: SectionDescriptions, limits: Limits) {
        encoder = SectionEncoder(devices, descriptions, limits: limits)
        self.devices = devices
        editor = devices.map { VMDescEditor($0.document) }
    }

    /// Whether a section's state gives these bytes and leaves the vmdesc as it is.
    ///
    /// What QEMU would write is not always what a stream has: a `bool` may be 2, and a vmdesc may say what is not so.
    mutating func isExact(_ state: JSONNode, of section: SectionEncoder.Header, _ bytes: [UInt8], device: Int?) -> Bool
    {
        guard let payload = try? encoder.encode(state, of: section, device), payload.bytes == bytes else {
            return false
        }
        guard let device, let devices, let description = payload.description else { return true }
        let before = editor?.changeCount
        editor?.edit(devices.all[device].node, description, isWhole: payload.isWhole)
        return editor?.changeCount == before
    }
}
