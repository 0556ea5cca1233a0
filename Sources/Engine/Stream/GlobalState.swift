// SPDX-License-Identifier: Apache-2.0

/// The run state that a stream carries: a section like any other, whose values its loader looks at.
///
/// Source: QEMU migration/global_state.c, global_state_post_load(); qapi/run-state.json.
enum GlobalState {
    private static let names: Set<String> = [
        "colo", "debug", "finish-migrate", "guest-panicked", "inmigrate", "internal-error", "io-error", "paused",
        "postmigrate", "preconfig", "prelaunch", "restore-vm", "running", "save-vm", "shutdown", "suspended",
        "watchdog",
    ]
    /// The bytes for a name, its NUL included; up to 8.1 more of them were its own, and zero.
    private static let room = 32

    /// What is wrong with a section's values; of any other section, nothing.
    ///
    /// - Parameters:
    ///   - section: the section.
    ///   - number: its place in the document.
    /// - Returns: the findings.
    static func check(_ section: MigrationStream.Section, number: Int) -> [Finding] {
        guard section.idstr == "globalstate", section.kind == .full, let bytes = section.bytes, bytes.count >= 4 + room
        else { return [] }
        func finding(_ severity: Rule.Severity, _ message: String, _ member: String, at place: Int) -> Finding {
            Finding(
                rule: StreamRule.runState,
                severity: severity,
                message: message,
                statePath: JSONPointer(["sections", String(number), "state", member]),
                offset: section.payload.lowerBound + place,
                section: section.idstr
            )
        }
        let text = bytes[4..<4 + room]
        guard let end = text.firstIndex(of: 0) else {
            return [finding(.error, "the name of the run state has no NUL at its end", "runstate", at: 4)]
        }
        let name = String(decoding: text[..<end], as: UTF8.self)
        guard names.contains(name) else {
            return [finding(.error, "\(name.quoted) is no run state", "runstate", at: 4)]
        }
        let size = Int(bytes.bigEndian32(at: 0))
        guard size != name.utf8.count + 1 else { return [] }
        // The loader counts again.
        let message = "the size of the run state is \(size), \"\(name)\" and its NUL have \(name.utf8.count + 1)"
        return [finding(.warning, message, "size", at: 0)]
    }
}
