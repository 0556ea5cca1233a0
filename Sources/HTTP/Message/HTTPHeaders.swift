// SPDX-License-Identifier: Apache-2.0

/// The header fields of a message, in order; names are compared without regard to case (RFC 9110 §5.1).
///
/// The fields stay in the bytes they came in, or will go out in (`Name: value` CR LF), with the places of names and
/// values beside them: no `String` exists before somebody asks for one.
public struct HTTPHeaders: Sendable {
    /// The places of one field in `bytes`.
    struct Line: Sendable {
        var name: Range<UInt32>
        var value: Range<UInt32>
    }

    /// Holds every field line; those of a request also hold its request line.
    private(set) var bytes: [UInt8]
    private(set) var lines: [Line]

    /// No fields.
    public init() {
        bytes = []
        lines = []
    }

    /// Fields in the order given; see `append(name:value:)` for what becomes of names and values that are not legal.
    public init(_ fields: [(name: String, value: String)]) {
        self.init()
        for field in fields { append(name: field.name, value: field.value) }
    }

    init(bytes: [UInt8], lines: [Line]) {
        self.bytes = bytes
        self.lines = lines
    }

    /// Number of field lines.
    public var count: Int { lines.count }

    /// Whether there is no field line.
    public var isEmpty: Bool { lines.isEmpty }

    /// Adds a field line at the end.
    ///
    /// A name that is not a token is left out; CR, LF, NUL and other control bytes in a value become spaces
    /// (RFC 9110 §5.5), so that no value can start a line of its own.
    public mutating func append(name: String, value: String) {
        guard !name.isEmpty, name.utf8.allSatisfy(\.isToken) else { return }
        makeRoom(for: name.utf8.count + value.utf8.count + 4)
        let start = UInt32(clamping: bytes.count)
        bytes.append(contentsOf: name.utf8)
        let nameEnd = UInt32(clamping: bytes.count)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(UInt8(ascii: " "))
        let valueStart = UInt32(clamping: bytes.count)
        for byte in value.utf8 { bytes.append(byte.isFieldValue ? byte : UInt8(ascii: " ")) }
        lines.append(Line(name: start..<nameEnd, value: valueStart..<UInt32(clamping: bytes.count)))
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Grows the bytes at once by what a line needs, and at least to twice their size.
    private mutating func makeRoom(for count: Int) {
        let needed = bytes.count + count
        if needed > bytes.capacity { bytes.reserveCapacity(max(needed, 2 * bytes.count)) }
    }

    /// The value of the first field of that name.
    public subscript(name: String) -> String? {
        for line in lines where isName(line, name) { return string(line.value) }
        return nil
    }

    /// The values of all fields of that name, in order, one per field line.
    public func values(_ name: String) -> [String] {
        lines.filter { isName($0, name) }.map { string($0.value) }
    }

    /// Whether there is a field of that name.
    public func contains(_ name: String) -> Bool {
        lines.contains { isName($0, name) }
    }

    /// Name and value of every field line, in order, names as they were written.
    public var fields: [(name: String, value: String)] {
        lines.map { (string($0.name), string($0.value)) }
    }

    private func isName(_ line: Line, _ name: String) -> Bool {
        bytes.span.equalsIgnoringCase(Int(line.name.lowerBound)..<Int(line.name.upperBound), name.utf8)
    }

    private func string(_ range: Range<UInt32>) -> String {
        bytes.span.string(Int(range.lowerBound)..<Int(range.upperBound))
    }
}
