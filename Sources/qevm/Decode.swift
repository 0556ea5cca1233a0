// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Engine

/// `qevm decode`: bytes to a state.
struct Decode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads the bytes that QEMU wrote into a state.",
        usage: "qevm decode REQUEST.json\nqevm decode --vmsd VMSD.json SECTION.bin"
    )

    @Argument(
        help: ArgumentHelp(
            "A request document, as for POST /v1/decode; with --vmsd the bytes of a section.",
            valueName: "file"
        )
    )
    var file: String

    @OptionGroup var options: RequestOptions
    @OptionGroup var printing: PrintingOptions

    @Option(help: ArgumentHelp("The destination's state before the load.", valueName: "file"))
    var initial: String?

    @Flag(help: "Bytes may be left over.")
    var partial = false

    @Flag(help: "Give the place of each leaf in the bytes.")
    var offsets = false

    @Option(help: ArgumentHelp("The form of the answer: json.", valueName: "form"))
    var format: Format = .json

    enum Format: String, ExpressibleByArgument { case json }

    /// How a whole migration stream begins.
    private static let magic = Array("QEVM".utf8)

    func run() throws {
        var answer = printing.options
        answer.recordsOffsets = offsets
        let document: JSONDocument
        var stream: [UInt8]?
        if options.vmsd != nil {
            var members: [(name: String, json: [UInt8])] = []
            if let initial { members.append(("initial", try Input.json(initial).root.json())) }
            if partial { members.append(("partial", Array("true".utf8))) }
            document = try options.document(members)
            stream = try Input.read(file)
        } else {
            try options.goWithoutRequest([("initial", initial != nil), ("partial", partial)])
            let bytes = try Input.read(file)
            guard !bytes.starts(with: Self.magic) else {
                try Output.write(
                    try qevm.run { () throws(VMStateError) in
                        var options = StreamDocument.Options()
                        options.answer = answer
                        let result = try StreamDocument(try MigrationStream(reading: BytesSource(bytes)), options)
                            .json()
                        for finding in result.findings { Output.error("\(finding)") }
                        return result.text + Array("\n".utf8)
                    },
                    to: options.output
                )
                return
            }
            document = try Input.json(bytes, file)
        }
        let bytes = try qevm.run { () throws(VMStateError) in
            try DecodeRequest(document.root, stream: stream).document(answer)
        }
        try Output.write(bytes + Array("\n".utf8), to: options.output)
    }
}
