// SPDX-License-Identifier: Apache-2.0

internal import Compression
internal import HTTP

extension ContentCoding {
    /// Bytes that are inflated in one call, and read in one.
    private static let piece = 256 << 10

    /// The body as it was before it was coded, inflated piece by piece.
    ///
    /// Memory and disk never hold more than the limits allow, whatever the body would become.
    ///
    /// - Throws: 400 for data that is damaged or ends too early, 413, 503 or 507 where there is no room for more.
    func decoded(_ body: HTTPBody, to spool: Spool) throws(Problem) -> HTTPBody {
        guard self != .identity else { return body }
        let output = spool.output(beside: body)
        let stream = InflateStream(try format(body))
        var room = [UInt8](repeating: 0, count: Self.piece)
        var position = 0
        var isWhole = false
        while position < body.count {
            let input = try Self.read(body, position..<position + Self.piece)
            guard !input.isEmpty else { throw truncated }
            var taken = 0
            while taken < input.count {
                // Another member may follow, and only in gzip (RFC 1952 §2.2).
                if isWhole {
                    guard self == .gzip else { throw damaged(position + taken) }
                    stream.reset()
                    isWhole = false
                }
                let progress = stream.inflate(input, taken..<input.count, into: &room)
                taken += progress.consumed
                try output.append(progress.produced == room.count ? room : Array(room[..<progress.produced]))
                switch progress.status {
                case .end: isWhole = true
                case .more where progress.consumed == 0 && progress.produced == 0: throw damaged(position + taken)
                case .more: break
                case .damaged: throw damaged(position + taken)
                case .noMemory: throw Problem(.serviceUnavailable, "there is no memory to inflate the body")
                }
            }
            position += taken
            // What zlib holds back for want of room comes without further input.
            while !isWhole, position == body.count {
                let progress = stream.inflate(input, taken..<taken, into: &room)
                try output.append(Array(room[..<progress.produced]))
                isWhole = progress.status == .end
                guard progress.produced > 0 else { break }
            }
        }
        guard isWhole else { throw truncated }
        return output.finish()
    }

    private func format(_ body: HTTPBody) throws(Problem) -> InflateStream.Format {
        if self == .gzip { return .gzip }
        let start = try Self.read(body, 0..<2)
        // RFC 1950 §2.2; see `Inflater`.
        let isZlib = start.count == 2 && start[0] & 0x0f == 8 && (Int(start[0]) << 8 | Int(start[1])) % 31 == 0
        return isZlib ? .zlib : .raw
    }

    private static func read(_ body: HTTPBody, _ range: Range<Int>) throws(Problem) -> [UInt8] {
        do throws(HTTPSpoolError) {
            return try body.bytes(range)
        } catch {
            throw Problem(error)
        }
    }

    func damaged(_ offset: Int) -> Problem {
        Problem(.badRequest, "the body is no \(rawValue) data: it is damaged at offset \(offset)")
    }

    var truncated: Problem {
        Problem(.badRequest, "the body is no complete \(rawValue) data: it ends too early")
    }
}

extension InflateStream {
    fileprivate func inflate(_ input: [UInt8], _ range: Range<Int>, into room: inout [UInt8]) -> Progress {
        var span = room.mutableSpan
        var bytes = unsafe span.mutableBytes
        return inflate(input, range, into: &bytes)
    }
}
