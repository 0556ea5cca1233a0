// SPDX-License-Identifier: Apache-2.0

extension MigrationStream.Command {
    /// The names, by number; the length that the payload must have, where it is fixed.
    ///
    /// Source: QEMU migration/savevm.c, mig_cmd_args.
    static let known: [(name: String, length: Int?)] = [
        ("INVALID", nil), ("OPEN_RETURN_PATH", 0), ("PING", 4), ("POSTCOPY_ADVISE", nil), ("POSTCOPY_LISTEN", 0),
        ("POSTCOPY_RUN", 0), ("POSTCOPY_RAM_DISCARD", nil), ("PACKAGED", 4), ("ENABLE_COLO", 0),
        ("POSTCOPY_RESUME", 0), ("RECV_BITMAP", nil), ("SWITCHOVER_START", 0),
    ]

    /// QEMU's name without `MIG_CMD_`.
    public var name: String { Self.name(of: number) }

    /// The name of a command by its number.
    static func name(of number: Int) -> String {
        known.indices.contains(number) ? known[number].name : "unknown"
    }
}

extension StreamReader {
    mutating func command() throws(VMStateError) {
        let offset = input.position
        input.advance(1)
        let number = Int(try input.uint16("a command"))
        let length = Int(try input.uint16("the length of a command"))
        let known = MigrationStream.Command.known
        guard number > 0, number < known.count else {
            throw VMStateError(
                .streamInvalid,
                at: offset + 1,
                expected: "a command 1 … \(known.count - 1)",
                found: String(number),
                rule: StreamRule.command
            )
        }
        let name = known[number].name
        if let problem = Self.problem(number, length) {
            throw VMStateError(
                .streamInvalid,
                at: offset + 3,
                expected: "\(problem) of \(name)",
                found: String(length),
                rule: StreamRule.command
            )
        }
        let payload = try input.bytes(length, "the command \(name)")
        if isListed { held += length }
        guard held <= limits.heldBytes else {
            throw VMStateError(
                .limitExceeded,
                at: offset,
                expected: "sections and commands of at most \(limits.heldBytes) bytes together"
            )
        }
        var command = MigrationStream.Command(number: number, offset: offset, payload: payload)
        switch number {
        case 3: advise(payload, at: offset)
        case 4: order(4, needs: 3, at: offset)
        case 5: order(5, needs: 4, at: offset)
        case 6: checkDiscard(payload, at: offset + 5)
        case 7:
            let size = Int(payload.bigEndian32(at: 0))
            command.packageSize = size
            let end = input.position + size
            if let outer = packages.last, end > outer {
                finding(StreamRule.package, .error, "a package ends behind the package around it", at: offset)
            }
            guard packages.count < 4 else {
                throw VMStateError(
                    .limitExceeded,
                    at: offset,
                    expected: "at most 4 packages inside each other",
                    rule: StreamRule.package
                )
            }
            packages.append(end)
        case 10 where Int(payload.first ?? 0) != length - 1:
            wrong(offset + 5, "a block's name of \(length - 1) bytes", "one of \(payload.first ?? 0)")
        default: break
        }
        if isListed { stream.commands.append(command) }
        commandsSeen |= 1 << UInt64(number)
        // RUN ends the reading of the package it is in.
        if number == 5, let end = packages.last { try leavePackage(at: end) }
    }

    /// Moves to the end of a package behind which the loader does not read on.
    mutating func leavePackage(at end: Int) throws(VMStateError) {
        guard input.position < end else { return }
        finding(
            StreamRule.package,
            .warning,
            "\(end - input.position) bytes of a package are behind what ends it, where nothing reads them",
            at: input.position
        )
        try input.drop(end - input.position, "the rest of a package")
    }

    /// What length would be right; nil: this one is.
    private static func problem(_ number: Int, _ length: Int) -> String? {
        if let fixed = MigrationStream.Command.known[number].length {
            return length == fixed ? nil : "a length of \(fixed)"
        }
        switch number {
        case 3: return length == 0 || length == 16 ? nil : "a length of 0 or 16"
        case 6: return length >= 20 ? nil : "a length of at least 20"
        case 10: return length >= 1 ? nil : "a length of at least 1"
        default: return nil
        }
    }

    /// Notes a command of postcopy that comes a second time or too early.
    private mutating func order(_ number: Int, needs other: Int, at offset: Int) {
        let known = MigrationStream.Command.known
        let isSecond = commandsSeen >> UInt64(number) & 1 != 0
        guard isSecond || commandsSeen >> UInt64(other) & 1 == 0 else { return }
        finding(
            StreamRule.command,
            .error,
            isSecond
                ? "a second \(known[number].name)" : "\(known[number].name) without \(known[other].name) before it",
            at: offset
        )
    }

    /// POSTCOPY_ADVISE: the page sizes of all blocks, or-ed, and the target's.
    private mutating func advise(_ payload: [UInt8], at offset: Int) {
        if commandsSeen >> 3 & 1 != 0 {
            finding(StreamRule.command, .error, "a second POSTCOPY_ADVISE", at: offset)
        }
        guard payload.count == 16 else { return }
        let sizes = payload.bigEndian64(at: 0)
        let target = payload.bigEndian64(at: 8)
        guard sizes & 0xff == 0, sizes > 0, sizes < 1 << 40 else {
            return wrong(offset + 5, "page sizes in POSTCOPY_ADVISE", "0x\(String(sizes, radix: 16))")
        }
        guard (1 << 8...1 << 16).contains(target), target & (target - 1) == 0,
            !ram.isPageSizeKnown || target == UInt64(ram.pageSize)
        else {
            let expected = ram.isPageSizeKnown ? "\(ram.pageSize)" : "a power of two"
            return wrong(offset + 13, "the target's page size in POSTCOPY_ADVISE, \(expected)", "\(target)")
        }
        advised = sizes
        ram.pageSize = Int(target)
        ram.isPageSizeKnown = true
        stream.pageSize = ram.pageSize
    }

    /// Notes a payload that is not as it must be; its length is known, so that what follows can be read.
    private mutating func wrong(_ offset: Int, _ expected: String, _ found: String) {
        note(VMStateError(.streamInvalid, at: offset, expected: expected, found: found, rule: StreamRule.command))
    }

    private mutating func checkDiscard(_ payload: [UInt8], at offset: Int) {
        guard let discard = MigrationStream.Command.Discard(payload) else {
            return wrong(
                offset,
                "version 0, a block's name, 0, and ranges of 16 bytes",
                "\(payload.count) bytes that are not"
            )
        }
        let idstr = String(decoding: discard.block, as: UTF8.self)
        guard let index = ram.indexes[discard.block] else {
            return finding(
                StreamRule.command,
                .error,
                "POSTCOPY_RAM_DISCARD of \"\(idstr)\", which is no RAM block",
                at: offset + 1
            )
        }
        let size = UInt64(ram.blocks[index].size)
        for (start, length, place) in discard.ranges {
            // The sender rounds to whole pages, and the destination insists.
            let page = UInt64(ram.pageSize)
            if ram.isPageSizeKnown, (start | length) % page != 0 {
                finding(
                    StreamRule.command,
                    .error,
                    "POSTCOPY_RAM_DISCARD of \(length) bytes at 0x\(String(start, radix: 16)) of \"\(idstr)\", which are "
                        + "no whole pages of \(page)",
                    at: offset + place
                )
            } else if start > size || length > size - start {
                finding(
                    StreamRule.command,
                    .error,
                    "POSTCOPY_RAM_DISCARD of \(length) bytes at 0x\(String(start, radix: 16)) of \"\(idstr)\", "
                        + "which has \(size)",
                    at: offset + place
                )
            }
        }
    }
}
