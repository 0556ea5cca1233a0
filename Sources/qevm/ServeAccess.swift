// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Server

/// Who may use the service.
struct ServeAccess: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            A file with bearer tokens, one on each line, of which callers have to show one (QEVM_TOKEN_FILE). A single \
            token may stand in QEVM_TOKEN; it is no flag, since others can read the flags of a process.
            """,
            valueName: "file"
        )
    )
    var tokenFile: String?

    @Option(
        name: .customLong("cors-origin"),
        help: ArgumentHelp(
            """
            An origin whose pages may use the service, as https://example.org, or *; may be repeated (QEVM_CORS_ORIGINS, \
            separated by commas).
            """,
            valueName: "origin"
        )
    )
    var origins: [String] = []

    func apply(to configuration: inout ServiceConfiguration) throws(CommandFailure) {
        configuration.tokens = try tokens()
        guard let origins = try Setting.list(origins, "QEVM_CORS_ORIGINS") else { return }
        do throws(CrossOrigin.Invalid) {
            configuration.crossOrigin = try CrossOrigin(origins)
        } catch {
            throw .unreadable(
                "error: --cors-origin (QEVM_CORS_ORIGINS) may be * or SCHEME://HOST, not \"\(error.text)\""
            )
        }
    }

    /// Those of the file and of the variable; messages never have one in them.
    private func tokens() throws(CommandFailure) -> BearerTokens? {
        let own = try Setting.text(nil, "QEVM_TOKEN")
        let path = try Setting.text(tokenFile, "QEVM_TOKEN_FILE")
        // Each must hold a token of its own: an empty one would go unnoticed beside the other.
        let fromVariable = try own.map { text throws(CommandFailure) in try Self.parse(Array(text.utf8), "QEVM_TOKEN") }
        let fromFile = try path.map { path throws(CommandFailure) in try Self.parse(try Input.read(path), path) }
        guard let fromVariable, let fromFile else { return fromVariable ?? fromFile }
        return fromVariable.with(fromFile)
    }

    private static func parse(_ text: [UInt8], _ name: String) throws(CommandFailure) -> BearerTokens {
        do throws(BearerTokens.Invalid) {
            return try BearerTokens(text)
        } catch {
            guard let line = error.line else { throw .unreadable("error: \(name) has no token") }
            throw .unreadable("\(name):\(line): error: not a token: letters, digits and -._~+/ with = at the end only")
        }
    }
}
