// SPDX-License-Identifier: Apache-2.0

import Engine
import Foundation
import TestSupport

/// Streams that QEMU wrote.
enum StreamSamples {
    /// The folder of the larger corpus: `QEVM_CORPUS`, or `../shared/streams` beside the project.
    static let corpus =
        ProcessInfo.processInfo.environment["QEVM_CORPUS"] ?? "\(Fixtures.project)/../shared/streams"

    /// Whether this is a build with optimisation, which does more in the same time.
    static let isOptimised: Bool = {
        var isDebug = false
        assert(
            {
                isDebug = true; return true
            }()
        )
        return !isDebug
    }()

    /// Whether everything of the corpus is compared; a build without optimisation takes half a minute for it, so that it
    /// has to be asked for.
    static let isThorough = isOptimised || ProcessInfo.processInfo.environment["QEVM_CORPUS"] != nil

    /// The names in the corpus; empty where it is not there.
    static let corpusNames = names(in: corpus, ending: ".mig.xz")

    /// The folder that `scripts/stream-zoo` filled, and the names in it.
    static let zoo = ProcessInfo.processInfo.environment["QEVM_STREAMS"] ?? ""
    static let zooNames = zoo.isEmpty ? [] : names(in: zoo, ending: ".mig")

    /// The streams that come with the project: as they are, and with gzip.
    static let names =
        (names(in: "\(Fixtures.root)/streams", ending: ".mig")
        + names(in: "\(Fixtures.root)/streams", ending: ".mig.gz"))
        .sorted()

    /// A stream that comes with the project.
    static func bytes(_ name: String) throws -> [UInt8] {
        try file("\(name).mig")
    }

    /// A file of the project's streams, as it is or with gzip.
    static func file(_ name: String) throws -> [UInt8] {
        if let bytes = Fixtures.read("streams/\(name)") { return bytes }
        return try output(of: "gzip", "\(Fixtures.root)/streams/\(name).gz")
    }

    /// A stream of the corpus.
    static func corpusBytes(_ name: String) throws -> [UInt8] {
        try output(of: "xz", "\(corpus)/\(name).mig.xz")
    }

    /// A JSON file of the corpus; nil where there is none.
    static func corpusJSON(_ name: String) throws -> JSONNode? {
        let path = "\(corpus)/\(name).json.gz"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try JSONDocument(parsing: output(of: "gzip", path), duplicates: .noted).root
    }

    static func names(in folder: String, ending: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }.sorted()
    }

    /// What a decompressor gives.
    static func output(of tool: String, _ path: String) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [tool, "-dc", path]
        let pipe = Foundation.Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw SampleError(path: path) }
        return [UInt8](data)
    }

    struct SampleError: Error {
        let path: String
    }
}

/// Keeps the pages of a stream.
final class PageStore: RAMPageSink {
    private(set) var memory: [String: [UInt8]] = [:]
    private(set) var names: [String] = []
    private(set) var pages = 0

    func blocks(_ blocks: [RAMBlock]) {
        names = blocks.map(\.idstr)
        for block in blocks where memory[block.idstr] == nil {
            memory[block.idstr] = Array(repeating: 0, count: block.size)
        }
    }

    func page(_ bytes: ArraySlice<UInt8>, block: Int, at offset: Int) {
        pages += 1
        memory[names[block]]?.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    func fill(_ byte: UInt8, block: Int, at offset: Int, size: Int) {
        pages += 1
        memory[names[block]]?.replaceSubrange(offset..<offset + size, with: repeatElement(byte, count: size))
    }

    func current(block: Int, at offset: Int, size: Int) -> [UInt8] {
        memory[names[block]].map { Array($0[offset..<offset + size]) } ?? []
    }

    func wants(block: Int) -> Bool { true }
}

extension MigrationStream {
    /// Everything that is found in a stream in memory, the decoding of its sections included.
    static func findings(in bytes: [UInt8], limits: Limits = .default) throws -> [Finding] {
        let stream = try MigrationStream(reading: BytesSource(bytes), limits: limits)
        let decoding = try StreamDocument(stream, limits: limits).json().findings
        return stream.findings + decoding.filter { !stream.findings.contains($0) }
    }

    /// One line for each thing that was read: what a file and a pipe must agree in.
    var outline: [String] {
        sections.map {
            "\($0.kind) \($0.sectionID) \($0.idstr) #\($0.instanceID) v\($0.versionID) @\($0.offset) \($0.payload) "
                + "\($0.hasFooter) \($0.isPackaged) \($0.device ?? -1) \(String(describing: $0.pages))"
        } + commands.map { "\($0.name) @\($0.offset) \($0.payload) \($0.packageSize ?? -1)" }
            + blocks.map { "\($0)" } + findings.map(\.line)
            + ["page size \(pageSize ?? 0), \(understood) understood, \(trailing) behind, ends \(ends)"]
            + ["vmdesc \(vmdesc.map { "\($0)" } ?? "none"), \(String(describing: configuration))"]
    }
}

extension Finding {
    var line: String {
        "\(severity) \(rule) @\(offset ?? -1) \(section ?? "-") \(statePath?.description ?? ""): \(message)"
    }
}
