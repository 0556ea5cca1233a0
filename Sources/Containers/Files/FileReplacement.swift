// SPDX-License-Identifier: Apache-2.0

public import Engine
internal import Glibc

/// A new file that takes the place of the one at a path when all of it is written.
///
/// Until then it has no name, so that it goes away with the process whatever ends that. Where the file system cannot do it, it has
/// one in the same folder that cannot be foreseen, and goes away with the last user of this value.
public final class FileReplacement {
    /// The new file, empty.
    public let file: SparseFile
    private let descriptor: Descriptor
    private let path: String
    private let target: String
    private var temporary: String?
    private var isInPlace = false

    /// Linux's bound on links that lead to links (path_resolution(7)).
    private static let maximumLinks = 40

    /// Makes the new file, with the mode of the one that is there.
    ///
    /// Of a symbolic link the file is replaced that it leads to. There is no value when something is there that is to be written
    /// as it is: a device, a pipe, a file that a process has open (`/dev/fd/1`), one that is mounted by itself or in a folder in
    /// which nothing can be made.
    ///
    /// - Parameter path: of a regular file, or of none.
    /// - Throws: `output-unwritable`.
    public convenience init?(of path: String) throws(VMStateError) {
        try self.init(of: path, isNamed: false)
    }

    /// Makes the new file, with a name from the start if that is asked for.
    init?(of path: String, isNamed: Bool) throws(VMStateError) {
        guard let target = try Self.target(of: path) else { return nil }
        var status = stat()
        let isThere = unsafe stat(target, &status) == 0
        if isThere, status.st_mode & S_IFMT != S_IFREG { return nil }
        let mode: mode_t = isThere ? 0o600 : 0o666
        let folder = Self.folder(of: target)
        // What is mounted there by itself cannot be replaced, nor anything where no file can be made: then it is written as it is.
        var place = stat()
        let name = folder.isEmpty ? "." : folder
        if isThere, unsafe stat(name, &place) == 0 {
            let takesFiles = unsafe access(name, W_OK | X_OK) == 0
            guard takesFiles, place.st_dev == status.st_dev else { return nil }
        }
        let descriptor: Descriptor
        if !isNamed, let unnamed = TemporaryFile.makeNameable(in: folder, mode: mode) {
            descriptor = unnamed
        } else {
            let (file, name) = try TemporaryFile.makeNamed(in: folder, mode: mode, for: path)
            descriptor = file
            temporary = name
        }
        if isThere {
            // Nobody but root gives files away; whoever may not, owns the new one.
            _ = fchown(descriptor.number, status.st_uid, status.st_gid)
            guard fchmod(descriptor.number, status.st_mode & 0o7777) == 0 else {
                let reason = SystemError.text(errno)
                if let temporary { _ = unsafe unlink(temporary) }
                throw .unwritable("\(path): \(reason)")
            }
        }
        self.path = path
        self.target = target
        self.descriptor = descriptor
        file = SparseFile(descriptor, name: path)
    }

    deinit {
        if !isInPlace, let temporary { _ = unsafe unlink(temporary) }
    }

    /// The descriptor of the new file, which this value closes.
    public var number: Int32 { descriptor.number }

    /// Gives the new file its name.
    ///
    /// - Throws: `output-unwritable`.
    public func commit() throws(VMStateError) {
        // What a network file system has not written yet, it says when a descriptor is closed.
        let copy = dup(descriptor.number)
        let isWritten = copy >= 0 && close(copy) == 0
        if isWritten, temporary == nil { temporary = TemporaryFile.link(descriptor, in: Self.folder(of: target)) }
        guard isWritten, let temporary, unsafe rename(temporary, target) == 0 else {
            throw .unwritable("\(path): \(SystemError.text(errno))")
        }
        isInPlace = true
    }

    // MARK: Links

    /// Where a path leads: the end of its links, at which there need not be a file; nil: to a descriptor of a process.
    private static func target(of path: String) throws(VMStateError) -> String? {
        var target = path
        var processes = stat()
        let hasProcesses = unsafe stat("/proc", &processes) == 0
        for _ in 0...maximumLinks {
            var status = stat()
            guard unsafe lstat(target, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return target }
            // The text of such a link is a name that the open file once had.
            if hasProcesses, status.st_dev == processes.st_dev, folder(of: target).hasSuffix("fd/") { return nil }
            guard let link = link(at: target) else { throw .unwritable("\(path): \(SystemError.text(EILSEQ))") }
            target = link.hasPrefix("/") ? link : folder(of: target) + link
        }
        throw .unwritable("\(path): \(SystemError.text(ELOOP))")
    }

    /// What a link says; nil: it is no text.
    private static func link(at path: String) -> String? {
        var room = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe room.withUnsafeMutableBytes {
            unsafe $0.withMemoryRebound(to: CChar.self) { room in
                unsafe room.baseAddress.map { unsafe readlink(path, $0, room.count) } ?? -1
            }
        }
        guard count > 0 else { return nil }
        return String(validating: room[..<count], as: UTF8.self)
    }

    /// The part of a path up to its last slash.
    private static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return String(path[...slash])
    }
}
