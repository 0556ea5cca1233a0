// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Containers
internal import Engine
internal import Glibc

/// What the commands that read whole migration streams have in common.
struct StreamOptions: ParsableArguments {
    @Option(
        name: .customLong("at"),
        help: ArgumentHelp("Where the stream starts in the file.", valueName: "offset")
    )
    var offset: Int?

    @Option(help: ArgumentHelp("The internal snapshot of a qcow2 image.", valueName: "name"))
    var snapshot: String?

    @Option(
        help: ArgumentHelp("Descriptions for a stream without a vmdesc: {\"timer\": VMSD, …}.", valueName: "file")
    )
    var vmsds: String?

    /// What is at the start of a file.
    enum Content {
        /// A JSON document.
        case json([UInt8])
        /// A migration stream, bare or in a container.
        case stream(OpenedStream)
    }

    /// Opens a file and sees what it is.
    ///
    /// - Parameters:
    ///   - path: the file; "-" for standard input.
    ///   - isSized: whether the stream must be readable anywhere: then a pipe is copied into a temporary file.
    ///   - requiresImage: whether --snapshot goes with qcow2 images only.
    /// - Returns: what it holds.
    /// - Throws: bad usage, when it is neither JSON nor a stream.
    func open(
        _ path: String,
        isSized: Bool = false,
        requiresImage: Bool = true
    ) throws(CommandFailure) -> Content {
        try reading(path) { () throws(VMStateError) in
            let file = path == "-" ? try StreamFile.open(descriptor: STDIN_FILENO) : try StreamFile.open(path: path)
            let peeked = try PeekedSource(file, count: 256)
            if offset == nil, snapshot == nil, isJSON(peeked.prefix) {
                return .json(try peeked.readAll())
            }
            var options = StreamContainer.Options()
            options.offset = offset ?? 0
            options.snapshot = snapshot
            options.requiresImage = requiresImage
            if isSized { options.spoolBytes = 1 << 40 }
            return .stream(try StreamContainer.open(peeked, options: options))
        }
    }

    /// Opens a file that must be a stream.
    func openStream(
        _ path: String,
        isSized: Bool = false,
        requiresImage: Bool = true
    ) throws(CommandFailure) -> OpenedStream {
        guard case .stream(let opened) = try open(path, isSized: isSized, requiresImage: requiresImage) else {
            throw .unreadable("\(path): error: a JSON document; a migration stream is needed")
        }
        return opened
    }

    private func isJSON(_ prefix: [UInt8]) -> Bool {
        guard let first = prefix.first(where: { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }) else {
            return !prefix.isEmpty
        }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || prefix.starts(with: [0xef, 0xbb, 0xbf])
    }

    /// Refuses what is said about a whole stream where there is none.
    ///
    /// - Parameter more: further options of the command, and whether they are given.
    /// - Throws: bad usage, when one is given.
    func goWithStreams(_ more: [(name: String, isGiven: Bool)] = []) throws(CommandFailure) {
        let own = [("at", offset != nil), ("snapshot", snapshot != nil), ("vmsds", vmsds != nil)]
        guard let option = (own + more).first(where: { $0.1 }) else { return }
        throw .unreadable("error: --\(option.0) goes with a whole migration stream")
    }

    /// What is said about a stream.
    func request(_ stream: OpenedStream? = nil) throws(CommandFailure) -> StreamRequest {
        var request = StreamRequest()
        if let vmsds {
            let text = Array("{\"vmsds\":".utf8) + (try Input.json(vmsds).root.json()) + Array("}".utf8)
            let document = try Input.json(text, vmsds)
            request = try run { () throws(VMStateError) in try StreamRequest(document.root) }
        }
        request.inflate = { (bytes, limit) throws(VMStateError) in try inflateZlib(bytes, limit: limit) }
        request.fileOffset = stream?.fileOffset
        return request
    }
}

/// Reads input; what cannot be read is no finding, so the exit status is 2.
func reading<Value>(
    _ path: String,
    _ body: () throws(VMStateError) -> Value
) throws(CommandFailure) -> Value {
    do throws(VMStateError) {
        return try body()
    } catch {
        throw .unreadable(path, error)
    }
}

extension StreamSource {
    /// Every byte.
    func readAll() throws(VMStateError) -> [UInt8] {
        var all: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            var span = room.mutableSpan
            var bytes = unsafe span.mutableBytes
            let count = try read(into: &bytes, at: all.count)
            if count == 0 { return all }
            all += room[..<count]
        }
    }
}
