// SPDX-License-Identifier: Apache-2.0

/// What sections are told apart by: the device's name and instance, and where those are not enough the section's kind.
struct SectionKey: Hashable {
    let idstr: String
    let instanceID: Int
    var kind = MigrationStream.Section.Kind.full
}

extension SectionKey {
    init(_ section: MigrationStream.Section) {
        self.init(idstr: section.idstr, instanceID: Int(section.instanceID), kind: section.kind)
    }
}
