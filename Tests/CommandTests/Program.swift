// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// What a run of a program left behind.
struct Outcome {
    /// The exit status; nil when a signal ended the program.
    var status: Int32?
    /// The signal that ended the program.
    var signal: Int32?
    var output: [UInt8] = []
    var errors = ""

    /// The output as text.
    var text: String { String(decoding: output, as: UTF8.self) }
}

/// Why a program could not be run to its end.
struct ProgramError: Error {
    let message: String
}

/// The program as it was built beside the tests.
enum Program {
    /// The folder with the built products.
    static let folder: String = {
        // The test bundle stands in it, or is the program that runs now.
        let candidates =
            CommandLine.arguments.filter { $0.contains(".xctest") } + [
                Bundle.main.bundlePath, CommandLine.arguments[0],
            ]
        let folders = candidates.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
        let found = (folders + [Bundle.main.bundlePath, "\(Fixtures.project)/.build/debug"]).first {
            FileManager.default.isExecutableFile(atPath: "\($0)/qevm")
        }
        return found ?? "\(Fixtures.project)/.build/debug"
    }()

    static let path = "\(folder)/qevm"

    /// Runs `qevm` to its end, for at most a minute.
    static func run(
        _ arguments: String...,
        input: [UInt8] = [],
        environment: [String: String] = [:],
        in folder: String? = nil
    ) throws -> Outcome {
        try run(path, arguments, input: input, environment: environment, in: folder)
    }

    /// Runs a line of `sh` with `qevm` on its path.
    static func shell(_ line: String, environment: [String: String] = [:], in folder: String? = nil) throws -> Outcome {
        try run("/bin/sh", ["-c", line], environment: environment, in: folder)
    }

    private static func run(
        _ program: String,
        _ arguments: [String],
        input: [UInt8] = [],
        environment: [String: String],
        in folder: String?
    ) throws -> Outcome {
        let process = process(program, arguments, environment: environment, in: folder)
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = stderr
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        let (output, errors) = (Reader(stdout), Reader(stderr))
        write(input, to: stdin.fileHandleForWriting)
        guard ended.wait(timeout: .now() + 60) == .success else {
            kill(process.processIdentifier, SIGKILL)
            throw ProgramError(message: "\(program) \(arguments) does not end")
        }
        var outcome = Outcome(output: output.bytes, errors: String(decoding: errors.bytes, as: UTF8.self))
        if process.terminationReason == .exit {
            outcome.status = process.terminationStatus
        } else {
            outcome.signal = process.terminationStatus
        }
        return outcome
    }

    /// A process that is not started yet, in an environment without settings of its own.
    static func process(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        in folder: String? = nil
    ) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("QEVM_") }
        variables["PATH"] = "\(Self.folder):\(variables["PATH"] ?? "/usr/bin:/bin")"
        process.environment = variables.merging(environment) { $1 }
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        return process
    }

    private static func write(_ bytes: [UInt8], to handle: FileHandle) {
        // A program that does not read its input closes the pipe; that is no error of the test.
        signal(SIGPIPE, SIG_IGN)
        Thread.detachNewThread {
            try? handle.write(contentsOf: Data(bytes))
            try? handle.close()
        }
    }
}

/// Reads a pipe to its end on a thread of its own.
final class Reader: @unchecked Sendable {
    // `done` orders the write on the thread before the reads.
    private let done = DispatchSemaphore(value: 0)
    private var read: [UInt8] = []

    init(_ pipe: Pipe) {
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread {
            self.read = [UInt8]((try? handle.readToEnd()) ?? Data())
            self.done.signal()
        }
    }

    /// Everything that came; waits for the end.
    var bytes: [UInt8] {
        done.wait()
        defer { done.signal() }
        return read
    }
}

/// A folder that is removed in the end.
final class Folder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("qevm-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file and gives its path.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = "\(path)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    /// Writes a file and gives its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }

    /// The bytes of a file; nil where there is none.
    func read(_ name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: "\(path)/\(name)").map { [UInt8]($0) }
    }
}
