// SPDX-License-Identifier: Apache-2.0

/// Payloads that say nothing about their own length.
extension StreamReader {
    /// Reads the payload of a FULL section.
    ///
    /// Its end is known from the vmdesc, from a description that was given, or by the footer behind it, in this order; what
    /// is known is checked against the footer.
    mutating func fullSection(_ section: inout MigrationStream.Section) throws(VMStateError) {
        // A device is that of one section.
        section.device = stream.devices?.find(section, ordinal: nextDevice).flatMap { used.contains($0) ? nil : $0 }
        if let device = section.device {
            nextDevice = device + 1
            used.insert(device)
        }
        guard let size = try measure(&section) else {
            throw VMStateError(
                .streamInvalid,
                at: input.position,
                expected: "a vmdesc, a description of the section, or a footer behind it",
                found: "none in the \(input.available) bytes that follow",
                rule: StreamRule.noDescription
            )
        }
        try checkFormat(of: section, size)
        try keep(size, of: &section)
    }

    /// Takes the payload, or leaves it out where nobody wants it.
    private mutating func keep(_ size: Int, of section: inout MigrationStream.Section) throws(VMStateError) {
        guard options.keeps(section.idstr) else { return try input.drop(size, "section \"\(section.idstr)\"") }
        guard size <= limits.heldBytes - held else {
            try input.drop(size, "section \"\(section.idstr)\"")
            throw VMStateError(
                .limitExceeded,
                at: section.offset,
                expected: "sections of at most \(limits.heldBytes) bytes together",
                found: "\(held) and \(size) more",
                rule: Rule.ID(reporting: .limitExceeded)
            )
        }
        section.bytes = try input.bytes(size, "section \"\(section.idstr)\"")
        held += size
    }

    private mutating func measure(_ section: inout MigrationStream.Section) throws(VMStateError) -> Int? {
        if let device = section.device, let devices = stream.devices {
            let predicted = devices.all[device].length
            if try endsProperly(section.sectionID, after: predicted) { return predicted }
            if let size = try findFooter(of: section.sectionID, from: 0) {
                checkLength(input.copy(0..<size), device, section, at: input.position)
                return size
            }
            // The framing goes on as the vmdesc says, or not at all.
            return predicted
        }
        if let codec = options.descriptions.codec(for: section) { return try measure(section, codec) }
        if let device = options.descriptions.dumped(section) { return try measure(&section, device) }
        do throws(VMStateError) {
            if let length = try privateLength(section.idstr), try endsProperly(section.sectionID, after: length) {
                return length
            }
        } catch {
            guard !error.isOfSystem else { throw error }
        }
        section.isMeasured = false
        return try findFooter(of: section.sectionID, from: 0)
    }

    /// Notes that a payload has not the length that the vmdesc gives, unless arrays of pointers leave that open.
    mutating func checkLength(
        _ bytes: [UInt8],
        _ device: Int,
        _ section: MigrationStream.Section,
        at offset: Int
    ) {
        guard let devices = stream.devices else { return }
        let decoder = SectionDecoder(descriptions: [:], recordsOffsets: false, limits: limits)
        guard !decoder.fits(bytes, devices.all[device].node) else { return }
        // Elements that are not described can make it longer.
        if bytes.count > devices.all[device].length, devices.all[device].hidingField != nil { return }
        finding(
            StreamRule.length,
            .error,
            "the payload has \(bytes.count) bytes, the vmdesc describes \(devices.all[device].length)",
            at: offset,
            section: section.idstr
        )
    }

    /// The length that a description gives the payload.
    private mutating func measure(
        _ section: MigrationStream.Section,
        _ codec: VMStateCodec
    ) throws(VMStateError) -> Int? {
        var from = 0
        var refusal: VMStateError?
        // The bytes of a footer may occur in a payload: then the description decides which is one.
        for _ in 0..<16 {
            guard hasFooters != false, let size = try findFooter(of: section.sectionID, from: from) else { break }
            do throws(VMStateError) {
                var options = VMStateCodec.DecodeOptions()
                options.versionID = codec.version(of: section)
                let decoded = try codec.decode(input.copy(0..<size), options)
                if decoded.consumed == size { return size }
                refusal =
                    refusal
                    ?? VMStateError(
                        .trailingBytes,
                        at: decoded.consumed,
                        expected: "the end of the section",
                        found: "1 more byte"
                    )
            } catch {
                refusal = refusal ?? error
            }
            searched += size - from
            from = size + 1
        }
        if hasFooters != true {
            _ = try input.has(min(limits.streamWindow, 1 << 20))
            var options = VMStateCodec.DecodeOptions()
            options.versionID = codec.version(of: section)
            options.isPartial = true
            do throws(VMStateError) {
                let consumed = try codec.decode(input.copy(0..<input.available), options).consumed
                // A description that ends inside the section fits no better than one that a footer contradicts.
                let isNext = try isPlausibleItem(at: consumed)
                if isNext || refusal == nil { return consumed }
            } catch {
                refusal = refusal ?? error
            }
        }
        if var refusal {
            refusal.offset = refusal.offset.map { $0 + input.position } ?? input.position
            throw refusal
        }
        return nil
    }

    /// The length that a dump gives the payload: up to a footer before which it can be read in one way, or by itself.
    private mutating func measure(
        _ section: inout MigrationStream.Section,
        _ device: DumpDescriptions.Device
    ) throws(VMStateError) -> Int? {
        var from = 0
        var first: Int?
        for _ in 0..<4 {
            guard hasFooters != false, let size = try findFooter(of: section.sectionID, from: from) else { break }
            if (try? device.codec(for: input.copy(0..<size), limits: limits)) != nil { return size }
            first = first ?? size
            searched += size - from
            from = size + 1
        }
        if first == nil, hasFooters != true {
            _ = try input.has(min(limits.streamWindow, 1 << 20))
            if let length = device.length(in: input.copy(0..<input.available), limits: limits),
                try isPlausibleItem(at: length)
            {
                return length
            }
        }
        section.isMeasured = false
        return first
    }

    // MARK: Ends

    /// Whether a payload of this length is followed by what must follow.
    private mutating func endsProperly(_ id: UInt32, after size: Int) throws(VMStateError) -> Bool {
        guard size <= limits.streamWindow else { return false }
        // Both at once, so that the window grows once.
        if hasFooters != false, try input.has(size + 5), input[size] == 0x7e, input.word32(ahead: size + 1) == id {
            return true
        }
        guard try input.has(size) else { return false }
        if hasFooters == true { return false }
        return try isPlausibleItem(at: size)
    }

    /// The length of the payload in front of the first footer of this section that something follows.
    ///
    /// The payload has at least `start` bytes.
    mutating func findFooter(of id: UInt32, from start: Int) throws(VMStateError) -> Int? {
        guard searched <= 16 * limits.streamWindow else {
            throw VMStateError(
                .limitExceeded,
                at: input.position,
                expected: "footers near the sections they end, as \(searched) bytes were looked through in vain"
            )
        }
        let pattern: [UInt8] = [0x7e] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: id >> $0) }
        var from = start
        var wanted = 64 << 10
        while true {
            let isWhole = try !input.has(max(wanted, from + 5))
            while let place = input.find(pattern, from: from) {
                if try isPlausibleItem(at: place + 5) { return place }
                from = place + 1
            }
            from = max(from, input.available - 4)
            wanted = min(max(input.available + 1, wanted * 2), limits.streamWindow)
            guard !isWhole, wanted > input.available else {
                searched += input.available - start
                return nil
            }
        }
    }

    /// Whether what lies ahead can be an item, or the end.
    mutating func isPlausibleItem(at ahead: Int) throws(VMStateError) -> Bool {
        guard try input.has(ahead + 1) else { return true }
        if let end = packages.last, input.position + ahead == end { return true }
        switch input[ahead] {
        case 0x00:
            // EOF: nothing, a vmdesc, padding, or a checkpoint.
            guard try input.has(ahead + 2) else { return true }
            return [0x00, 0x01, 0x02, 0x03, 0x04, 0x06, 0x08].contains(input[ahead + 1])
        // What is cut by the end of the stream may be one.
        case 0x01, 0x04:
            guard try input.has(ahead + 6) else { return true }
            let end = ahead + 6 + Int(input[ahead + 5])
            _ = try input.has(end + 8)
            return end > ahead + 6
                && input.slice(ahead + 6..<min(end, input.available)).allSatisfy { $0 >= 0x20 && $0 < 0x7f }
        case 0x02, 0x03:
            guard try input.has(ahead + 5) else { return true }
            return started[input.word32(ahead: ahead + 1)]?.isIterative ?? false
        case 0x08:
            guard try input.has(ahead + 5) else { return true }
            let number = Int(input[ahead + 1]) << 8 | Int(input[ahead + 2])
            let length = Int(input[ahead + 3]) << 8 | Int(input[ahead + 4])
            let known = MigrationStream.Command.known
            guard number > 0, number < known.count else { return false }
            return known[number].length.map { $0 == length } ?? true
        default: return false
        }
    }
}

extension MigrationStream.Section {
    /// The idstr without the device's path: the name of the VMSD.
    var vmsdName: String {
        // A PCI path has the form "0000:00:03.0/name"; names may have slashes themselves.
        guard let slash = idstr.firstIndex(of: "/"), idstr[..<slash].contains(":") else { return idstr }
        return String(idstr[idstr.index(after: slash)...])
    }
}
