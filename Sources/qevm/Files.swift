// SPDX-License-Identifier: Apache-2.0

internal import Engine
internal import Glibc

/// A file or standard input, read whole.
enum Input {
    static func read(_ path: String) throws(CommandFailure) -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable("\(path): \(systemError())") }
        defer { if path != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = unsafe room.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN && Descriptors.wait(for: POLLIN, of: descriptor) { continue }
                throw .unreadable("\(path): \(systemError())")
            }
            bytes += room[..<count]
        }
    }

    /// A JSON file; errors have the form that compilers and editors know.
    static func json(_ path: String) throws(CommandFailure) -> JSONDocument {
        try json(try read(path), path)
    }

    static func json(_ bytes: [UInt8], _ path: String) throws(CommandFailure) -> JSONDocument {
        do throws(JSONError) {
            return try JSONDocument(request: bytes)
        } catch {
            throw .unreadable("\(path):\(error.line):\(error.column): error: \(error)")
        }
    }

    /// The whole stream that a request document carries; nil: it is about one description.
    static func carried(_ bytes: [UInt8], _ path: String) throws(CommandFailure) -> CarriedStream? {
        let document = try json(bytes, path)
        return try run { () throws(VMStateError) in try CarriedStream(document.root) }
    }
}

/// Where answers go.
enum Output {
    /// Writes all of `bytes` to a file, or to standard output when there is none.
    static func write(_ bytes: [UInt8], to path: String?) throws(CommandFailure) {
        try write([bytes], to: path)
    }

    /// Writes a text and the end of its line.
    static func write(line text: [UInt8], to path: String?) throws(CommandFailure) {
        try write([text, [UInt8(ascii: "\n")]], to: path)
    }

    private static func write(_ parts: [[UInt8]], to path: String?) throws(CommandFailure) {
        guard let path, !OutputFile.isStandard(path) else {
            for part in parts { try write(part, STDOUT_FILENO, "standard output") }
            return
        }
        try replace(path, reading: nil) { (file) throws(VMStateError) in
            for part in parts { try file.write(part) }
        }
    }

    /// Lets `body` write a file piece by piece; the file is there under its name only when all of it is.
    ///
    /// Standard output, devices and pipes get the pieces as they come.
    ///
    /// - Parameters:
    ///   - path: where the bytes go; nil: standard output.
    ///   - name: what errors call the input, if there is any.
    ///   - body: writes.
    /// - Throws: what `run` makes of the errors of `body`, and what cannot be written.
    static func replace(
        _ path: String?,
        reading name: String?,
        _ body: (OutputFile) throws(VMStateError) -> Void
    ) throws(CommandFailure) {
        try run(named: name) { () throws(VMStateError) in
            let file = try OutputFile(path)
            try body(file)
            try file.finish()
        }
    }

    /// Says which names of --sections nothing has.
    static func noSections(_ names: [String], in files: String) -> String {
        names.map { "\(files): no section \"\($0)\"" }.joined(separator: "\n")
    }

    /// A line that is written over by the next one.
    static func progress(_ line: String) {
        try? write(Array(line.utf8), STDERR_FILENO, "standard error")
    }

    /// A message for the person at the terminal.
    static func error(_ message: String) {
        try? write(Array((message + "\n").utf8), STDERR_FILENO, "standard error")
    }

    private static func write(_ bytes: [UInt8], _ descriptor: Int32, _ name: String) throws(CommandFailure) {
        guard Descriptors.write(bytes, bytes.indices, to: descriptor) else {
            throw .unreadable("\(name): \(systemError())")
        }
    }
}

/// The system's words for its last error.
func systemError() -> String {
    unsafe String(cString: strerror(errno))
}
