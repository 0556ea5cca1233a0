// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Engine

/// `qevm validate`: findings about a description, a state or a stream.
struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks a description, and whether a state or a stream goes with it.",
        usage: "qevm validate VMSD.json\nqevm validate REQUEST.json\nqevm validate --vmsd VMSD.json --state STATE.json"
    )

    @Argument(
        help: ArgumentHelp(
            "A VMSD, a -dump-vmstate, a vmdesc, or a request document as for POST /v1/validate.",
            valueName: "file"
        )
    )
    var file: String?

    @OptionGroup var options: RequestOptions

    @Option(help: ArgumentHelp("A state to be encoded.", valueName: "file"))
    var state: String?

    @Option(help: ArgumentHelp("The bytes of a section to be decoded.", valueName: "file"))
    var stream: String?

    @Option(help: ArgumentHelp("text (default), json or sarif.", valueName: "form"))
    var format: Format = .text

    enum Format: String, ExpressibleByArgument { case text, json, sarif }

    mutating func validate() throws {
        if (file == nil) == (options.vmsd == nil) { throw ValidationError("Give one file, or --vmsd.") }
    }

    func run() throws {
        let document = try requestDocument()
        let bytes = try stream.map { path throws(CommandFailure) in try Input.read(path) }
        let report = try qevm.run { () throws(VMStateError) in
            try ValidateRequest(document.root, stream: bytes).report()
        }
        let name = options.vmsd ?? file ?? "-"
        let answer = try qevm.run { () throws(VMStateError) in
            switch format {
            case .text: Array(report.text { $0.path.map { "\(name):\($0)" } ?? name }.utf8)
            case .json: try report.json() + Array("\n".utf8)
            case .sarif: try report.sarif() + Array("\n".utf8)
            }
        }
        try Output.write(answer, to: options.output)
        if !report.isValid { throw CommandFailure(message: "\(name): \(report.summary)", status: 1) }
    }

    /// A file that is a description becomes a request about it.
    private func requestDocument() throws -> JSONDocument {
        var members: [(name: String, json: [UInt8])] = []
        if let file {
            let document = try Input.json(file)
            if document.root["vmsd"] != nil, document.root["definitions"] == nil {
                try options.goWithoutRequest([("state", state != nil)])
                return document
            }
            members.append(("vmsd", document.root.json()))
        }
        if let state { members.append(("state", try Input.json(state).root.json())) }
        return try options.document(members)
    }
}
