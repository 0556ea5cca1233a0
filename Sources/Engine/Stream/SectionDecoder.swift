// SPDX-License-Identifier: Apache-2.0

/// Decodes the device sections of a stream.
struct SectionDecoder {
    let descriptions: SectionDescriptions
    let recordsOffsets: Bool
    var takesApart = true
    let limits: Limits

    /// A decoded section, and what it was decoded by.
    struct Result {
        let decoded: VMStateCodec.Decoded
        let codec: VMStateCodec
    }

    /// The state of a section.
    ///
    /// - Returns: nil when nothing describes the section or its payload was not kept.
    /// - Throws: what stopped the decoder; offsets count from the start of the stream.
    func decode(
        _ section: MigrationStream.Section,
        of stream: MigrationStream
    ) throws(VMStateError) -> VMStateCodec.Decoded? {
        try describe(section, of: stream)?.decoded
    }

    /// The state of a section; what is wrong with it becomes a finding.
    ///
    /// - Parameters:
    ///   - section: the section.
    ///   - stream: what it is part of.
    ///   - number: its place in the document, with which places in the state begin; nil: they begin at the section.
    ///   - severity: of a section that nothing describes, or a dump not well enough.
    ///   - findings: where the finding goes.
    /// - Returns: nil when there is no state.
    func decode(
        _ section: MigrationStream.Section,
        of stream: MigrationStream,
        number: Int?,
        undescribed severity: Rule.Severity,
        _ findings: inout [Finding]
    ) -> VMStateCodec.Decoded? {
        do throws(VMStateError) {
            if let decoded = try decode(section, of: stream) { return decoded }
            guard section.kind == .full, section.bytes != nil else { return nil }
            findings.append(
                Finding(
                    rule: StreamRule.undescribed,
                    severity: severity,
                    message: "nothing describes the section: neither a vmdesc nor \"vmsds\"",
                    offset: section.payload.lowerBound,
                    section: section.idstr
                )
            )
        } catch {
            var error = error
            if let number {
                error.statePath = JSONPointer(["sections", String(number), "state"] + (error.statePath?.tokens ?? []))
            }
            findings.append(Finding(error, error.rule == StreamRule.undescribed ? severity : .error))
        }
        return nil
    }

    /// The state of a section with the codec that gives its bytes back.
    ///
    /// - Returns: nil when nothing describes the section or its payload was not kept.
    /// - Throws: what stopped the decoder; offsets count from the start of the stream.
    func describe(_ section: MigrationStream.Section, of stream: MigrationStream) throws(VMStateError) -> Result? {
        guard let bytes = section.bytes else { return nil }
        do throws(VMStateError) {
            if let device = section.device, let devices = stream.devices {
                return try decode(bytes, by: devices.all[device], section)
            }
            guard let codec = try codec(for: section, bytes) else { return nil }
            return Result(decoded: try decode(bytes, codec, version: codec.version(of: section)), codec: codec)
        } catch {
            var error = error
            error.section = section.idstr
            error.offset = section.payload.lowerBound + (error.offset ?? 0)
            if error.rule != StreamRule.undescribed { error.rule = StreamRule.payload }
            throw error
        }
    }

    /// Decodes by the vmdesc, or by what was given where it leaves elements out.
    private func decode(
        _ bytes: [UInt8],
        by device: DeviceDescriptions.Device,
        _ section: MigrationStream.Section
    ) throws(VMStateError) -> Result {
        do throws(VMStateError) {
            return try decode(bytes, by: device.node)
        } catch {
            guard bytes.count >= device.length, let field = device.hidingField,
                bytes.count > device.length || field.isNested
            else { throw error }
            if let codec = try codec(for: section, bytes) {
                return Result(decoded: try decode(bytes, codec, version: codec.version(of: section)), codec: codec)
            }
            throw VMStateError(
                .streamInvalid,
                expected: "all elements of \"\(field.name)\" in the vmdesc or a VMSD in \"vmsds\"",
                found:
                    "a vmdesc that leaves out elements behind one that is NULL, as QEMU before 10.0 and 11.1 write it",
                rule: StreamRule.undescribed
            )
        }
    }

    /// The description that was given for a section: a VMSD, or what a dump makes of these bytes.
    private func codec(
        for section: MigrationStream.Section,
        _ bytes: [UInt8]
    ) throws(VMStateError) -> VMStateCodec? {
        if let codec = descriptions.codec(for: section) { return codec }
        do throws(VMStateError) {
            return try descriptions.dumped(section)?.codec(for: bytes, limits: limits)
        } catch {
            // A dump that does not say enough says nothing against the stream.
            var error = error
            error.rule = StreamRule.undescribed
            throw error
        }
    }

    /// Whether a device of the vmdesc can mean these bytes.
    func fits(_ bytes: [UInt8], _ node: JSONNode) -> Bool {
        (try? decode(bytes, by: node)) != nil
    }

    /// Decodes by a device of the vmdesc, and where that does not fit by what else the vmdesc can mean.
    private func decode(_ bytes: [UInt8], by node: JSONNode) throws(VMStateError) -> Result {
        do throws(VMStateError) {
            return try decodeExactly(bytes, by: node)
        } catch {
            for text in VMDescAlternatives(node, length: bytes.count).texts {
                guard let document = try? JSONDocument(parsing: text, duplicates: .unchecked),
                    let result = try? decodeExactly(bytes, by: document.root)
                else { continue }
                return result
            }
            throw error
        }
    }

    private func decodeExactly(_ bytes: [UInt8], by node: JSONNode) throws(VMStateError) -> Result {
        let codec = try VMStateCodec(VMStateDocument(device: node), limits: limits)
        return Result(decoded: try decode(bytes, codec, version: nil), codec: codec)
    }

    private func decode(
        _ bytes: [UInt8],
        _ codec: VMStateCodec,
        version: Int?
    ) throws(VMStateError) -> VMStateCodec.Decoded {
        var options = VMStateCodec.DecodeOptions()
        options.recordsOffsets = recordsOffsets
        options.takesApart = takesApart
        options.checksSizes = version == nil
        options.versionID = version
        let decoded = try codec.decode(bytes, options)
        // What would be EOF behind a lone section is a byte too many inside a stream.
        guard decoded.consumed == bytes.count else {
            throw VMStateError(
                .trailingBytes,
                at: decoded.consumed,
                expected: "the end of the section",
                found: "\(bytes.count - decoded.consumed) more bytes",
                statePath: JSONPointer()
            )
        }
        return decoded
    }
}
