// SPDX-License-Identifier: Apache-2.0

/// The order of sections: QEMU's `MigrationPriority`.
///
/// It does not reach the bytes of a section.
public enum MigrationPriority: String, Sendable, Hashable, CaseIterable {
    case uninitialized = "MIG_PRI_UNINITIALIZED"
    case low = "MIG_PRI_LOW"
    case `default` = "MIG_PRI_DEFAULT"
    case iommu = "MIG_PRI_IOMMU"
    case pciBus = "MIG_PRI_PCI_BUS"
    case virtioMem = "MIG_PRI_VIRTIO_MEM"
    case apic = "MIG_PRI_APIC"
    case gicV3ITS = "MIG_PRI_GICV3_ITS"
    case gicV3 = "MIG_PRI_GICV3"
}
