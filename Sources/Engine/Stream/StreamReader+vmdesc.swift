// SPDX-License-Identifier: Apache-2.0

/// The vmdesc behind the EOF.
extension StreamReader {
    /// Reads it, or leaves it out where it was read before the stream.
    mutating func description() throws(VMStateError) {
        let start = input.position
        input.advance(1)
        let length = Int(try input.uint32("the length of the vmdesc"))
        if let devices = stream.devices, devices.text.count == length {
            try input.drop(length, "the vmdesc")
            stream.vmdesc = start..<input.position
            return
        }
        let text = try input.bytes(length, "the vmdesc")
        stream.vmdesc = start..<input.position
        do throws(JSONError) {
            stream.devices = try DeviceDescriptions(text, limits: limits)
        } catch {
            throw VMStateError(
                .streamInvalid,
                at: start + 5 + error.offset,
                expected: "a vmdesc in JSON",
                found: error.reason.rawValue + (error.found.map { ", \($0)" } ?? ""),
                rule: StreamRule.vmdesc
            )
        }
    }

    /// What can be said only when everything was read.
    mutating func conclude() throws(VMStateError) {
        try countTrailing()
        pairDevices()
        checkDuplicates()
        checkUnfinished()
        checkPages()
        if stream.ends.count > 1 {
            finding(
                StreamRule.secondEnd,
                .note,
                "\(stream.ends.count) EOF bytes: the checkpoints of COLO",
                at: stream.ends[1]
            )
        }
        if stream.ends.isEmpty == false, stream.vmdesc == nil {
            finding(
                StreamRule.noDescription,
                .note,
                "no vmdesc follows: device sections can be read only by descriptions that are given",
                at: stream.understood
            )
        }
    }

    private mutating func countTrailing() throws(VMStateError) {
        let start = stream.understood
        guard !stream.ends.isEmpty, input.position == start else { return }
        var isPadding = true
        while try input.has(1) {
            isPadding = isPadding && input.slice(0..<input.available).allSatisfy { $0 == 0 }
            stream.trailing += input.available
            input.advance(input.available)
        }
        guard stream.trailing > 0 else { return }
        finding(
            StreamRule.trailing,
            isPadding ? .note : .warning,
            "\(stream.trailing) \(isPadding ? "zero bytes" : "bytes") behind the stream",
            at: start
        )
    }

    private mutating func pairDevices() {
        guard let devices = stream.devices else { return }
        let full = stream.sections.indices.filter { stream.sections[$0].kind == .full }
        for (ordinal, index) in full.enumerated() {
            let section = stream.sections[index]
            let device = section.device ?? devices.find(section, ordinal: ordinal)
            stream.sections[index].device = device
            guard let device else {
                finding(
                    StreamRule.devices,
                    .error,
                    "the vmdesc does not have this section",
                    at: section.offset,
                    section: section.idstr
                )
                continue
            }
            if device != ordinal {
                finding(
                    StreamRule.devices,
                    .warning,
                    "it is device \(device) of the vmdesc, and FULL section \(ordinal) of the stream",
                    at: section.offset,
                    section: section.idstr
                )
            }
            let length = devices.all[device].length
            if section.device == nil || !section.isMeasured, section.payload.count != length {
                finding(
                    StreamRule.length,
                    .error,
                    "the payload has \(section.payload.count) bytes, the vmdesc describes \(length)",
                    at: section.payload.lowerBound,
                    section: section.idstr
                )
            }
        }
        let used = Set(stream.sections.compactMap(\.device))
        for (index, device) in devices.all.enumerated() where !used.contains(index) {
            finding(
                StreamRule.devices,
                .error,
                "the vmdesc describes \"\(device.name)\" (instance \(device.instanceID)), which no section holds",
                at: stream.vmdesc?.lowerBound ?? stream.understood,
                section: device.name
            )
        }
    }

    private mutating func checkDuplicates() {
        struct Key: Hashable {
            let idstr: String
            let instance: UInt32
            let kind: MigrationStream.Section.Kind
        }
        // Checkpoints send each device again.
        guard stream.ends.count <= 1 else { return }
        var seen: [Key: Int] = [:]
        for section in stream.sections where section.kind == .full || section.kind == .start {
            let key = Key(idstr: section.idstr, instance: section.instanceID, kind: section.kind)
            if let first = seen[key] {
                finding(
                    StreamRule.duplicate,
                    .warning,
                    "\"\(section.idstr)\", instance \(section.instanceID), was at offset \(first) already",
                    at: section.offset,
                    section: section.idstr
                )
            }
            seen[key] = section.offset
        }
    }

    private mutating func checkUnfinished() {
        for (id, section) in started.sorted(by: { $0.key < $1.key }) where section.isIterative && !section.hasEnded {
            finding(
                StreamRule.unfinished,
                .warning,
                "section \(id) was started and has no END; only background snapshots leave it out",
                at: stream.understood,
                section: section.idstr
            )
        }
    }

    private mutating func checkPages() {
        guard !ram.isMapped else { return }
        for index in ram.blocks.indices where index < ram.sent.count && !ram.sent[index].isEmpty {
            let sent = ram.sent[index].reduce(0) { $0 + $1.nonzeroBitCount }
            ram.blocks[index].pagesSent = sent
            let count = ram.blocks[index].size / ram.pageSize
            let isShared = ram.isIgnoringShared && sent == 0
            let isElsewhere = stream.blocks.contains { $0.counts.multifdFlushes > 0 } || ram.counts.multifdFlushes > 0
            guard sent < count, !isShared, !isElsewhere else { continue }
            finding(
                StreamRule.ramIncomplete,
                .warning,
                "\(count - sent) of \(count) pages of \"\(ram.blocks[index].idstr)\" never came",
                at: stream.sections.last { $0.idstr == "ram" }?.offset ?? stream.understood,
                section: "ram"
            )
        }
        stream.blocks = ram.blocks
    }
}
