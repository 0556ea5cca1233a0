// SPDX-License-Identifier: Apache-2.0

public import Engine

/// Finds the stream in a file: bare, compressed, saved by libvirt, or in a snapshot.
public enum StreamContainer {
    /// What the caller knows of the file, and wants of the stream.
    public struct Options: Sendable, Hashable {
        /// Where to look in the file.
        public var offset = 0
        /// Name or id of the snapshot of a qcow2 image.
        public var snapshot: String?
        /// Whether a stream that is in no qcow2 image is an error when there is a snapshot.
        public var requiresImage = true
        /// How large the copy may be that is made of a stream whose bytes come once, in order; nil makes none.
        ///
        /// The copy is a temporary file; the stream has a size then, and can be read anywhere.
        public var spoolBytes: Int?
        /// Where the temporary file is; nil for the folder that `TMPDIR` names, or `/var/tmp`.
        public var spoolDirectory: String?
        /// Every bound that is kept.
        public var limits = ContainerLimits.default

        /// The stream is to be at the start of the file.
        public init() {}
    }

    /// Whether `source` begins like something that holds a stream, or like something that has to be unpacked first.
    ///
    /// - Throws: `input-unreadable`.
    public static func isContainer(_ source: any StreamSource) throws(VMStateError) -> Bool {
        switch Magic(try PeekedSource(source, count: Magic.length).prefix) {
        case .libvirtSave, .libvirtPart, .gzip, .qcow2, .packed: true
        case .migration, .cprState, .other, nil: false
        }
    }

    /// Opens what `source` holds, by its magic.
    ///
    /// - Parameters:
    ///   - source: a file, a pipe, bytes.
    ///   - options: what the caller knows and wants.
    /// - Returns: the stream and what is around it.
    /// - Throws: `input-unreadable` where there is no stream or it cannot be had, with what was found instead;
    ///   `limit-exceeded`; `output-unwritable` where the temporary file cannot be written.
    public static func open(
        _ source: any StreamSource,
        options: Options = Options()
    ) throws(VMStateError) -> OpenedStream {
        guard options.offset >= 0 else {
            throw .unreadable(expected: "an offset of at least 0", "\(options.offset)")
        }
        if let size = source.size, options.offset > size {
            throw .unreadable(expected: "an offset of at most \(size), the size of the file", "\(options.offset)")
        }
        let part = options.offset == 0 ? source : WindowSource(source, offset: options.offset)
        let opened = try ContainerOpener(options: options).open(part, fileOffset: options.offset, inside: [])
        if let snapshot = options.snapshot, options.requiresImage,
            !opened.containers.contains(where: { $0.name == "qcow2" })
        {
            throw .unreadable(expected: "a qcow2 image with the snapshot \(snapshot.shown)", "a stream without one")
        }
        return opened
    }
}

/// Goes from container to container.
struct ContainerOpener {
    let options: StreamContainer.Options

    func open(
        _ base: any StreamSource,
        fileOffset: Int,
        inside containers: [Container]
    ) throws(VMStateError) -> OpenedStream {
        guard containers.count <= options.limits.depth else {
            throw .exceeds(expected: "at most \(options.limits.depth) containers inside each other")
        }
        let source = try PeekedSource(base, count: Magic.length)
        let magic = Magic(source.prefix)
        // Bytes that can be read again need nobody who keeps them.
        let whole: any StreamSource = base.size == nil ? source : base
        switch magic {
        case .migration, .cprState:
            return OpenedStream(
                format: magic == .cprState ? .cprState : .migration,
                source: try seekable(whole),
                containers: containers,
                fileOffset: fileOffset
            )
        case .libvirtSave, .libvirtPart:
            return try open(LibvirtSaveImage(whole, limits: options.limits), whole, fileOffset, containers)
        case .gzip:
            let content = GzipSource(whole, limit: options.limits.inflatedBytes)
            // What the compressor was given is the file now.
            return try open(content, fileOffset: 0, inside: containers + [Container(kind: .gzip, contentOffset: 0)])
        case .qcow2: return try open(image: whole, containers)
        case .packed(let name, let command):
            throw .unreadable(
                at: 0,
                expected: "a migration stream, plain or in gzip",
                "\(name) data; unpack it first: \(command)"
            )
        case .other(let what): throw .unreadable(at: 0, expected: "a migration stream", what)
        case nil:
            throw .unreadable(
                at: 0,
                expected: "a migration stream (QEVM), QCPR, a libvirt save image, gzip or a qcow2 image",
                source.prefix.isEmpty ? "no bytes" : "the bytes \(source.prefix.hexadecimal)"
            )
        }
    }

    private func open(
        _ image: LibvirtSaveImage,
        _ source: any StreamSource,
        _ fileOffset: Int,
        _ containers: [Container]
    ) throws(VMStateError) -> OpenedStream {
        let content = WindowSource(source, offset: image.streamOffset)
        switch image.format {
        case .raw, .sparse, .gzip: break
        case .bzip2, .xz, .lzop, .zstd:
            throw .unreadable(
                at: image.streamOffset,
                expected: "a libvirt save image in the format raw, gzip or sparse",
                "\(image.format); unpack the stream first: "
                    + "tail -c +\(image.streamOffset + 1) FILE | \(image.format) -dc"
            )
        }
        let container = Container(kind: .libvirt(image), contentOffset: image.streamOffset)
        return try open(content, fileOffset: fileOffset + image.streamOffset, inside: containers + [container])
    }

    private func open(image source: any StreamSource, _ containers: [Container]) throws(VMStateError) -> OpenedStream {
        guard source.size != nil || options.spoolBytes != nil else {
            throw .unreadable(at: 0, expected: "a file for a qcow2 image", "one that cannot be read out of order")
        }
        let image = try Qcow2Image(seekable(source), limits: options.limits)
        guard let name = options.snapshot else {
            throw .unreadable(
                expected: "the name of a snapshot: a qcow2 image has its streams there",
                image.snapshots.isEmpty ? "an image without snapshots" : "an image with \(image.shownSnapshots)"
            )
        }
        let snapshot = try image.snapshot(named: name)
        let state = try image.state(of: snapshot)
        let container = Container(kind: .snapshot(snapshot), contentOffset: state.diskOffset)
        return try open(state, fileOffset: 0, inside: containers + [container])
    }

    private func seekable(_ source: any StreamSource) throws(VMStateError) -> any StreamSource {
        guard source.size == nil, let limit = options.spoolBytes else { return source }
        return try FileSource.spooling(source, limit: limit, directory: options.spoolDirectory)
    }
}
