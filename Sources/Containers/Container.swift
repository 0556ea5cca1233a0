// SPDX-License-Identifier: Apache-2.0

public import Engine

/// What is around a stream.
public struct Container: Sendable, Hashable {
    /// What kind it is, and what it says of its content.
    public enum Kind: Sendable, Hashable {
        /// A gzip file.
        case gzip
        /// A save image of libvirt.
        case libvirt(LibvirtSaveImage)
        /// An internal snapshot of a qcow2 image.
        case snapshot(Qcow2Snapshot)
    }

    /// What kind it is.
    public let kind: Kind
    /// Where its content starts: a byte of the container, for a snapshot of the virtual disk in it.
    public let contentOffset: Int

    /// A word for the kind: `gzip`, `libvirt` or `qcow2`.
    public var name: String {
        switch kind {
        case .gzip: "gzip"
        case .libvirt: "libvirt"
        case .snapshot: "qcow2"
        }
    }
}

extension Container: CustomStringConvertible {
    /// A line for a person.
    public var description: String {
        switch kind {
        case .gzip: "gzip"
        case .libvirt(let image):
            "libvirt save image of \((image.name ?? "").shown), \(image.wasRunning ? "running" : "paused"), "
                + "\(image.format), stream at offset \(contentOffset)"
        case .snapshot(let snapshot):
            "qcow2 snapshot \(snapshot.name.shown) (id \(snapshot.id.shown)), \(snapshot.stateSize) bytes of VM state"
        }
    }
}

/// A stream that was found, with all that is around it.
public struct OpenedStream {
    /// What kind of stream it is.
    public enum Format: Sendable, Hashable {
        /// `QEVM`.
        case migration
        /// `QCPR`: the state of descriptors beside a migration stream.
        case cprState
    }

    /// What kind of stream it is.
    public let format: Format
    /// The stream, from its magic on.
    public let source: any StreamSource
    /// The containers around it, the outermost first.
    public let containers: [Container]
    /// Which offset of the file that QEMU wrote the first byte of `source` has.
    ///
    /// The offsets in the headers of `mapped-ram` are those of that file.
    public let fileOffset: Int

    /// The save image of libvirt that the stream is in; nil: it is in none.
    public var saveImage: LibvirtSaveImage? {
        for case .libvirt(let image) in containers.reversed().map(\.kind) { return image }
        return nil
    }
}
