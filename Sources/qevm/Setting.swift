// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A flag, else the environment.
enum Setting {
    static func text(_ flag: String?, _ name: String) throws(CommandFailure) -> String? {
        if let flag { return flag }
        return unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    static func number(_ flag: Int?, _ name: String, _ range: ClosedRange<Int>) throws(CommandFailure) -> Int? {
        guard let text = try text(flag.map(String.init), name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .unreadable(
                "error: \(flagName(name)) (\(name)) may be \(range.lowerBound) … \(range.upperBound), not \"\(text)\""
            )
        }
        return number
    }

    /// What a flag gives that may be repeated, else the parts of the variable between commas.
    static func list(_ flags: [String], _ name: String) throws(CommandFailure) -> [String]? {
        if !flags.isEmpty { return flags }
        guard let text = try text(nil, name) else { return nil }
        let parts = text.split(separator: ",").map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        guard !parts.isEmpty, !parts.contains("") else { throw .unreadable("error: \(name) has an empty member") }
        return parts
    }

    /// The flag that goes with a variable: `--body-bytes` for `QEVM_BODY_BYTES`.
    private static func flagName(_ name: String) -> String {
        "--" + String(name.dropFirst("QEVM_".count).lowercased().map { $0 == "_" ? "-" : $0 })
    }
}
