// SPDX-License-Identifier: Apache-2.0

internal import Containers
internal import Engine
internal import Glibc

/// What an answer is written to from its first byte to its last: a new file, a pipe, standard output.
///
/// Where it is a regular file, zeros become holes.
final class OutputFile {
    private let descriptor: Int32
    private let name: String
    private let replacement: FileReplacement?
    private let closes: Bool
    private let keepsHoles: Bool
    /// How many bytes there were.
    private var position = 0

    /// Whether a path means standard output.
    static func isStandard(_ path: String?) -> Bool {
        path == nil || path == "-" || path == "/dev/stdout"
    }

    /// Opens it.
    ///
    /// - Parameter path: a regular file stays as it is until `finish`; nil and "-" for standard output.
    /// - Throws: `output-unwritable`.
    init(_ path: String?) throws(VMStateError) {
        guard let path, !Self.isStandard(path) else {
            descriptor = STDOUT_FILENO
            name = "standard output"
            replacement = nil
            closes = false
            keepsHoles = Self.takesHoles(STDOUT_FILENO)
            return
        }
        name = path
        replacement = try FileReplacement(of: path)
        if let replacement {
            descriptor = replacement.number
            closes = false
            keepsHoles = true
        } else {
            descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
            closes = true
            keepsHoles = Self.takesHoles(descriptor)
            guard descriptor >= 0 else { throw .unwritable("\(path): \(systemError())") }
        }
    }

    deinit {
        if closes, descriptor >= 0 { close(descriptor) }
    }

    /// Whether what a descriptor leaves out reads as zeros: at the end of a regular file.
    private static func takesHoles(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        let flags = fcntl(descriptor, F_GETFL)
        return flags >= 0 && flags & O_APPEND == 0 && lseek(descriptor, 0, SEEK_CUR) >= status.st_size
    }

    /// Writes all of `bytes` behind what was written before.
    ///
    /// - Throws: `output-unwritable`.
    func write(_ bytes: [UInt8]) throws(VMStateError) {
        guard keepsHoles else { return try write(bytes, bytes.indices) }
        for part in ZeroBlocks.split(bytes, at: position) {
            if part.isZero { try writeZeros(part.range.count) } else { try write(bytes, part.range) }
        }
    }

    /// Writes zeros behind what was written before.
    ///
    /// - Throws: `output-unwritable`.
    func writeZeros(_ count: Int) throws(VMStateError) {
        if keepsHoles {
            guard lseek(descriptor, off_t(count), SEEK_CUR) >= 0 else { throw unwritable() }
            position += count
            return
        }
        let zeros = [UInt8](repeating: 0, count: min(count, 1 << 20))
        var left = count
        while left > 0 {
            let part = min(left, zeros.count)
            try write(zeros, 0..<part)
            left -= part
        }
    }

    /// Gives the file its length and its name.
    ///
    /// - Throws: `output-unwritable`.
    func finish() throws(VMStateError) {
        if keepsHoles {
            var status = stat()
            let end = lseek(descriptor, 0, SEEK_CUR)
            guard end >= 0, unsafe fstat(descriptor, &status) == 0 else { throw unwritable() }
            // A hole at the end is none yet.
            if end > status.st_size, ftruncate(descriptor, end) != 0 { throw unwritable() }
        }
        try replacement?.commit()
    }

    private func write(_ bytes: [UInt8], _ range: Range<Int>) throws(VMStateError) {
        guard Descriptors.write(bytes, range, to: descriptor) else { throw unwritable() }
        position += range.count
    }

    private func unwritable() -> VMStateError {
        .unwritable("\(name): \(systemError())")
    }
}
