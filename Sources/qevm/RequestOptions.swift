// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Engine

/// What encode, decode and validate have in common.
struct RequestOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The description: a VMSD, or a device of a vmdesc.", valueName: "file"))
    var vmsd: String?

    @Option(help: ArgumentHelp("Whose rules apply: 7.2, 10.0, 11.1 or next (default).", valueName: "release"))
    var dialect: String?

    @Option(help: ArgumentHelp("The version of the stream (default: the description's).", valueName: "number"))
    var versionID: Int?

    @Option(
        name: .customLong("define"),
        help: ArgumentHelp(
            "What a predicate or a constant of the description stands for: an expression. May be repeated.",
            valueName: "name=expression"
        )
    )
    var definitions: [String] = []

    @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Where the answer goes.", valueName: "file"))
    var output: String?

    /// Refuses options that a request document says itself: beside one they would be lost.
    ///
    /// - Parameter more: further options of the command, and whether they are given.
    /// - Throws: bad usage, when one is given.
    func goWithoutRequest(_ more: [(name: String, isGiven: Bool)]) throws(CommandFailure) {
        let own = [
            ("dialect", dialect != nil), ("version-id", versionID != nil), ("define", !definitions.isEmpty),
        ]
        guard let option = (own + more).first(where: { $0.1 }) else { return }
        throw .unreadable("error: --\(option.0) goes with --vmsd; a request document says it itself")
    }

    /// Refuses options about a description: a whole stream has its own.
    func goWithStreams(_ more: [(name: String, isGiven: Bool)]) throws(CommandFailure) {
        let own = [
            ("dialect", dialect != nil), ("version-id", versionID != nil), ("define", !definitions.isEmpty),
        ]
        guard let option = (own + more).first(where: { $0.1 }) else { return }
        throw .unreadable("error: --\(option.0) goes with --vmsd, not with a whole migration stream")
    }

    /// The request document that these options make, with further members: name and JSON text.
    func document(_ members: [(name: String, json: [UInt8])]) throws(CommandFailure) -> JSONDocument {
        var writer = JSONObjectWriter(limit: .max)
        if let vmsd { writer.member("vmsd", json: try Input.json(vmsd).root.json()) }
        if let dialect { writer.member("dialect", dialect) }
        if let versionID { writer.member("version_id", versionID) }
        if !definitions.isEmpty {
            let pairs = definitions.map { $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false) }
            guard pairs.allSatisfy({ $0.count == 2 }) else { throw .unreadable("--define needs NAME=EXPRESSION") }
            writer.member(
                "predicates",
                object: { object in
                    for pair in pairs { object.member(String(pair[0]), String(pair[1])) }
                }
            )
        }
        for member in members { writer.member(member.name, json: member.json) }
        do {
            return try JSONDocument(request: try writer.finish())
        } catch {
            throw .unreadable("\(error)")
        }
    }
}

/// How decoded values are shown.
struct PrintingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("64-bit integers as \"number\" (default) or \"string\".", valueName: "form"))
    var int64: Int64Form?

    @Option(help: ArgumentHelp("Buffers as \"hex\" (default) or \"base64\".", valueName: "form"))
    var bytes: BytesForm?

    enum Int64Form: String, ExpressibleByArgument { case number, string }
    enum BytesForm: String, ExpressibleByArgument { case hex, base64 }

    var options: AnswerOptions {
        var options = AnswerOptions()
        options.printing.int64AsString = int64 == .string
        options.printing.bytesAsBase64 = bytes == .base64
        return options
    }
}

/// Runs engine code; what it refuses is a finding, so the exit status is 1.
///
/// Bad requests, input that cannot be read and output that cannot be written are none: 2.
///
/// - Parameters:
///   - name: of the file that is read; nil: none is.
///   - body: the code.
/// - Returns: what it returns.
/// - Throws: its error, as a message for the person at the terminal.
func run<Value>(named name: String? = nil, _ body: () throws(VMStateError) -> Value) throws(CommandFailure) -> Value {
    do throws(VMStateError) {
        return try body()
    } catch {
        switch error.code {
        case .requestInvalid: throw .unreadable("error: \(error)")
        case .inputUnreadable: throw name.map { .unreadable($0, error) } ?? .unreadable("error: \(error)")
        case .outputUnwritable: throw .unreadable(error.found ?? "error: \(error)")
        default: throw .invalid("error: \(error)")
        }
    }
}

extension CommandFailure {
    /// A file cannot be read.
    static func unreadable(_ path: String, _ error: VMStateError) -> CommandFailure {
        // What the system says has the name already.
        if error.code == .inputUnreadable, error.expected == nil, let found = error.found, found.hasPrefix(path) {
            return .unreadable(found)
        }
        return .unreadable("\(path): error: \(error)")
    }
}
