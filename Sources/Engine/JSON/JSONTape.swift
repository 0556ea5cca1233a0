// SPDX-License-Identifier: Apache-2.0

/// The kinds of node on a tape, the top byte of a node's first word.
enum JSONTag: UInt8 {
    case null, `false`, `true`
    /// An integer of at most 32 bits, in the payload, sign-extended.
    case int
    /// A 64-bit integer, in the next word.
    case int64, uint64
    /// The bits of an IEEE double, in the next word.
    case double
    /// A number as its text.
    case number
    /// A string without escapes; a string that has some. Both refer to the text between the quotes.
    case string, escapedString
    /// Bytes, written to JSON as hex or base64.
    case bytes
    case array, object
}

/// A JSON value as one flat array of words: no allocation per node, and a subtree is a range that can be copied.
///
/// A node is one word `tag << 56 | payload` and what follows it:
/// - `int`: payload is the value; `int64`, `uint64`, `double`: one more word.
/// - `number`, `string`, `escapedString`: payload is `length << 32 | offset` into the text; `bytes`: into the bytes. A length of
///   2^24 − 1 or more stands in one more word.
/// - `array`, `object`: payload is the number of words of the whole node, the next word the number of elements; then the
///   elements. A member is its key (a string node) and its value.
struct JSONTape: Sendable {
    var words: [UInt64] = []

    static let payloadMask: UInt64 = (1 << 56) - 1
    static let longLength: UInt64 = (1 << 24) - 1
    /// Offsets are 32 bits wide.
    static let maximumOffset = Int(UInt32.max)

    static func word(_ tag: JSONTag, _ payload: UInt64 = 0) -> UInt64 {
        UInt64(tag.rawValue) << 56 | payload
    }

    // MARK: Reading

    @inline(__always)
    func tag(at index: Int) -> JSONTag {
        JSONTag(words[index])
    }

    func payload(at index: Int) -> UInt64 {
        words[index] & Self.payloadMask
    }

    /// The value of an `int` node.
    func int(at index: Int) -> Int64 {
        Int64(bitPattern: words[index] << 8) >> 8
    }

    /// Where the text or the bytes of a node lie.
    func reference(at index: Int) -> (offset: Int, length: Int) {
        let payload = payload(at: index)
        let length = payload >> 32
        return (
            Int(truncatingIfNeeded: payload & 0xffff_ffff),
            length == Self.longLength ? Int(truncatingIfNeeded: words[index + 1]) : Int(truncatingIfNeeded: length)
        )
    }

    /// The number of elements or members.
    func count(at index: Int) -> Int {
        Int(truncatingIfNeeded: words[index + 1])
    }

    /// The node behind the one at `index`.
    @inline(__always)
    func next(after index: Int) -> Int {
        let word = words[index]
        switch tag(at: index) {
        case .null, .false, .true, .int: return index &+ 1
        case .int64, .uint64, .double: return index &+ 2
        case .number, .string, .escapedString, .bytes:
            return index &+ ((word & Self.payloadMask) >> 32 == Self.longLength ? 2 : 1)
        case .array, .object: return index &+ Int(truncatingIfNeeded: word & Self.payloadMask)
        }
    }

    // MARK: Writing

    mutating func append(_ tag: JSONTag) {
        words.append(Self.word(tag))
    }

    mutating func append(int value: Int64) {
        words.append(Self.word(.int, UInt64(bitPattern: value) & Self.payloadMask))
    }

    mutating func append(_ tag: JSONTag, wide value: UInt64) {
        words.append(Self.word(tag))
        words.append(value)
    }

    /// Adds `count` integers of at most 32 bits each.
    @inline(__always)
    mutating func append(ints count: Int, _ value: (_ index: Int) -> Int64) {
        words.append(addingCapacity: count) { room in
            for index in 0..<count {
                room.append(Self.word(.int, UInt64(bitPattern: value(index)) & Self.payloadMask))
            }
        }
    }

    /// Adds `count` values of 64 bits each.
    @inline(__always)
    mutating func append(_ tag: JSONTag, count: Int, wide value: (_ index: Int) -> UInt64) {
        words.append(addingCapacity: 2 * count) { room in
            for index in 0..<count {
                room.append(Self.word(tag))
                room.append(value(index))
            }
        }
    }

    /// Adds a node that refers to `length` bytes from `offset`.
    @inline(__always)
    mutating func append(_ tag: JSONTag, offset: Int, length: Int) {
        let position = UInt64(truncatingIfNeeded: offset)
        if length < Self.longLength {
            words.append(Self.word(tag, UInt64(truncatingIfNeeded: length) << 32 | position))
        } else {
            words.append(Self.word(tag, Self.longLength << 32 | position))
            words.append(UInt64(truncatingIfNeeded: length))
        }
    }

    /// Starts an array or object; `close` completes it.
    mutating func open(_ tag: JSONTag) -> Int {
        words.append(Self.word(tag))
        words.append(0)
        return words.count &- 2
    }

    mutating func close(_ index: Int, count: Int) {
        words[index] |= UInt64(truncatingIfNeeded: words.count &- index)
        words[index &+ 1] = UInt64(truncatingIfNeeded: count)
    }
}
