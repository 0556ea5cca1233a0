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
    public var name: String {
        Self.known.indices.contains(number) ? Self.known[number].name : "unknown"
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
        held += length
        guard held <= limits.heldBytes else {
            throw VMStateError(
                .limitExceeded,
                at: offset,
                expected: "sections and commands of at most \(limits.heldBytes) bytes together"
            )
        }
        var command = MigrationStream.Command(number: number, offset: offset, payload: payload)
        switch number {
        case 3: if length == 16 { advised = payload.bigEndian64(at: 0) }
        case 6: try checkDiscard(payload, at: offset + 5)
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
        case 10:
            guard Int(payload.first ?? 0) == length - 1 else {
                throw VMStateError(
                    .streamInvalid,
                    at: offset + 5,
                    expected: "a block's name of \(length - 1) bytes",
                    found: "\(payload.first ?? 0)",
                    rule: StreamRule.command
                )
            }
        default: break
        }
        stream.commands.append(command)
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

    private mutating func checkDiscard(_ payload: [UInt8], at offset: Int) throws(VMStateError) {
        let name = Int(payload[1])
        guard payload[0] == 0, payload.count >= 3 + name, payload[2 + name] == 0, (payload.count - 3 - name) % 16 == 0
        else {
            throw VMStateError(
                .streamInvalid,
                at: offset,
                expected: "version 0, a block's name, 0, and ranges of 16 bytes",
                found: "\(payload.count) bytes that are not",
                rule: StreamRule.command
            )
        }
    }
}
