// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Containers
internal import Engine

/// `qevm validate`: findings about a description, a state or a stream.
struct Validate: ParsableCommand {
    static let name = "validate"
    static let configuration = CommandConfiguration(
        commandName: name,
        _superCommandName: QEVM.name,
        abstract: "Checks a description, whether a state or bytes go with it, or a whole migration stream.",
        usage:
            "qevm validate STREAM.mig\nqevm validate VMSD.json\nqevm validate REQUEST.json\nqevm validate --vmsd VMSD.json --state STATE.json"
    )

    @Argument(
        help: ArgumentHelp(
            "A migration stream, a VMSD, a -dump-vmstate, a vmdesc, or a request document as for POST /v1/validate.",
            valueName: "file"
        )
    )
    var file: String?

    @OptionGroup var options: RequestOptions
    @OptionGroup var whole: StreamOptions

    @Option(help: ArgumentHelp("A state to be encoded.", valueName: "file"))
    var state: String?

    @Option(help: ArgumentHelp("The bytes of a section to be decoded.", valueName: "file"))
    var stream: String?

    @Option(help: ArgumentHelp("text (default), json or sarif.", valueName: "form"))
    var format: Format?

    enum Format: String, ExpressibleByArgument { case text, json, sarif }

    mutating func validate() throws {
        if (file == nil) == (options.vmsd == nil) { throw ValidationError("Give one file, or --vmsd.") }
    }

    func run() throws {
        var text: [UInt8] = []
        if let file {
            switch try whole.open(file) {
            case .stream(let opened) where opened.format == .cprState:
                try options.goWithStreams([("state", state != nil), ("stream", stream != nil)])
                let report = try qevm.run(named: file) { () throws(VMStateError) in try CPRState.report(opened.source) }
                return try write(report, file) { finding in finding.offset.map { "\(file):\($0)" } ?? file }
            case .stream(let opened): return try check(opened, file)
            case .json(let bytes):
                text = bytes
                if let carried = try Input.carried(bytes, file) {
                    try options.goWithoutRequest([("state", state != nil), ("stream", stream != nil)])
                    return try check(BytesSource(carried.bytes), file, carried.request)
                }
            }
        }
        try whole.goWithStreams()
        let document = try requestDocument(text)
        let bytes = try stream.map { path throws(CommandFailure) in try Input.read(path) }
        let report = try qevm.run { () throws(VMStateError) in
            try ValidateRequest(document.root, stream: bytes).report()
        }
        let name = options.vmsd ?? file ?? "-"
        try write(report, name) { finding in finding.path.map { "\(name):\($0.shown)" } ?? name }
    }

    private func write(_ report: ValidationReport, _ name: String, _ place: (Finding) -> String) throws {
        let answer = try qevm.run { () throws(VMStateError) in
            switch format ?? .text {
            case .text: Array(report.text(place).utf8)
            case .json: try report.json() + Array("\n".utf8)
            case .sarif: try report.sarif() + Array("\n".utf8)
            }
        }
        try Output.write(answer, to: options.output)
        if !report.isValid { throw CommandFailure(message: "\(name): \(report.summary)", status: 1) }
    }

    /// A whole migration stream.
    private func check(_ opened: OpenedStream, _ file: String) throws {
        try options.goWithStreams([("state", state != nil), ("stream", stream != nil)])
        try check(opened.source, file, try whole.request(opened))
    }

    private func check(_ source: any StreamSource, _ file: String, _ given: StreamRequest) throws {
        var request = given
        request.inflate = { (bytes, limit) throws(VMStateError) in try inflateZlib(bytes, limit: limit) }
        let bar = ProgressBar(sizes: source.size)
        if let bar { request.progress = { bar.update($0) } }
        defer { bar?.finish() }
        let report = try qevm.run(named: file) { () throws(VMStateError) in try request.report(reading: source) }
        bar?.finish()
        try write(report, file) { finding in finding.offset.map { "\(file):\($0)" } ?? file }
    }

    /// A file that is a description becomes a request about it.
    private func requestDocument(_ text: [UInt8]) throws -> JSONDocument {
        var members: [(name: String, json: [UInt8])] = []
        if let file {
            let document = try Input.json(text, file)
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
