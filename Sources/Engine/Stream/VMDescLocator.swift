// SPDX-License-Identifier: Apache-2.0

/// Finds the vmdesc from the end of a stream, so that what it describes can be read in one pass.
struct VMDescLocator {
    /// How many places that look like a vmdesc are tried.
    private static let maximumTries = 32
    /// How many bytes of such places are parsed beyond the first.
    private static let maximumBytes = 64 << 20

    /// The vmdesc, and where its type byte is; nil: there is none near the end.
    ///
    /// It is what ends the data, or comes before what a container fills up with; the byte before it is EOF.
    static func find(
        in source: any StreamSource,
        size: Int,
        limits: Limits
    ) throws(VMStateError) -> (devices: DeviceDescriptions, offset: Int)? {
        // Few are longer.
        var length = min(size, 128 << 10)
        var tries = maximumTries
        var bytes = maximumBytes
        while length > 0 {
            let start = size - length
            var tail = [UInt8](repeating: 0, count: length)
            var filled = 0
            while filled < length {
                let read = try source.read(into: &tail, from: filled, at: start + filled)
                if read == 0 { return nil }
                filled += read
            }
            if let found = find(in: tail, &tries, &bytes, limits: limits) {
                return (found.devices, start + found.offset)
            }
            guard length < size, length < limits.streamWindow else { return nil }
            length = min(size, length * 8, limits.streamWindow)
        }
        return nil
    }

    private static func find(
        in tail: [UInt8],
        _ tries: inout Int,
        _ bytes: inout Int,
        limits: Limits
    ) -> (devices: DeviceDescriptions, offset: Int)? {
        // What ends the data comes first; of no other vmdesc need be looked for then.
        if let offset = tail.lastVMDesc() {
            tries -= 1
            let text = Array(tail[(offset + 5)...])
            if let devices = try? DeviceDescriptions(text, limits: limits), devices.isWhole { return (devices, offset) }
        }
        var candidates: [(offset: Int, length: Int)] = []
        var from = 0
        while let place = tail.firstIndex(of: [0x00, 0x06], from: from, to: tail.count) {
            from = place + 1
            let offset = place + 1
            guard offset + 6 <= tail.count, tail[offset + 5] == UInt8(ascii: "{") else { continue }
            let length = Int(tail.bigEndian32(at: offset + 1))
            guard length > 0, length <= tail.count - offset - 5, tail[offset + 4 + length] == UInt8(ascii: "}") else {
                continue
            }
            candidates.append((offset, length))
            // The last ones count.
            if candidates.count == 64 * maximumTries { candidates.removeFirst(32 * maximumTries) }
        }
        for candidate in candidates.reversed() where tries > 0 && bytes > 0 {
            tries -= 1
            bytes -= candidate.length
            let text = Array(tail[candidate.offset + 5..<candidate.offset + 5 + candidate.length])
            guard let devices = try? DeviceDescriptions(text, limits: limits), devices.isWhole else { continue }
            return (devices, candidate.offset)
        }
        return nil
    }
}

extension [UInt8] {
    /// Where what looks like a vmdesc begins that ends with the data: its type byte, behind EOF.
    fileprivate func lastVMDesc() -> Int? {
        guard count > 7, self[count - 1] == UInt8(ascii: "}") else { return nil }
        var end = count
        // A vmdesc has no zeros, so that its text is passed quickly.
        while let zero = lastZero(before: end) {
            let offset = zero + 1
            if offset + 6 <= count, self[offset] == 0x06, self[offset + 5] == UInt8(ascii: "{"),
                Int(bigEndian32(at: offset + 1)) == count - offset - 5
            {
                return offset
            }
            end = zero
        }
        return nil
    }
}
