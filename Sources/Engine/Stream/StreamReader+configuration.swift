// SPDX-License-Identifier: Apache-2.0

/// What comes between the header and the first section.
extension StreamReader {
    /// Reads the configuration if there is one.
    ///
    /// Source: QEMU migration/savevm.c, vmstate_configuration.
    mutating func configuration() throws(VMStateError) {
        guard try input.has(1), input[0] == 0x07 else { return }
        let start = input.position
        var configuration = MigrationStream.Configuration()
        input.advance(1)
        let length = try input.uint32("the length of the machine type's name")
        guard length <= 4096 else {
            throw VMStateError(
                .streamInvalid,
                at: input.position - 4,
                expected: "the length of a machine type's name",
                found: String(length),
                rule: StreamRule.configuration
            )
        }
        let name = try input.bytes(Int(length), "the machine type's name")
        configuration.machine = String(decoding: name, as: UTF8.self)
        if !configuration.machine.utf8.elementsEqual(name) {
            finding(StreamRule.configuration, .error, "the machine type's name is not UTF-8", at: start + 5)
        }
        var names: Set<String> = []
        while try input.has(2), input[0] == 0x05 {
            let count = Int(input[1])
            guard try input.has(2 + count + 4) else { break }
            let subsection = String(decoding: input.slice(2..<2 + count), as: UTF8.self)
            guard subsection.hasPrefix("configuration/") else { break }
            let version = input.word32(ahead: 2 + count)
            guard version == 1 else {
                throw VMStateError(
                    version > 1 ? .versionTooNew : .versionTooOld,
                    at: input.position + 2 + count,
                    expected: "version 1 of \"\(subsection)\"",
                    found: String(version),
                    rule: StreamRule.configuration
                )
            }
            let at = input.position
            if !names.insert(subsection).inserted {
                finding(StreamRule.configuration, .error, "\"\(subsection.printable)\" came before", at: at)
            }
            input.advance(2 + count + 4)
            try content(of: subsection, at: at, &configuration)
        }
        configuration.range = start..<input.position
        stream.configuration = configuration
        if let bits = configuration.pageBits, !ram.isPageSizeKnown {
            ram.pageSize = 1 << bits
            ram.isPageSizeKnown = true
            stream.pageSize = 1 << bits
        }
        stream.understood = input.position
        ram.isIgnoringShared = configuration.capabilities?.contains("x-ignore-shared") ?? false
        ram.isMapped = configuration.capabilities?.contains("mapped-ram") ?? false
    }

    private mutating func content(
        of subsection: String,
        at offset: Int,
        _ configuration: inout MigrationStream.Configuration
    ) throws(VMStateError) {
        switch subsection {
        case "configuration/target-page-bits":
            let bits = try input.uint32("the target's page bits")
            guard (8...16).contains(bits) else {
                throw VMStateError(
                    .streamInvalid,
                    at: input.position - 4,
                    expected: "page bits 8 … 16",
                    found: String(bits),
                    rule: StreamRule.configuration
                )
            }
            configuration.pageBits = Int(bits)
        case "configuration/capabilities":
            let count = try input.uint32("the number of capabilities")
            guard count <= 256 else {
                throw VMStateError(
                    .streamInvalid,
                    at: input.position - 4,
                    expected: "at most 256 capabilities",
                    found: String(count),
                    rule: StreamRule.configuration
                )
            }
            var names: [String] = []
            for _ in 0..<count {
                let start = input.position
                let name = try input.countedBytes("a capability's name")
                names.append(String(decoding: name, as: UTF8.self))
                if names.last?.utf8.elementsEqual(name) != true {
                    finding(StreamRule.configuration, .error, "a capability's name is not UTF-8", at: start + 1)
                }
            }
            configuration.capabilities = names
        case "configuration/uuid":
            configuration.uuid = try input.bytes(16, "the UUID")
        default:
            throw VMStateError(
                .subsectionUnknown,
                at: offset,
                expected: "a subsection of the configuration that is known",
                found: "\"\(subsection)\"",
                rule: StreamRule.configuration
            )
        }
    }
}
