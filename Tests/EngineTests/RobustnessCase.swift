// SPDX-License-Identifier: Apache-2.0

package import Engine
internal import Foundation

/// A fixture made ready for tests that run it thousands of times.
///
/// The fuzz targets use the same file.
package struct RobustnessCase: Sendable, CustomStringConvertible {
    /// The fixture's folder, such as `codec/e2-array`.
    package let folder: String
    package let codec: VMStateCodec
    package let options: VMStateCodec.DecodeOptions
    package let wire: [UInt8]
    package let state: JSONNode
    /// Whether `vmsd.json` has subsections, whose order and number the stream decides.
    package let hasSubsections: Bool
    /// Whether `vmsd.json` has queues, which keep the elements of the destination.
    package let hasQueues: Bool

    /// Whether `vmsd.json` has infos that can be taken apart, as far as fixtures have them.
    package let hasOpaqueInfos: Bool

    package var description: String { folder }

    /// Reads the fixture in `folder` of `root`; nil where something is missing.
    package init?(root: String, folder: String, limits: Limits = .default) {
        func node(_ name: String) -> JSONNode? {
            FileManager.default.contents(atPath: "\(root)/\(folder)/\(name)")
                .flatMap { try? JSONDocument(parsing: [UInt8]($0)).root }
        }
        guard let vmsd = node("vmsd.json"), let state = node("state.json"),
            let digits = FileManager.default.contents(atPath: "\(root)/\(folder)/wire.hex"),
            let wire = Self.bytes(String(decoding: digits, as: UTF8.self).filter { !$0.isWhitespace })
        else { return nil }
        let request = node("request.json")
        var given: [String: Engine.Predicate] = [:]
        for (name, value) in (request?["predicates"]?.members ?? []) + (request?["constants"]?.members ?? []) {
            given[name] = try? Engine.Predicate(value.string ?? String(decoding: value.json(), as: UTF8.self))
        }
        guard let dialect = Dialect(name: request?["dialect"]?.string ?? "next"),
            let codec = try? VMStateCodec(
                VMStateDocument(vmsd, dialect: dialect),
                dialect: dialect,
                given: given,
                limits: limits
            )
        else { return nil }
        var options = VMStateCodec.DecodeOptions()
        options.versionID = request?["version_id"]?.int
        options.initial = request?["initial"]
        self.folder = folder
        self.codec = codec
        self.options = options
        self.wire = wire
        self.state = state
        let text = String(decoding: vmsd.json(), as: UTF8.self)
        hasSubsections = text.contains("\"subsections\":[{") || text.contains("\"subsections\":[\"")
        hasOpaqueInfos = ["pci ", "msix ", "virtio", "cpsr", "powered_off", "fpr", "avr", "scsi-requests"].contains {
            text.contains("\"info\":\"\($0)")
        }
        hasQueues = text.contains("\"qtailq\"") || text.contains("\"qlist\"")
    }

    private static func bytes(_ digits: String) -> [UInt8]? {
        let digits = Array(digits.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for at in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[at..<at + 2], as: UTF8.self), radix: 16) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
