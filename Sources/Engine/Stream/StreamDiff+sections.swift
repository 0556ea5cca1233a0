// SPDX-License-Identifier: Apache-2.0

extension StreamDiff {
    /// FULL sections and STARTs, each with its partner.
    mutating func sections() {
        let (own, others) = (heads(of: a), heads(of: b))
        var byKey: [SectionKey: [Int]] = [:]
        for (key, index) in others { byKey[key, default: []].append(index) }
        var seen: [SectionKey: Int] = [:]
        for (key, index) in own {
            let occurrence = seen[key, default: 0]
            seen[key] = occurrence + 1
            begin(key, occurrence)
            let partners = byKey[key] ?? []
            if occurrence < partners.count {
                compare(a.sections[index], b.sections[partners[occurrence]])
            } else {
                list.add(.section, .present, .absent, at: (a.sections[index].offset, nil))
                result.sectionsOnlyInA += 1
            }
        }
        var counts: [SectionKey: Int] = [:]
        for (key, index) in others {
            let occurrence = counts[key, default: 0]
            counts[key] = occurrence + 1
            guard occurrence >= seen[key, default: 0] else { continue }
            begin(key, occurrence)
            list.add(.section, .absent, .present, at: (nil, b.sections[index].offset))
            result.sectionsOnlyInB += 1
        }
    }

    private func heads(of stream: MigrationStream) -> [(SectionKey, Int)] {
        stream.sections.enumerated().compactMap { index, section in
            guard section.kind == .full || section.kind == .start, wants(section.idstr) else { return nil }
            return (SectionKey(section), index)
        }
    }

    private mutating func begin(_ key: SectionKey, _ occurrence: Int) {
        list.section = key.idstr
        list.instanceID = key.instanceID
        list.occurrence = occurrence
    }

    private mutating func compare(_ own: MigrationStream.Section, _ other: MigrationStream.Section) {
        result.sectionsCompared += 1
        let before = list.total
        defer { if list.total == before { result.sectionsEqual += 1 } }
        if own.versionID != other.versionID {
            list.add(.version, .integer(own.versionID), .integer(other.versionID), at: (own.offset, other.offset))
        }
        guard own.kind == .full else { return contents(own, other) }
        guard let first = own.bytes, let second = other.bytes else {
            return unread(own.payload, other.payload, "\"\(own.idstr)\", instance \(own.instanceID)")
        }
        let isDescribedAlike = isDescribedAlike(own, other)
        if first == second, isDescribedAlike { return }
        let found = list.total + list.excluded
        if isComparedByField(own, other), let left = decode(own, a, "A"), let right = decode(other, b, "B") {
            // Moved out and back, so that the list is not copied for each section.
            var moved = DifferenceList(options.ignored, limit: 0)
            swap(&moved, &list)
            list = StateDiff(
                .init(left, at: own.payload.lowerBound),
                .init(right, at: other.payload.lowerBound),
                into: consume moved
            ).run()
            // Bytes may differ that no value shows, such as two that both mean true.
            guard isDescribedAlike, list.total + list.excluded == found else { return }
        }
        guard let difference = BufferDifference(first[...], second[...]) else { return }
        list.add(
            .data,
            .bytes(first),
            .bytes(second),
            at: (own.payload.lowerBound, other.payload.lowerBound),
            first: difference.first,
            differing: difference.count
        )
    }

    /// Whether the sections have so few values that each can be compared with its type and place.
    private mutating func isComparedByField(
        _ own: MigrationStream.Section,
        _ other: MigrationStream.Section
    ) -> Bool {
        // A value has a byte at least, but for those of which there are only a few.
        guard max(own.payload.count, other.payload.count) > Self.maximumValues else { return true }
        let decoder = SectionDecoder(descriptions: options.descriptions, recordsOffsets: false, limits: limits)
        for (section, stream) in [(own, a), (other, b)] {
            guard let decoded = try? decoder.decode(section, of: stream) else { return true }
            guard decoded.state.tape.words.count <= 2 * Self.maximumValues else {
                note("\"\(own.idstr)\", instance \(own.instanceID), has too many values to name those that differ")
                return false
            }
        }
        return true
    }

    /// Each costs some hundred bytes.
    private static let maximumValues = 1 << 17

    /// Whether equal bytes mean the same on both sides.
    private func isDescribedAlike(_ own: MigrationStream.Section, _ other: MigrationStream.Section) -> Bool {
        switch (own.device, other.device) {
        case (let left?, let right?):
            guard let first = a.devices?.all[left], let second = b.devices?.all[right] else { return false }
            return first.node["vmsd_name"]?.string == second.node["vmsd_name"]?.string
                && first.node.json() == second.node.json()
        case (nil, nil): return own.versionID == other.versionID
        default: return false
        }
    }

    private mutating func decode(
        _ section: MigrationStream.Section,
        _ stream: MigrationStream,
        _ side: String
    ) -> VMStateCodec.Decoded? {
        let decoder = SectionDecoder(descriptions: options.descriptions, recordsOffsets: true, limits: limits)
        do throws(VMStateError) {
            return try decoder.decode(section, of: stream)
        } catch {
            note("\"\(section.idstr)\", instance \(section.instanceID), of \(side) is not decoded: \(error.message)")
            return nil
        }
    }
}
