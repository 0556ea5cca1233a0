// SPDX-License-Identifier: Apache-2.0

/// Decodes the device sections of a stream.
struct SectionDecoder {
    let descriptions: [String: VMStateCodec]
    let recordsOffsets: Bool
    let limits: Limits

    /// The state of a section.
    ///
    /// - Returns: nil when nothing describes the section or its payload was not kept.
    /// - Throws: what stopped the decoder; offsets count from the start of the stream.
    func decode(
        _ section: MigrationStream.Section,
        of stream: MigrationStream
    ) throws(VMStateError) -> VMStateCodec.Decoded? {
        guard let bytes = section.bytes else { return nil }
        do throws(VMStateError) {
            var options = VMStateCodec.DecodeOptions()
            options.recordsOffsets = recordsOffsets
            if let device = section.device, let devices = stream.devices {
                return try decode(bytes, section, devices.all[device], options)
            }
            guard let codec = descriptions[section.idstr] ?? descriptions[section.vmsdName] else { return nil }
            options.versionID = section.versionID
            return try codec.decode(bytes, options)
        } catch {
            var error = error
            error.section = section.idstr
            error.offset = section.payload.lowerBound + (error.offset ?? 0)
            error.rule = StreamRule.payload
            throw error
        }
    }

    private func decode(
        _ bytes: [UInt8],
        _ section: MigrationStream.Section,
        _ device: DeviceDescriptions.Device,
        _ options: VMStateCodec.DecodeOptions
    ) throws(VMStateError) -> VMStateCodec.Decoded {
        let codec = try VMStateCodec(VMStateDocument(device: device.node), limits: limits)
        return try codec.decode(bytes, options)
    }
}
