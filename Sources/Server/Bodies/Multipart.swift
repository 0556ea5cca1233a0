// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The parts of a `multipart/form-data` body (RFC 7578, RFC 2046 §5.1).
///
/// Only their headers are read; what they hold may be larger than memory.
struct Multipart {
    struct Part {
        let name: String
        /// The fields of its header: names in lower case, values as they are.
        let header: [(name: String, value: String)]
        /// Where the part's content is in the body.
        let range: Range<Int>
    }

    let parts: [Part]

    private let body: HTTPBody
    private let memoryLimit: Int

    /// A form has few parts; more is no form.
    private static let maximumParts = 16
    /// Bytes of the header of a part.
    static let maximumHeader = 16 << 10
    private static let lineEnd: [UInt8] = [0x0d, 0x0a]

    /// - Parameters:
    ///   - body: the form.
    ///   - type: its media type.
    ///   - memoryLimit: the most bytes of a part that is asked for in memory.
    /// - Throws: 400 when the body is not made of parts between boundaries.
    init(_ body: HTTPBody, _ type: MediaType, memoryLimit: Int = .max) throws(Problem) {
        guard let boundary = type["boundary"], (1...70).contains(boundary.utf8.count) else {
            throw Problem(.badRequest, "multipart/form-data needs a boundary of 1 … 70 characters (RFC 2046 §5.1.1)")
        }
        self.body = body
        self.memoryLimit = memoryLimit
        let delimiter = Array("--\(boundary)".utf8)
        var scanner = BodyScanner(body)
        var parts: [Part] = []
        // What comes before the first boundary is no part.
        guard var at = try Self.delimiter(delimiter, &scanner, from: 0) else {
            throw Problem(.badRequest, "the body has no boundary \"--\(boundary)\"")
        }
        while true {
            let start = at + delimiter.count
            if try scanner.bytes(start..<start + 2) == Array("--".utf8)[...] { break }
            guard parts.count < Self.maximumParts else {
                throw Problem(.badRequest, "a form may have at most \(Self.maximumParts) parts")
            }
            let (name, header, content) = try Self.header(&scanner, delimiter, from: start)
            // The line break before a boundary belongs to it (RFC 2046 §5.1.1), as does the header's last.
            guard let end = try Self.delimiter(delimiter, &scanner, from: content - 2) else {
                throw Problem(.badRequest, "the part at offset \(start) does not end with a boundary")
            }
            parts.append(Part(name: name, header: header, range: content..<max(content, end - 2)))
            at = end
        }
        self.parts = parts
    }

    /// The first part of a name, in memory.
    ///
    /// - Throws: 413 when it is too large for that.
    subscript(name: String) -> [UInt8]? {
        get throws(Problem) {
            guard let content = content(name) else { return nil }
            guard content.count <= memoryLimit else {
                throw Problem(.contentTooLarge, "the part \"\(name)\" may have at most \(memoryLimit) bytes")
            }
            return try content.inMemory(limit: memoryLimit)
        }
    }

    /// The first part of a name, wherever it is.
    func content(_ name: String) -> HTTPBody? {
        parts.first { $0.name == name }.map { body.slice($0.range) }
    }

    /// The next boundary at the start of a line, whose line break is at or behind `start`.
    private static func delimiter(
        _ delimiter: [UInt8],
        _ scanner: inout BodyScanner,
        from start: Int
    ) throws(Problem) -> Int? {
        if start == 0, try scanner.bytes(0..<delimiter.count) == delimiter[...] { return 0 }
        return try scanner.find(lineEnd + delimiter, from: start).map { $0 + lineEnd.count }
    }

    /// Content that is coded would be taken for what it is not.
    ///
    /// - Throws: 415.
    private static func checkCoding(_ header: [(name: String, value: String)], _ start: Int) throws(Problem) {
        for (name, value) in header {
            // RFC 2045 §6.1; RFC 7578 §4.7: no sender should use it.
            let plain: Set = name == "content-transfer-encoding" ? ["7bit", "8bit", "binary"] : ["identity"]
            guard ["content-transfer-encoding", "content-encoding"].contains(name) else { continue }
            let coding = value.filter { !$0.isWhitespace }.lowercased()
            guard plain.contains(coding) else {
                throw Problem(
                    .unsupportedMediaType,
                    "the part at offset \(start) is coded as \"\(coding)\"; send it as it is"
                )
            }
        }
    }

    /// Reads what is between a boundary and the content of its part.
    ///
    /// - Returns: the part's name, its fields, and where its content begins.
    private static func header(
        _ scanner: inout BodyScanner,
        _ delimiter: [UInt8],
        from start: Int
    ) throws(Problem) -> (name: String, header: [(name: String, value: String)], content: Int) {
        var header: [(name: String, value: String)] = []
        var at = start
        while true {
            guard let line = try scanner.find(lineEnd, from: at, to: start + maximumHeader) else {
                throw Problem(
                    .badRequest,
                    "the part at offset \(start) has no empty line in \(maximumHeader) bytes, which its header may have"
                )
            }
            let bytes = try scanner.bytes(at..<line)
            if at == start {
                // White space may follow a boundary (RFC 2046 §5.1.1).
                guard bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) else {
                    throw Problem(.badRequest, "the boundary before offset \(start) does not end its line")
                }
            } else if bytes.isEmpty {
                break
            } else if bytes.starts(with: delimiter) {
                throw Problem(.badRequest, "the part at offset \(start) has no empty line behind its header")
            } else {
                let field = String(decoding: bytes, as: UTF8.self)
                if bytes.first == 0x20 || bytes.first == 0x09, let last = header.last {
                    // A line that goes on (RFC 5322 §2.2.3).
                    header[header.count - 1].value = last.value + field
                } else if let colon = field.firstIndex(of: ":") {
                    let key = field[..<colon].lowercased()
                    header.append((key, String(field[field.index(after: colon)...])))
                }
            }
            at = line + lineEnd.count
        }
        try checkCoding(header, start)
        guard
            let name = header.last(where: { $0.name == "content-disposition" }).flatMap({ MediaType($0.value)["name"] })
        else {
            throw Problem(
                .badRequest,
                "the part at offset \(start) has no name in a Content-Disposition (RFC 7578 §4.2)"
            )
        }
        return (name, header, at + lineEnd.count)
    }
}
