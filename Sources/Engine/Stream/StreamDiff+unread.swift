// SPDX-License-Identifier: Apache-2.0

extension StreamDiff {
    /// What no section holds: the rest of a stream that was not understood to its end.
    mutating func rest() {
        guard a.ends.isEmpty || b.ends.isEmpty else { return }
        begin("rest")
        unread(a.understood..<Int.max, b.understood..<Int.max, "what follows the last section that is understood")
    }

    /// Compares bytes that are nowhere but in the sources.
    mutating func unread(_ own: Range<Int>, _ other: Range<Int>, _ what: String) {
        guard let sources = options.sources, let sizes = Self.sizes(sources),
            let difference = try? SourceDifference.find(
                (sources.a, own.clamped(to: 0..<sizes.a)),
                (sources.b, other.clamped(to: 0..<sizes.b))
            )
        else {
            result.isComplete = false
            return note("\(what): the bytes are not at hand any more")
        }
        guard let first = difference.first else { return }
        list.add(.data, .present, .present, at: (own.lowerBound + first, other.lowerBound + first), first: first)
    }

    private static func sizes(_ sources: (a: any StreamSource, b: any StreamSource)) -> (a: Int, b: Int)? {
        guard let a = sources.a.size, let b = sources.b.size else { return nil }
        return (a, b)
    }
}

/// Where bytes of two sources differ.
private struct SourceDifference {
    /// The first byte that differs, or that only one has, from the start of the ranges; nil: there is none.
    let first: Int?

    private static let piece = 1 << 16

    static func find(
        _ a: (source: any StreamSource, range: Range<Int>),
        _ b: (source: any StreamSource, range: Range<Int>)
    ) throws(VMStateError) -> SourceDifference {
        let shared = min(a.range.count, b.range.count)
        var inputs = (
            StreamInput(a.source, at: a.range.lowerBound, limit: piece),
            StreamInput(b.source, at: b.range.lowerBound, limit: piece)
        )
        var done = 0
        while done < shared {
            let count = min(piece, shared - done)
            let bytes = (try inputs.0.bytes(count, "bytes"), try inputs.1.bytes(count, "bytes"))
            if let difference = BufferDifference(bytes.0[...], bytes.1[...]) {
                return SourceDifference(first: done + difference.first)
            }
            done += count
        }
        return SourceDifference(first: a.range.count == b.range.count ? nil : shared)
    }
}
