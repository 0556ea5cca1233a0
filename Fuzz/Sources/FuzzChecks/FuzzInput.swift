// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What the targets have in common.
package enum FuzzInput {
    /// The bytes that libFuzzer gives.
    package static func bytes(_ start: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
        Array(UnsafeBufferPointer(start: start, count: count))
    }

    /// Ends the run when a check does not hold; libFuzzer then keeps the input.
    package static func require(_ violation: String?) {
        if let violation { fatalError(violation) }
    }

    /// The fixtures of `cases.txt`, in its order: an input's first byte chooses one.
    package static let cases: [RobustnessCase] = {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let root = package.deletingLastPathComponent().appendingPathComponent("Tests/TestSupport/Fixtures").path
        let list = FileManager.default.contents(atPath: package.appendingPathComponent("cases.txt").path) ?? Data()
        return String(decoding: list, as: UTF8.self).split(separator: "\n").map { folder in
            guard let fixture = RobustnessCase(root: root, folder: String(folder), limits: RobustnessChecks.limits)
            else {
                fatalError("\(folder) in cases.txt is no fixture")
            }
            return fixture
        }
    }()

    /// The fixture that the first byte chooses, and the rest of the input.
    package static func choose(_ start: UnsafePointer<UInt8>?, _ count: Int) -> (RobustnessCase, [UInt8])? {
        let bytes = bytes(start, count)
        guard let first = bytes.first, Int(first) < cases.count else { return nil }
        return (cases[Int(first)], Array(bytes.dropFirst()))
    }
}
