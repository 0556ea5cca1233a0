// SPDX-License-Identifier: Apache-2.0

extension MigrationStream.Command {
    /// The payload of POSTCOPY_RAM_DISCARD: what the destination drops, since it changed after it was sent.
    ///
    /// Source: QEMU migration/savevm.c, qemu_savevm_send_postcopy_ram_discard().
    struct Discard {
        /// The block's name.
        let block: [UInt8]
        /// Bytes of the block, and where in the payload they stand.
        let ranges: [(start: UInt64, length: UInt64, place: Int)]

        /// Takes a payload apart; nil: it is none.
        init?(_ payload: [UInt8]) {
            guard payload.count >= 2 else { return nil }
            let name = Int(payload[1])
            guard payload[0] == 0, payload.count >= 3 + name, payload[2 + name] == 0,
                (payload.count - 3 - name) % 16 == 0
            else { return nil }
            block = Array(payload[2..<2 + name])
            ranges = stride(from: 3 + name, to: payload.count, by: 16).map {
                (payload.bigEndian64(at: $0), payload.bigEndian64(at: $0 + 8), $0)
            }
        }
    }

    /// What the payload says, for people; nil: it is not one of those that say more than bytes do.
    var meaning: String? {
        switch number {
        case 2 where payload.count == 4: return String(payload.bigEndian32(at: 0))
        case 3 where payload.count == 16:
            let sizes = payload.bigEndian64(at: 0)
            let all = (0..<64).filter { sizes >> $0 & 1 != 0 }.map { String(1 << UInt64($0)) }
            return "blocks with pages of \(all.joined(separator: ", ")), target pages of \(payload.bigEndian64(at: 8))"
        case 6:
            guard let discard = Discard(payload) else { return nil }
            let ranges = discard.ranges.map { "0x\(String($0.start, radix: 16))+0x\(String($0.length, radix: 16))" }
            return "\"\(String(decoding: discard.block, as: UTF8.self).printable)\" \(ranges.joined(separator: " "))"
        case 10 where Int(payload.first ?? 0) == payload.count - 1:
            return "\"\(String(decoding: payload.dropFirst(), as: UTF8.self).printable)\""
        default: return nil
        }
    }
}
