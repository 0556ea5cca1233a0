// SPDX-License-Identifier: Apache-2.0

/// Every bound that is kept while containers are opened.
public struct ContainerLimits: Sendable, Hashable {
    /// Bytes that a gzip container may inflate to; they are never held together.
    public var inflatedBytes = 1 << 40
    /// Bytes of the XML in a libvirt save image.
    public var domainXMLBytes = 16 << 20
    /// Bytes of the snapshot table of a qcow2 image.
    public var snapshotTableBytes = 16 << 20
    /// Containers inside each other.
    public var depth = 4

    /// What applies when nothing else is said.
    public static let `default` = ContainerLimits()

    /// The default limits, to be changed one by one.
    public init() {}
}
