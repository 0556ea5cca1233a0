// SPDX-License-Identifier: Apache-2.0

package import Containers
internal import Engine

/// What must hold for every file; tests and the fuzz target share it.
package enum ContainerChecks {
    /// No more is read of a stream; where that is reached, how far one came depends on the pieces.
    private static let mostBytes = 1 << 20

    /// Bounds under which an input of any kind is done with in milliseconds.
    package static let limits = {
        var limits = ContainerLimits()
        limits.inflatedBytes = 2 * mostBytes
        limits.domainXMLBytes = 1 << 16
        limits.snapshotTableBytes = 1 << 16
        return limits
    }()

    /// A file gives the same stream or the same kind of error in large pieces and small ones, from memory and from a pipe.
    ///
    /// - Returns: nil, or what does not hold.
    package static func open(_ bytes: [UInt8]) -> String? {
        var options = StreamContainer.Options()
        options.limits = limits
        // The first byte behind the magic of a plain file may be anything: an offset is tried as well.
        options.offset = bytes.first == 0xff ? 1 : 0
        let image = try? Qcow2Image(WindowSource(BytesSource(bytes), offset: options.offset), limits: limits)
        if let image {
            guard let snapshot = image.snapshots.first else { return nil }
            options.snapshot = snapshot.name
        }
        let large = stream(BytesSource(bytes), options, piece: 1 << 16)
        let small = stream(BytesSource(bytes), options, piece: 509)
        if let violation = large.violation ?? small.violation { return violation }
        if large.isLong || small.isLong { return nil }
        if large != small { return "large pieces and small ones differ" }
        guard image == nil else { return nil }
        return large == stream(Once(bytes), options, piece: 4096) ? nil : "memory and a pipe differ"
    }

    /// What came before the end or an error, and which.
    private struct Outcome: Equatable {
        var bytes: [UInt8] = []
        var code: VMStateError.Code?
        var containers: [String] = []
        var violation: String?
        var isLong = false
    }

    private static func stream(
        _ source: any StreamSource,
        _ options: StreamContainer.Options,
        piece: Int
    ) -> Outcome {
        var outcome = Outcome()
        do {
            let opened = try StreamContainer.open(source, options: options)
            outcome.containers = opened.containers.map(\.description)
            var room = [UInt8](repeating: 0, count: piece)
            while outcome.bytes.count < mostBytes {
                let count = try read(opened.source, &room, outcome.bytes.count)
                if count == 0 {
                    if let size = opened.source.size, size != outcome.bytes.count {
                        outcome.violation = "the size says \(size), there were \(outcome.bytes.count) bytes"
                    }
                    return outcome
                }
                outcome.bytes += room[..<count]
            }
            outcome.isLong = true
        } catch {
            outcome.isLong = outcome.bytes.count > mostBytes / 2
            outcome.code = error.code
            // How much comes before damage is found depends on the pieces.
            outcome.bytes = []
        }
        return outcome
    }

    private static func read(
        _ source: any StreamSource,
        _ room: inout [UInt8],
        _ offset: Int
    ) throws(VMStateError) -> Int {
        var span = room.mutableSpan
        var bytes = unsafe span.mutableBytes
        return try source.read(into: &bytes, at: offset)
    }

    /// Bytes that come once, in order.
    private final class Once: StreamSource {
        private let bytes: [UInt8]
        private var position = 0

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
        }

        var size: Int? { nil }

        func read(into buffer: inout MutableRawSpan, at offset: Int) throws(VMStateError) -> Int {
            precondition(offset >= position, "asked for what went by")
            guard offset < bytes.count else { return 0 }
            let count = min(100, buffer.byteCount, bytes.count - offset)
            for index in 0..<count {
                buffer.storeBytes(of: bytes[offset + index], toByteOffset: index, as: UInt8.self)
            }
            position = offset + count
            return count
        }
    }
}
