// SPDX-License-Identifier: Apache-2.0

/// A page as a difference from its last content.
///
/// Source: QEMU migration/xbzrle.c, xbzrle_decode_buffer().
struct XBZRLE {
    /// What is wrong with the encoded bytes.
    struct Failure: Error {
        let offset: Int
        let expected: String
        let found: String
    }

    /// Runs of new bytes: where they lie in the encoded bytes, and where they go.
    private var runs: [(source: Range<Int>, target: Int)] = []

    /// Checks the encoded bytes.
    init(_ bytes: [UInt8], pageSize: Int) throws(Failure) {
        var at = 0
        var target = 0
        while at < bytes.count {
            let start = at
            let unchanged = try Self.length(bytes, &at)
            guard unchanged > 0 || start == 0 else {
                throw Failure(offset: start, expected: "a run of unchanged bytes", found: "an empty one")
            }
            target += unchanged
            let run = at
            let changed = try Self.length(bytes, &at)
            guard changed > 0 else {
                throw Failure(offset: run, expected: "a run of changed bytes", found: "an empty one")
            }
            guard target <= pageSize, changed <= pageSize - target, changed <= bytes.count - at else {
                throw Failure(
                    offset: run,
                    expected: "a run within the page and the data",
                    found: "\(changed) bytes for byte \(target)"
                )
            }
            runs.append((at..<at + changed, target))
            at += changed
            target += changed
        }
    }

    /// A length of one or two bytes, seven bits each, lowest first; at least two bytes must be left.
    private static func length(_ bytes: [UInt8], _ at: inout Int) throws(Failure) -> Int {
        guard bytes.count - at >= 2 else {
            throw Failure(offset: at, expected: "the length of a run and what follows", found: "the end")
        }
        let first = Int(bytes[at])
        at += 1
        guard first & 0x80 != 0 else { return first }
        let second = Int(bytes[at])
        guard second & 0x80 == 0 else {
            throw Failure(offset: at, expected: "a length below 16384", found: "a third byte")
        }
        at += 1
        return first & 0x7f | second << 7
    }

    /// Writes the new bytes into the page.
    func apply(_ bytes: [UInt8], to page: inout [UInt8]) {
        for run in runs { page.replaceSubrange(run.target..<run.target + run.source.count, with: bytes[run.source]) }
    }
}
