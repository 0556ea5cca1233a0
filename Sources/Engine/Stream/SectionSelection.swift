// SPDX-License-Identifier: Apache-2.0

/// Which sections are wanted, by idstr or VMSD name.
struct SectionSelection {
    /// nil: all.
    private let names: Set<String>?

    init(_ names: [String]?) {
        self.names = names.map { Set($0) }
    }

    /// Whether a section is one of those that are wanted: by its idstr, or by what follows a slash in it.
    func contains(_ idstr: String) -> Bool {
        guard let names else { return true }
        if names.contains(idstr) { return true }
        var rest = idstr[...]
        while let slash = rest.firstIndex(of: "/") {
            rest = rest[rest.index(after: slash)...]
            if names.contains(String(rest)) { return true }
        }
        return false
    }
}
