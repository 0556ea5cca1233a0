// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Engine
internal import Glibc

/// The program: one subcommand for each verb, and the service.
@main
struct QEVM: ParsableCommand {
    static let name = "qevm"

    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Reads, writes and checks QEMU's VMState format.",
        discussion: """
            Files may be "-" for standard input. Exit status: 0 valid, 1 findings of severity error, 2 bad usage or \
            unreadable input.
            """,
        version: Product.version,
        subcommands: [Decode.self, Encode.self, Validate.self, Edit.self, Diff.self, Serve.self, Health.self]
    )

    static func main() {
        StandardFiles.hold()
        do {
            var command = try parsed(Array(CommandLine.arguments.dropFirst()))
            try command.run()
        } catch let failure as CommandFailure {
            Output.error(failure.message)
            Glibc.exit(failure.status)
        } catch {
            // Help and the version are asked for; anything else is bad usage.
            let status = exitCode(for: error)
            let text = fullMessage(for: error)
            if status == .success {
                print(text)
                Glibc.exit(0)
            }
            Output.error(text)
            Glibc.exit(2)
        }
    }
}

extension QEVM {
    /// The command that the arguments mean.
    ///
    /// A verb in front is parsed by itself: going through the whole tree takes longer than most streams do. Each says whose
    /// subcommand it is, so that nothing is spent on looking for --generate-completion-script, which is the program's. What that
    /// does not understand, help and bad usage, goes the long way for its words. Where there is a file and no option, nothing
    /// is parsed.
    private static func parsed(_ arguments: [String]) throws -> any ParsableCommand {
        if let file = arguments.last, arguments.count == 2, file.utf8.first != UInt8(ascii: "-") {
            if arguments[0] == Decode.name { return Decode(file: file) }
            if arguments[0] == Validate.name { return Validate(file: file) }
        }
        let verb = configuration.subcommands.first { $0.configuration.commandName == arguments.first }
        let command = try? verb?.parseAsRoot(Array(arguments.dropFirst()))
        // Help is a command of its own.
        if let command, type(of: command) == verb { return command }
        return try parseAsRoot(arguments)
    }
}

/// Why the program ends without an answer.
struct CommandFailure: Error {
    let message: String
    let status: Int32

    /// Something is wrong with what was given: a finding.
    static func invalid(_ message: String) -> CommandFailure {
        CommandFailure(message: message, status: 1)
    }

    /// The input cannot be read, or the output not be written.
    static func unreadable(_ message: String) -> CommandFailure {
        CommandFailure(message: message, status: 2)
    }
}
