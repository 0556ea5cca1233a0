// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Containers
internal import Engine

/// `qevm edit`: changes values in a migration stream.
struct Edit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit",
        _superCommandName: QEVM.name,
        abstract: "Changes values in a migration stream.",
        discussion: """
            Only the sections that are touched are written anew; everything else is copied. Places are those of the \
            document of the whole stream, as "qevm decode" prints it without --sections; a section may also be named by its \
            idstr, and of several with one name be counted from 0: /sections/timer/state/…, /sections/cpu[1]/state/…. What comes out \
            is the bare stream, whatever it came in: gzip, a libvirt save image, a qcow2 image, a file with an offset. With \
            --keep-container it is a save image again, for "virsh restore".
            """
    )

    @Argument(help: ArgumentHelp("A migration stream.", valueName: "file"))
    var file: String

    @OptionGroup var stream: StreamOptions

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "A new value: JSON, or text where a string stands now. May be repeated.",
            valueName: "place=value"
        )
    )
    var assignments: [String] = []

    @Option(help: ArgumentHelp("A JSON Patch (RFC 6902) against the decoded document.", valueName: "file"))
    var patch: String?

    @Flag(help: "Give a libvirt save image again, its stream uncompressed.")
    var keepContainer = false

    @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Where the stream goes.", valueName: "file"))
    var output: String?

    mutating func validate() throws {
        if assignments.isEmpty, patch == nil { throw ValidationError("Give --set or --patch.") }
    }

    func run() throws {
        let opened = try stream.openStream(file, isSized: true)
        let source = opened.source
        var request = try stream.request(opened)
        let head = try head(opened)
        let patch = try patch.map { path throws(CommandFailure) in try Input.json(path) }
        let bar = ProgressBar(sizes: source.size)
        if let bar { request.progress = { bar.update($0) } }
        defer { bar?.finish() }
        let pieces = try qevm.run(named: file) { () throws(VMStateError) in
            let read = try request.read(source)
            return try request.pieces(
                patching: read,
                with: try patch.map { (patch) throws(VMStateError) in [try JSONPatch(patch.root)] } ?? [],
                setting: assignments,
                size: source.size ?? 0,
                at: head.count
            )
        }
        bar?.finish()
        try Output.write([.bytes(head)] + pieces, of: source, named: file, to: output)
    }

    /// What comes before the stream.
    private func head(_ opened: OpenedStream) throws(CommandFailure) -> [UInt8] {
        guard keepContainer else { return [] }
        guard let image = opened.saveImage else {
            throw .unreadable("\(file): error: --keep-container is for libvirt save images")
        }
        return image.head
    }
}
