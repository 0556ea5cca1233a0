// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Containers
internal import Engine

/// `qevm diff`: what differs between two migration streams.
struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        _superCommandName: QEVM.name,
        abstract: "Says what differs between two migration streams, by device and field.",
        discussion: """
            --at and --snapshot are for both files; where one of the two is no qcow2 image it is taken as it is.

            Exit status: 0 equal, 1 different, 2 bad usage or unreadable input, or a name of --sections that \
            neither has.
            """
    )

    @Argument(help: ArgumentHelp("A migration stream.", valueName: "a"))
    var a: String

    @Argument(help: ArgumentHelp("Another one.", valueName: "b"))
    var b: String

    @OptionGroup var stream: StreamOptions
    @OptionGroup var printing: PrintingOptions

    @Option(
        name: .customLong("other-at"),
        help: ArgumentHelp("Where the other stream starts in its file (default: --at).", valueName: "offset")
    )
    var otherOffset: Int?

    @Option(help: ArgumentHelp("The snapshot of the other image (default: --snapshot).", valueName: "name"))
    var otherSnapshot: String?

    @Option(help: ArgumentHelp("Sections to be compared, by idstr or VMSD name: cpu,timer.", valueName: "names"))
    var sections: String?

    @Option(
        help: ArgumentHelp(
            "What is left out: a section, /member, section:/member, or type:timer. May be repeated.",
            valueName: "pattern"
        )
    )
    var ignore: [String] = []

    @Flag(help: "Compare the contents of guest memory and of disks too.")
    var contents = false

    @Option(help: ArgumentHelp("text (default) or json.", valueName: "form"))
    var format: Format?

    @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Where the answer goes.", valueName: "file"))
    var output: String?

    enum Format: String, ExpressibleByArgument { case text, json }

    mutating func validate() throws {
        if ignore.contains("") { throw ValidationError("--ignore needs a pattern.") }
        if sections?.isEmpty == true { throw ValidationError("--sections needs names.") }
    }

    func run() throws {
        var request = try stream.request()
        request.sections = sections.map { $0.split(separator: ",").map(String.init) }
        var missing: [String] = []
        request.unmatched = { missing = $0 }
        let (first, second) = try openBoth()
        let bar = ProgressBar(sizes: first.size, second.size)
        if let bar { request.progress = { bar.update($0) } }
        defer { bar?.finish() }
        let result = try qevm.run(named: "\(a), \(b)") { () throws(VMStateError) in
            try request.differences(first, second, ignoring: ignore, comparesContents: contents)
        }
        bar?.finish()
        let answer = try qevm.run { () throws(VMStateError) in
            switch format ?? .text {
            case .text: try result.text()
            case .json: try result.json(printing.options.printing) + Array("\n".utf8)
            }
        }
        try Output.write(answer, to: output)
        if !result.isComplete, result.total == 0 {
            throw CommandFailure.unreadable("\(a), \(b): not everything could be compared")
        }
        if !missing.isEmpty {
            throw CommandFailure.unreadable(Output.noSections(missing, in: "\(a), \(b)"))
        }
        if !result.isEqual {
            throw CommandFailure.invalid("\(a), \(b): \(result.total) difference\(result.total == 1 ? "" : "s")")
        }
    }

    private func openBoth() throws(CommandFailure) -> (any StreamSource, any StreamSource) {
        var other = stream
        other.offset = otherOffset ?? stream.offset
        other.snapshot = otherSnapshot ?? stream.snapshot
        let isShared = stream.snapshot != nil && otherSnapshot == nil
        let first = try stream.openStream(a, isSized: contents, requiresImage: !isShared)
        let hasImage = first.containers.contains { $0.name == "qcow2" }
        // One of the two has the snapshot.
        let second = try other.openStream(b, isSized: contents, requiresImage: !isShared || !hasImage)
        return (first.source, second.source)
    }
}
