// SPDX-License-Identifier: Apache-2.0

/// What a section holds whose format is its own.
enum PrivateContent: Sendable {
    /// Numbers by name, in the order of the bytes.
    case summary([(name: String, value: Int)])
    /// What a section of `dirty-bitmap` says.
    case bitmaps(DirtyBitmapContent)
    /// What a section of `block` says.
    case disks(DiskContent)
}
