// SPDX-License-Identifier: Apache-2.0

import Compression
import Engine
import Foundation
import TestSupport
import Testing

@testable import Containers

/// Bytes that come once, in order, as from a pipe: no size, and nothing twice.
final class SequentialBytes: StreamSource {
    private let bytes: [UInt8]
    private let step: Int
    private(set) var position = 0

    init(_ bytes: [UInt8], step: Int = 7) {
        self.bytes = bytes
        self.step = step
    }

    var size: Int? { nil }

    func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int {
        guard offset >= position else { throw .unreadable(at: offset, "asked for what went by") }
        guard offset < bytes.count else { return 0 }
        let count = min(step, buffer.byteCount, bytes.count - offset)
        for index in 0..<count {
            buffer.storeBytes(of: bytes[offset + index], toByteOffset: index, as: UInt8.self)
        }
        position = offset + count
        return count
    }
}

/// A disk that fails.
final class FailingSource: StreamSource {
    var size: Int? { 1 << 20 }

    func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int {
        throw .unreadable(at: offset, "a bad sector")
    }
}

extension StreamSource {
    /// Everything from `offset` on, read in pieces of at most `piece` bytes.
    func rest(from offset: Int = 0, piece: Int = 1000, limit: Int = 64 << 20) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let part = try once(piece, at: offset + bytes.count)
            if part.isEmpty { return bytes }
            bytes += part
        }
        throw SourceTooLong()
    }

    /// What one read gives.
    func once(_ count: Int, at offset: Int) throws -> [UInt8] {
        var room = [UInt8](repeating: 0xee, count: count)
        let length = try read(into: &room, at: offset)
        return Array(room[..<length])
    }
}

struct SourceTooLong: Error {}

/// A file of its own for a test, removed with it.
final class ScratchFile {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("qevm-\(UUID().uuidString)").path

    init(_ bytes: [UInt8]? = nil) throws {
        if let bytes { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var bytes: [UInt8] { Fixtures.read(path) ?? [] }
}

enum Sample {
    /// Bytes that do not repeat with any power of two and do not deflate to nothing.
    static func bytes(_ count: Int) -> [UInt8] {
        var state: UInt32 = 12345
        return (0..<count).map { index in
            state = state &* 1_664_525 &+ 1_013_904_223
            return index % 3 == 0 ? UInt8(truncatingIfNeeded: state >> 24) : UInt8(truncatingIfNeeded: index / 3)
        }
    }

    /// The shortest thing that is taken for a stream.
    static let stream = Array("QEVM".utf8) + [0, 0, 0, 3] + bytes(300)

    static func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
        try #require(Deflater.deflate(bytes, isGzip: true))
    }

    /// A file of `Fixtures/containers`, inflated.
    static func fixture(_ name: String) throws -> [UInt8] {
        let bytes = try #require(Fixtures.read("containers/\(name).gz"))
        return try Inflater.inflate(bytes, isGzip: true, limit: 64 << 20)
    }
}

/// The error that `body` throws.
func failure<Value>(_ body: () throws -> Value) -> VMStateError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? VMStateError
    }
}
