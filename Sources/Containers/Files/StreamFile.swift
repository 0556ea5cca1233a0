// SPDX-License-Identifier: Apache-2.0

public import Engine
internal import Glibc

/// The source that suits an open file.
public enum StreamFile {
    /// Opens a path: regular files and block devices for reading anywhere, all others as a pipe.
    ///
    /// - Throws: `input-unreadable` when it cannot be opened.
    public static func open(path: String) throws(VMStateError) -> any StreamSource {
        try source(Descriptor(reading: path), name: path)
    }

    /// Takes a descriptor that is open, such as that of standard input.
    ///
    /// Of a regular file that has been read in part, what is left.
    ///
    /// - Parameters:
    ///   - descriptor: open for reading.
    ///   - closes: whether it is closed with the source.
    ///   - name: what errors call it.
    /// - Returns: the source.
    /// - Throws: `input-unreadable` when it cannot be read.
    public static func open(
        descriptor: Int32,
        closes: Bool = false,
        name: String = "standard input"
    ) throws(VMStateError) -> any StreamSource {
        let open = Descriptor(descriptor, closes: closes)
        let source = try source(open, name: name)
        guard source.size != nil else { return source }
        let position = Int(lseek(descriptor, 0, SEEK_CUR))
        return position > 0 ? WindowSource(source, offset: position) : source
    }

    private static func source(_ descriptor: Descriptor, name: String) throws(VMStateError) -> any StreamSource {
        switch descriptor.status()?.kind {
        case S_IFREG, S_IFBLK, S_IFDIR, nil: try FileSource(descriptor, name: name)
        default: PipeSource(descriptor, name: name)
        }
    }
}
