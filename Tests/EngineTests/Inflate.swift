// SPDX-License-Identifier: Apache-2.0

/// RFC 1950 and 1951 in their plainest form: what a test needs to look into a compressed page.
struct Inflate {
    struct Failure: Error {}

    private let bytes: [UInt8]
    private var bit = 16
    private var output: [UInt8] = []

    /// The content of a zlib stream.
    static func page(_ bytes: [UInt8]) throws -> [UInt8] {
        guard bytes.count > 6, bytes[0] & 0x0f == 8 else { throw Failure() }
        var inflate = Inflate(bytes: bytes)
        try inflate.blocks()
        return inflate.output
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func take(_ count: Int) throws -> Int {
        var value = 0
        for place in 0..<count {
            guard bit / 8 < bytes.count else { throw Failure() }
            value |= Int(bytes[bit / 8] >> UInt8(bit % 8) & 1) << place
            bit += 1
        }
        return value
    }

    private mutating func blocks() throws {
        var isLast = false
        while !isLast {
            isLast = try take(1) == 1
            switch try take(2) {
            case 0:
                bit = (bit + 7) / 8 * 8
                let length = try take(16)
                _ = try take(16)
                for _ in 0..<length { output.append(UInt8(try take(8))) }
            case 1:
                let lengths = (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }
                try symbols(Code(lengths), Code(Array(repeating: 5, count: 30)))
            case 2:
                let (literals, distances) = try codes()
                try symbols(literals, distances)
            default: throw Failure()
            }
        }
    }

    private struct Code {
        private var symbols: [Int: Int] = [:]

        init(_ lengths: [Int]) {
            var code = 0
            for length in 1...15 {
                for symbol in lengths.indices where lengths[symbol] == length {
                    symbols[1 << length | code] = symbol
                    code += 1
                }
                code <<= 1
            }
        }

        func symbol(_ word: Int) -> Int? { symbols[word] }
    }

    private mutating func next(_ code: Code) throws -> Int {
        var word = 1
        for _ in 0..<15 {
            word = word << 1 | (try take(1))
            if let symbol = code.symbol(word) { return symbol }
        }
        throw Failure()
    }

    private mutating func codes() throws -> (Code, Code) {
        let (literals, distances, count) = (try take(5) + 257, try take(5) + 1, try take(4) + 4)
        var lengths = Array(repeating: 0, count: 19)
        for place in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].prefix(count) {
            lengths[place] = try take(3)
        }
        let code = Code(lengths)
        var all: [Int] = []
        while all.count < literals + distances {
            switch try next(code) {
            case let length where length < 16: all.append(length)
            case 16:
                guard let last = all.last else { throw Failure() }
                all += Array(repeating: last, count: 3 + (try take(2)))
            case 17: all += Array(repeating: 0, count: 3 + (try take(3)))
            default: all += Array(repeating: 0, count: 11 + (try take(7)))
            }
        }
        return (Code(Array(all[..<literals])), Code(Array(all[literals..<literals + distances])))
    }

    private mutating func symbols(_ literals: Code, _ distances: Code) throws {
        while true {
            let symbol = try next(literals)
            if symbol < 256 {
                output.append(UInt8(symbol))
                continue
            }
            if symbol == 256 { return }
            guard symbol < 286 else { throw Failure() }
            var length = 258
            if symbol < 265 {
                length = symbol - 254
            } else if symbol < 285 {
                let extra = (symbol - 261) / 4
                length = (4 + (symbol - 261) % 4) << extra + 3 + (try take(extra))
            }
            let code = try next(distances)
            let extra = max(0, code / 2 - 1)
            let distance = (code < 4 ? code : (2 + code % 2) << extra) + 1 + (try take(extra))
            guard distance <= output.count else { throw Failure() }
            for _ in 0..<length { output.append(output[output.count - distance]) }
        }
    }
}
