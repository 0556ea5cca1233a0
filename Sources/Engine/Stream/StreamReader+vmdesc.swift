// SPDX-License-Identifier: Apache-2.0

/// The vmdesc behind the EOF.
extension StreamReader {
    /// Reads it, or leaves it out where it was read before the stream.
    mutating func description() throws(VMStateError) {
        let start = input.position
        hasDescription = true
        input.advance(1)
        let length = Int(try input.uint32("the length of the vmdesc"))
        if let devices = stream.devices, start == located, devices.text.count == length {
            try input.drop(length, "the vmdesc")
            stream.vmdesc = start..<input.position
            return
        }
        let text = try input.bytes(length, "the vmdesc")
        stream.vmdesc = start..<input.position
        let devices: DeviceDescriptions
        do throws(JSONError) {
            devices = try DeviceDescriptions(text, limits: limits)
        } catch {
            throw VMStateError(
                .streamInvalid,
                at: start + 5 + error.offset,
                expected: "a vmdesc in JSON",
                found: error.reason.rawValue + (error.found.map { ", \($0)" } ?? ""),
                rule: StreamRule.vmdesc
            )
        }
        guard devices.isWhole else {
            throw VMStateError(
                .streamInvalid,
                at: start + 5,
                expected: "a vmdesc with \"devices\"",
                found: "none",
                rule: StreamRule.vmdesc
            )
        }
        // What was found before is not the stream's own: its devices have other places.
        if stream.devices != nil { for index in stream.sections.indices { stream.sections[index].device = nil } }
        stream.devices = devices
        if stream.pageSize == nil { stream.pageSize = devices.pageSize }
    }

    private mutating func checkPageSize() {
        guard let devices = stream.devices, let vmdesc = stream.vmdesc else { return }
        guard let size = devices.pageSize else {
            guard let given = devices.document.root["page_size"] else { return }
            return finding(
                StreamRule.vmdesc,
                .error,
                "the vmdesc says that a page has \(String(decoding: given.json(), as: UTF8.self).prefix(32)) bytes",
                at: vmdesc.lowerBound
            )
        }
        let bits = stream.configuration?.pageBits
        if let bits, 1 << bits != size {
            finding(
                StreamRule.vmdesc,
                .error,
                "the vmdesc says that a page has \(size) bytes, the configuration says \(1 << bits)",
                at: vmdesc.lowerBound
            )
        } else if !ram.blocks.isEmpty, ram.isPageSizeKnown, ram.pageSize != size {
            finding(
                StreamRule.vmdesc,
                .error,
                "the vmdesc says that a page has \(size) bytes, RAM has pages of \(ram.pageSize)",
                at: vmdesc.lowerBound
            )
        }
    }

    /// QEMU since 8.2 describes the configuration too.
    private mutating func checkConfiguration() {
        guard let node = stream.devices?.configuration, let vmdesc = stream.vmdesc, let sent = stream.configuration
        else {
            return
        }
        let name = node["fields"]?.elements.first { $0["name"]?.string == "name" }
        if let size = name?["size"]?.int, size != sent.machine.utf8.count {
            finding(
                StreamRule.vmdesc,
                .error,
                "the vmdesc says that the machine's name has \(size) bytes, it has \(sent.machine.utf8.count)",
                at: sent.range.lowerBound
            )
        }
        let described = Set((node["subsections"]?.elements ?? []).compactMap { $0["vmsd_name"]?.string })
        let subsections = [
            ("configuration/target-page-bits", sent.pageBits != nil),
            ("configuration/capabilities", sent.capabilities != nil),
            ("configuration/uuid", sent.uuid != nil),
        ]
        for (name, isSent) in subsections where isSent != described.contains(name) {
            finding(
                StreamRule.vmdesc,
                .error,
                "\"\(name)\" was \(isSent ? "sent and is not" : "not sent and is") in the vmdesc",
                at: isSent ? sent.range.lowerBound : vmdesc.lowerBound
            )
        }
    }

    /// What can be said only when everything was read.
    mutating func conclude() throws(VMStateError) {
        try countTrailing()
        checkPageSize()
        checkConfiguration()
        pairDevices()
        checkDuplicates()
        checkUnfinished()
        checkPages()
        checkBitmaps()
        stream.blocks = ram.blocks
        let isCOLO = stream.commands.contains { $0.name == "ENABLE_COLO" }
        if stream.ownEnds.count > 1 {
            finding(
                StreamRule.secondEnd,
                isCOLO ? .note : .error,
                isCOLO
                    ? "\(stream.ownEnds.count) EOF bytes: the checkpoints of COLO"
                    : "EOF, and \(stream.ownEnds.count - 1) more behind it, without the command ENABLE_COLO: a loader stops here",
                at: stream.ownEnds[isCOLO ? 1 : 0]
            )
        }
        if !stream.ownEnds.isEmpty, !hasDescription {
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
        guard !stream.ownEnds.isEmpty, input.position == start else { return }
        var isPadding = true
        while try input.has(1) {
            isPadding = isPadding && input.slice(0..<input.available).allSatisfy { $0 == 0 }
            stream.trailing += input.available
            input.advance(input.available)
        }
        guard stream.trailing > 0 else { return }
        finding(
            StreamRule.trailing,
            isPadding ? .note : stream.vmdesc == nil ? .error : .warning,
            "\(stream.trailing) \(isPadding ? "zero bytes" : "bytes") behind the stream",
            at: start
        )
    }

    private mutating func pairDevices() {
        guard let devices = stream.devices else { return }
        var used: Set<Int> = []
        var next = 0
        var ordinal = 0
        for index in stream.sections.indices where stream.sections[index].kind == .full {
            let section = stream.sections[index]
            defer { ordinal += 1 }
            guard let device = section.device ?? devices.find(section, ordinal: next), !used.contains(device) else {
                finding(
                    StreamRule.devices,
                    .error,
                    "the vmdesc does not have this section",
                    at: section.offset,
                    section: section.idstr
                )
                continue
            }
            stream.sections[index].device = device
            used.insert(device)
            if device != next {
                finding(
                    StreamRule.devices,
                    .warning,
                    "it is device \(device) of the vmdesc, and FULL section \(ordinal) of the stream",
                    at: section.offset,
                    section: section.idstr
                )
            }
            next = device + 1
            if let version = devices.all[device].versionID, version != section.versionID {
                finding(
                    StreamRule.version,
                    .error,
                    "the section has version \(section.versionID), the vmdesc describes version \(version)",
                    at: section.payload.lowerBound - 4,
                    section: section.idstr
                )
            }
            let length = devices.all[device].length
            guard section.device == nil || !section.isMeasured, section.payload.count != length else { continue }
            if let bytes = section.bytes {
                checkLength(bytes, device, section, at: section.payload.lowerBound)
            } else {
                finding(
                    StreamRule.length,
                    .error,
                    "the payload has \(section.payload.count) bytes, the vmdesc describes \(length)",
                    at: section.payload.lowerBound,
                    section: section.idstr
                )
            }
        }
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
        // Checkpoints send each device again.
        guard stream.ownEnds.count <= 1 else { return }
        var seen: [SectionKey: Int] = [:]
        for section in stream.sections where section.kind == .full || section.kind == .start {
            let key = SectionKey(section)
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
            // A handler that has nothing to send is not asked again.
            let canBeIdle =
                section.idstr == "dirty-bitmap"
                && stream.sections.first { $0.sectionID == id && $0.kind == .start }?.payload.count == 1
            finding(
                StreamRule.unfinished,
                canBeIdle ? .note : .warning,
                canBeIdle
                    ? "section \(id) was started and has no END, as without bitmaps"
                    : "section \(id) was started and has no END; only background snapshots leave it out",
                at: stream.understood,
                section: section.idstr
            )
        }
    }

    private mutating func checkPages() {
        guard !ram.isMapped, !ram.blocks.isEmpty else { return }
        let last = stream.sections.last { $0.idstr == "ram" }?.offset ?? stream.understood
        if ram.sent.isEmpty {
            // Nothing asked for the bitmaps: no page came.
            guard ram.blocks.contains(where: { $0.size > 0 }), !ram.isIgnoringShared else { return }
            return finding(
                StreamRule.ramIncomplete,
                .warning,
                "no page of any block came; multifd and RDMA send them elsewhere",
                at: last,
                section: "ram"
            )
        }
        for index in ram.blocks.indices where !ram.sent[index].isEmpty {
            let sent = ram.sent[index].reduce(0) { $0 + $1.nonzeroBitCount }
            ram.blocks[index].pagesSent = sent
            let count = ram.blocks[index].size / ram.pageSize
            let isShared = ram.isIgnoringShared && sent == 0
            guard sent < count, !isShared, !ram.hasFlushed else { continue }
            finding(
                StreamRule.ramIncomplete,
                .warning,
                "\(count - sent) of \(count) pages of \"\(ram.blocks[index].idstr)\" never came here; multifd and RDMA send them elsewhere",
                at: last,
                section: "ram"
            )
        }
    }

    private mutating func checkBitmaps() {
        for bitmap in stream.bitmaps where !bitmap.isComplete {
            finding(
                StreamRule.unfinished,
                .warning,
                "\(Self.named(bitmap.key)) has no COMPLETE, without which a destination drops it",
                at: bitmap.offset,
                section: "dirty-bitmap"
            )
        }
    }
}
