// SPDX-License-Identifier: Apache-2.0

/// Writes an object member by member, for answers.
public struct JSONObjectWriter: ~Copyable {
    private var buffer: ByteBuffer
    private var isEmpty = true

    /// An object of at most `limit` bytes.
    public init(limit: Int = Limits.default.outputBytes) {
        self.init(ByteBuffer(limit: limit))
    }

    private init(_ buffer: consuming ByteBuffer) {
        self.buffer = buffer
        self.buffer.append(UInt8(ascii: "{"))
    }

    /// The text of a large object.
    ///
    /// - Parameters:
    ///   - capacity: the length up to which it is written without being copied.
    ///   - limit: how long it may be.
    ///   - body: adds the members.
    /// - Returns: the text.
    /// - Throws: `limit-exceeded` when it is longer than allowed.
    static func text(
        capacity: Int,
        limit: Int,
        _ body: (inout JSONObjectWriter) -> Void
    ) throws(VMStateError) -> [UInt8] {
        try ByteBuffer.array(capacity: min(capacity, limit), limit: limit) { (buffer) throws(VMStateError) in
            var writer = JSONObjectWriter(buffer)
            body(&writer)
            return try writer.end()
        }
    }

    /// A Swift string as JSON text.
    public static func string(_ text: String) -> [UInt8] {
        [UInt8(ascii: "\"")] + JSONText.escape(text) + [UInt8(ascii: "\"")]
    }

    private mutating func separate() {
        if !isEmpty { buffer.append(UInt8(ascii: ",")) }
        isEmpty = false
    }

    private mutating func key(_ name: String) {
        separate()
        string(name)
        buffer.append(UInt8(ascii: ":"))
    }

    private mutating func string(_ text: String) {
        buffer.append(UInt8(ascii: "\""))
        if JSONText.isPlain(text) {
            buffer.append(utf8Of: text)
        } else {
            buffer.append(contentsOf: JSONText.escape(text))
        }
        buffer.append(UInt8(ascii: "\""))
    }

    /// A string; nil becomes `null`.
    public mutating func member(_ name: String, _ value: String?) {
        key(name)
        if let value { string(value) } else { buffer.append("null") }
    }

    /// An integer; nil becomes `null`.
    public mutating func member(_ name: String, _ value: Int?) {
        key(name)
        if let value { buffer.append(decimal: Int64(value)) } else { buffer.append("null") }
    }

    /// True or false.
    public mutating func member(_ name: String, _ value: Bool) {
        key(name)
        if value { buffer.append("true") } else { buffer.append("false") }
    }

    /// A value that is JSON text already.
    public mutating func member(_ name: String, json: [UInt8]) {
        key(name)
        buffer.append(contentsOf: json)
    }

    mutating func member(_ name: String, _ node: JSONNode, _ options: JSONPrinter.Options) {
        key(name)
        JSONPrinter(options: options).print(node, to: &buffer)
    }

    /// A buffer, hex or base64.
    mutating func member(_ name: String, bytes: [UInt8], _ options: JSONPrinter.Options) {
        key(name)
        var tape = JSONTape()
        tape.append(.bytes, offset: 0, length: bytes.count)
        let document = JSONDocument(text: [], bytes: bytes, tape: tape)
        JSONPrinter(options: options).print(document.root, to: &buffer)
    }

    /// An object.
    public mutating func member(_ name: String, object body: (inout JSONObjectWriter) -> Void) {
        key(name)
        nested(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    /// An array; `body` adds elements.
    public mutating func member(_ name: String, array body: (inout JSONObjectWriter) -> Void) {
        key(name)
        nested(UInt8(ascii: "["), UInt8(ascii: "]"), body)
    }

    /// An array of strings.
    public mutating func member(_ name: String, strings: [String]) {
        key(name)
        buffer.append(UInt8(ascii: "["))
        for (index, text) in strings.enumerated() {
            if index > 0 { buffer.append(UInt8(ascii: ",")) }
            string(text)
        }
        buffer.append(UInt8(ascii: "]"))
    }

    /// An array of integers.
    mutating func member(_ name: String, integers: [Int]) {
        key(name)
        buffer.append(UInt8(ascii: "["))
        for (index, value) in integers.enumerated() {
            if index > 0 { buffer.append(UInt8(ascii: ",")) }
            buffer.append(decimal: Int64(value))
        }
        buffer.append(UInt8(ascii: "]"))
    }

    /// An element of an array, an object.
    public mutating func element(_ body: (inout JSONObjectWriter) -> Void) {
        separate()
        nested(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    private mutating func nested(_ open: UInt8, _ close: UInt8, _ body: (inout JSONObjectWriter) -> Void) {
        buffer.append(open)
        let wasEmpty = isEmpty
        isEmpty = true
        body(&self)
        isEmpty = wasEmpty
        buffer.append(close)
    }

    /// The text.
    ///
    /// - Throws: `limit-exceeded` when it is longer than allowed.
    public consuming func finish() throws(VMStateError) -> [UInt8] {
        try end().array()
    }

    private consuming func end() throws(VMStateError) -> ByteBuffer {
        buffer.append(UInt8(ascii: "}"))
        guard !buffer.isOverLimit else {
            throw VMStateError(.limitExceeded, expected: "an answer within the limit on output")
        }
        return buffer
    }
}
