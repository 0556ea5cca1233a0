// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Containers
internal import Engine

/// `qevm encode`: a state to the bytes that QEMU writes.
struct Encode: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode",
        _superCommandName: QEVM.name,
        abstract: "Writes a state as the bytes that QEMU writes.",
        usage: "qevm encode REQUEST.json\nqevm encode --vmsd VMSD.json --state STATE.json"
    )

    @Argument(help: ArgumentHelp("A request document, as for POST /v1/encode.", valueName: "request"))
    var request: String?

    @OptionGroup var options: RequestOptions
    @OptionGroup var whole: StreamOptions

    @Option(help: ArgumentHelp("The state document.", valueName: "file"))
    var state: String?

    @Option(help: ArgumentHelp("Bare \"fields\" (default), or a FULL \"section\".", valueName: "framing"))
    var framing: String?

    @Option(help: ArgumentHelp("The section's idstr (default: the description's name).", valueName: "text"))
    var idstr: String?

    @Option(name: .customLong("instance-id"), help: ArgumentHelp("The section's instance.", valueName: "number"))
    var instanceID: Int?

    @Option(name: .customLong("section-id"), help: ArgumentHelp("The section's number.", valueName: "number"))
    var sectionID: Int?

    @Option(
        help: ArgumentHelp("Of a whole stream's document: the stream that it was made of.", valueName: "file")
    )
    var source: String?

    @Option(help: ArgumentHelp("The bytes (default), or json: hex with the vmdesc.", valueName: "form"))
    var format: Format?

    enum Format: String, ExpressibleByArgument { case bytes, json }

    mutating func validate() throws {
        let isRequest = request != nil
        let isFiles = options.vmsd != nil && state != nil
        if isRequest == isFiles { throw ValidationError("Give a request document, or --vmsd and --state.") }
    }

    func run() throws {
        let document: JSONDocument
        if let request {
            try options.goWithoutRequest([
                ("vmsd", options.vmsd != nil), ("state", state != nil), ("framing", framing != nil),
                ("idstr", idstr != nil), ("instance-id", instanceID != nil), ("section-id", sectionID != nil),
            ])
            document = try Input.json(request)
        } else {
            var members: [(name: String, json: [UInt8])] = []
            if let state { members.append(("state", try Input.json(state).root.json())) }
            if let framing { members.append(("framing", JSONObjectWriter.string(framing))) }
            if let idstr { members.append(("idstr", JSONObjectWriter.string(idstr))) }
            if let instanceID { members.append(("instance_id", Array(String(instanceID).utf8))) }
            if let sectionID { members.append(("section_id", Array(String(sectionID).utf8))) }
            document = try options.document(members)
        }
        if var request = try qevm.run({ () throws(VMStateError) in try WholeStreamRequest(document.root) }) {
            if whole.vmsds != nil {
                let descriptions = try whole.request()
                try qevm.run { () throws(VMStateError) in try request.describe(by: descriptions) }
            }
            return try encode(request)
        }
        let streams = [
            ("source", source != nil), ("vmsds", whole.vmsds != nil), ("at", whole.offset != nil),
            ("snapshot", whole.snapshot != nil),
        ]
        if let option = streams.first(where: \.1) {
            throw CommandFailure.unreadable("error: --\(option.0) goes with the document of a whole stream")
        }
        let bytes = try qevm.run { () throws(VMStateError) in
            let request = try EncodeRequest(document.root)
            return format == .json ? try request.document() + Array("\n".utf8) : try request.bytes()
        }
        try Output.write(bytes, to: options.output)
    }

    /// A whole stream from its document.
    private func encode(_ whole: WholeStreamRequest) throws {
        let places = [("at", self.whole.offset != nil), ("snapshot", self.whole.snapshot != nil)]
        if source == nil, let option = places.first(where: \.1) {
            throw CommandFailure.unreadable("error: --\(option.0) says where the stream of --source is")
        }
        let stream = try source.map { path throws(CommandFailure) in
            try self.whole.openStream(path, isSized: true).source
        }
        if let source, let stream, format != .json {
            let pieces = try qevm.run(named: source) { () throws(VMStateError) in try whole.pieces(from: stream) }
            return try Output.write(pieces, of: stream, named: source, to: options.output)
        }
        let bytes = try qevm.run(named: source) { () throws(VMStateError) in
            let bytes = try whole.bytes(from: stream)
            return format == .json ? try whole.document(bytes) + Array("\n".utf8) : bytes
        }
        try Output.write(bytes, to: options.output)
    }
}
