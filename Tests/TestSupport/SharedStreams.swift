// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// The real streams beside the project, in `../shared/streams`; a clone without them has none.
public enum SharedStreams {
    private static let folder = URL(fileURLWithPath: Fixtures.project).deletingLastPathComponent()
        .appendingPathComponent("shared/streams").path

    /// The names of the streams, without their ending.
    public static let names: [String] = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
        .filter { $0.hasSuffix(".mig.xz") }.map { String($0.dropLast(7)) }.sorted()

    /// The bytes of a stream.
    public static func bytes(_ name: String) throws -> [UInt8] {
        try unpack("xz", "\(folder)/\(name).mig.xz")
    }

    /// The bytes of a file beside a stream, such as `state.json`; nil where there is none.
    public static func bytes(_ name: String, _ kind: String) throws -> [UInt8]? {
        let path = "\(folder)/\(name).\(kind).gz"
        return FileManager.default.fileExists(atPath: path) ? try unpack("gzip", path) : nil
    }

    private static func unpack(_ tool: String, _ path: String) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [tool, "-dc", path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return [UInt8](bytes)
    }
}
