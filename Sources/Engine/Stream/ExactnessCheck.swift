// SPDX-License-Identifier: Apache-2.0

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
