// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Containers
internal import Engine

/// `qevm decode`: bytes to a state, a whole migration stream to a document.
struct Decode: ParsableCommand {
    static let name = "decode"
    static let configuration = CommandConfiguration(
        commandName: name,
        _superCommandName: QEVM.name,
        abstract: "Reads the bytes that QEMU wrote into a state, or a whole migration stream into a document.",
        usage: """
            qevm decode STREAM.mig
            qevm decode disk.qcow2 --snapshot NAME
            qevm decode REQUEST.json
            qevm decode --vmsd VMSD.json SECTION.bin
            """
    )

    @Argument(
        help: ArgumentHelp(
            """
            A migration stream, bare, gzip-compressed, saved by libvirt or in a qcow2 image; a request document, as for \
            POST /v1/decode; with --vmsd the bytes of a section.
            """,
            valueName: "file"
        )
    )
    var file: String

    @OptionGroup var options: RequestOptions
    @OptionGroup var printing: PrintingOptions
    @OptionGroup var stream: StreamOptions

    @Option(help: ArgumentHelp("The destination's state before the load.", valueName: "file"))
    var initial: String?

    @Flag(help: "Bytes may be left over.")
    var partial = false

    @Flag(help: "Give the place of each leaf in the bytes.")
    var offsets = false

    @Option(
        help: ArgumentHelp(
            "Elements of opaque infos, such as virtio, \"apart\" where their layout is known (default in streams), or as \"bytes\".",
            valueName: "form"
        )
    )
    var infos: InfosForm?

    enum InfosForm: String, ExpressibleByArgument { case apart, bytes }

    @Option(
        help: ArgumentHelp("Sections of a stream to be decoded, by idstr or VMSD name: cpu,timer.", valueName: "names")
    )
    var sections: String?

    @Flag(help: "Give the stream's vmdesc too.")
    var vmdesc = false

    @Flag(
        help:
            "Give the bytes of what has no state too: the document then holds the whole stream, guest memory included."
    )
    var raw = false

    @Option(help: ArgumentHelp("Write the final content of a RAM block to the file of -o instead.", valueName: "block"))
    var extractRAM: String?

    @Option(help: ArgumentHelp("json (default), or text: a tree with offset, type and value.", valueName: "form"))
    var format: Format?

    @Flag(help: "With text, the bytes beside each value.")
    var hexdump = false

    enum Format: String, ExpressibleByArgument { case json, text }

    mutating func validate() throws {
        if hexdump, format != .text { throw ValidationError("--hexdump goes with --format text.") }
        if extractRAM != nil, options.output == nil { throw ValidationError("--extract-ram needs -o FILE, or -o -.") }
        if sections?.isEmpty == true { throw ValidationError("--sections needs names.") }
    }

    func run() throws {
        var answer = printing.options
        answer.recordsOffsets = offsets
        answer.takesApart = infos.map { $0 == .apart }
        guard options.vmsd == nil else {
            try stream.goWithStreams([
                ("sections", sections != nil), ("vmdesc", vmdesc), ("raw", raw), ("extract-ram", extractRAM != nil),
            ])
            return try decodeSection(answer)
        }
        switch try stream.open(file, isSized: raw) {
        case .stream(let opened) where opened.format == .cprState: try decodeCPR(opened.source, answer)
        case .stream(let opened):
            try options.goWithStreams([("initial", initial != nil), ("partial", partial)])
            try decodeStream(opened.source, answer, try stream.request(opened))
        case .json(let bytes):
            try options.goWithoutRequest([
                ("initial", initial != nil), ("partial", partial), ("sections", sections != nil), ("vmdesc", vmdesc),
                ("raw", raw), ("extract-ram", extractRAM != nil), ("vmsds", stream.vmsds != nil),
            ])
            if let carried = try Input.carried(bytes, file) {
                answer.recordsOffsets = answer.recordsOffsets || carried.request.answer.recordsOffsets
                let source = BytesSource(carried.bytes)
                if carried.bytes.starts(with: "QCPR".utf8) { return try decodeCPR(source, answer) }
                return try decodeStream(source, answer, carried.request)
            }
            try write(answer, try Input.json(bytes, file), stream: nil)
        }
    }

    private func decodeSection(_ answer: AnswerOptions) throws {
        var members: [(name: String, json: [UInt8])] = []
        if let initial { members.append(("initial", try Input.json(initial).root.json())) }
        if partial { members.append(("partial", Array("true".utf8))) }
        try write(answer, try options.document(members), stream: try Input.read(file))
    }

    private func write(_ answer: AnswerOptions, _ document: JSONDocument, stream: [UInt8]?) throws {
        let bytes = try qevm.run { () throws(VMStateError) in
            let request = try DecodeRequest(document.root, stream: stream)
            return format == .text ? try request.text(hexdump: hexdump) : try request.document(answer)
        }
        if format == .text { return try Output.write(bytes, to: options.output) }
        try Output.write(line: bytes, to: options.output)
    }

    // MARK: Whole streams

    /// The descriptors of a QEMU that hands over to another one.
    private func decodeCPR(_ source: any StreamSource, _ answer: AnswerOptions) throws {
        try options.goWithStreams([
            ("initial", initial != nil), ("partial", partial), ("sections", sections != nil), ("vmdesc", vmdesc),
            ("raw", raw), ("extract-ram", extractRAM != nil), ("vmsds", stream.vmsds != nil),
        ])
        let state = try qevm.run(named: file) { () throws(VMStateError) in try CPRState(reading: source) }
        guard let state else { throw CommandFailure.unreadable("\(file): error: no CPR state") }
        let text = try qevm.run { () throws(VMStateError) in
            try format == .text ? state.text(hexdump: hexdump) : state.document(answer) + Array("\n".utf8)
        }
        try Output.write(text, to: options.output)
    }

    private func decodeStream(_ source: any StreamSource, _ answer: AnswerOptions, _ given: StreamRequest) throws {
        var request = given
        request.answer = answer
        request.sections = sections.map { $0.split(separator: ",").map(String.init) } ?? request.sections
        request.hasVMDesc = vmdesc || request.hasVMDesc
        request.isRaw = raw || request.isRaw
        request.inflate = { (bytes, limit) throws(VMStateError) in try inflateZlib(bytes, limit: limit) }
        let bar = ProgressBar(sizes: source.size)
        if let bar { request.progress = { bar.update($0) } }
        defer { bar?.finish() }
        if let extractRAM { return try extract(extractRAM, source, request, bar) }
        if format == .text { return try writeText(source, request, bar) }
        var missing: [String] = []
        let result = try qevm.run(named: file) { () throws(VMStateError) in
            let read = try request.read(source)
            missing = request.missingSections(in: [read])
            return try request.document(read, of: source)
        }
        bar?.finish()
        if !missing.isEmpty { Output.error(Output.noSections(missing, in: file)) }
        try Output.write(line: result.text, to: options.output)
        try report(result.findings)
    }

    private func writeText(_ source: any StreamSource, _ request: StreamRequest, _ bar: ProgressBar?) throws {
        let read = try qevm.run(named: file) { () throws(VMStateError) in try request.read(source) }
        bar?.finish()
        let missing = request.missingSections(in: [read])
        if !missing.isEmpty { Output.error(Output.noSections(missing, in: file)) }
        var findings: [Finding] = []
        try Output.replace(options.output, reading: file) { (target) throws(VMStateError) in
            findings = try request.text(read, of: source, hexdump: hexdump) { (piece) throws(VMStateError) in
                try target.write(piece)
            }
        }
        guard findings.contains(where: { $0.severity == .error }) else { return }
        throw CommandFailure.invalid("\(file): \(ValidationReport(findings).summary)")
    }

    private func extract(_ block: String, _ source: any StreamSource, _ request: StreamRequest, _ bar: ProgressBar?)
        throws
    {
        guard let output = options.output else { return }
        var request = request
        // Pages come in any order, and may come again; what is no regular file gets them at the end.
        let replacement = try qevm.run { () throws(VMStateError) in
            OutputFile.isStandard(output) ? nil : try FileReplacement(of: output)
        }
        let pages = try qevm.run { () throws(VMStateError) in
            if let replacement { return replacement.file }
            return try SparseFile()
        }
        let target = RAMFile(block: block, in: pages)
        request.pages = target
        let read = try qevm.run(named: file) { () throws(VMStateError) in
            try request.read(source, keepsPayloads: false)
        }
        bar?.finish()
        guard let size = target.size else {
            let names = read.blocks.map { "\"\($0.idstr)\"" }.joined(separator: ", ")
            throw CommandFailure.invalid("\(file): error: no block \"\(block)\"; the stream has \(names)")
        }
        if let replacement {
            try qevm.run { () throws(VMStateError) in try replacement.commit() }
        } else {
            let copy = try qevm.run { () throws(VMStateError) in try pages.source() }
            try Output.write([.source(0..<size)], of: copy, named: file, to: output)
        }
        try report(read.findings.filter { $0.severity == .error })
    }

    /// What is missing goes to standard error, and the status says that something is.
    private func report(_ findings: [Finding]) throws(CommandFailure) {
        guard !findings.isEmpty else { return }
        let report = ValidationReport(findings)
        let lines = report.text { finding in finding.offset.map { "\(file):\($0)" } ?? file }
        throw .invalid(lines + "\(file): \(report.summary)")
    }
}
