// SPDX-License-Identifier: Apache-2.0

internal import CMalloc
internal import Glibc

/// How the C library deals with memory that is free again.
enum Memory {
    /// Gives the memory of a large request back once it has its answer, and keeps enough for small ones.
    ///
    /// To be called before there are threads; decision 0007. Whoever sets glibc's own variable decides instead.
    static func setUp() {
        guard unsafe getenv("GLIBC_TUNABLES") == nil else { return }
        // From here on a block is a mapping of its own, which ends with it. Without this the bound rises to 32 MiB.
        _ = mallopt(M_MMAP_THRESHOLD, 1 << 20)
        // What may be free at the end of a heap. With the 128 KiB that are the default, each request of some tens of
        // kilobytes gives its memory back and then gets it anew, page by page.
        _ = mallopt(M_TRIM_THRESHOLD, 4 << 20)
    }
}
