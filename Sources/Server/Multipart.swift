// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The parts of a `multipart/form-data` body (RFC 7578, RFC 2046 §5.1).
struct Multipart {
    struct Part {
        let name: String
        let body: ArraySlice<UInt8>
    }

    let parts: [Part]

    /// A form has few parts; more is no form.
    private static let maximumParts = 16

    /// - Throws: 400 when the body is not made of parts between boundaries.
    init(_ body: [UInt8], _ type: MediaType) throws(Problem) {
        guard let boundary = type["boundary"], (1...70).contains(boundary.utf8.count) else {
            throw Problem(.badRequest, "multipart/form-data needs a boundary of 1 … 70 characters (RFC 2046 §5.1.1)")
        }
        let delimiter = Array("--\(boundary)".utf8)
        var parts: [Part] = []
        // What comes before the first boundary is no part.
        guard var at = Self.delimiter(delimiter, in: body, from: 0) else {
            throw Problem(.badRequest, "the body has no boundary \"--\(boundary)\"")
        }
        while true {
            let start = at + delimiter.count
            if body[start...].starts(with: Array("--".utf8)) { break }
            guard let line = Self.find(Array("\r\n".utf8), in: body, from: start),
                body[start..<line].allSatisfy({ $0 == 0x20 || $0 == 0x09 }),
                let end = Self.delimiter(delimiter, in: body, from: line)
            else { throw Problem(.badRequest, "the part at offset \(start) does not end with a boundary") }
            guard parts.count < Self.maximumParts else {
                throw Problem(.badRequest, "a form may have at most \(Self.maximumParts) parts")
            }
            parts.append(try Self.part(body, from: line + 2, to: end))
            at = end
        }
        self.parts = parts
    }

    subscript(name: String) -> [UInt8]? {
        parts.first { $0.name == name }.map { Array($0.body) }
    }

    /// The next boundary at the start of a line.
    private static func delimiter(_ delimiter: [UInt8], in body: [UInt8], from start: Int) -> Int? {
        var from = start
        while let found = find(delimiter, in: body, from: from) {
            if found == 0 || (found >= 2 && body[found - 2] == 0x0d && body[found - 1] == 0x0a) { return found }
            from = found + 1
        }
        return nil
    }

    private static func part(_ body: [UInt8], from start: Int, to boundary: Int) throws(Problem) -> Part {
        // The line break before a boundary belongs to it (RFC 2046 §5.1.1).
        let end = max(boundary - 2, start)
        var name: String?
        var at = start
        while true {
            guard let line = find(Array("\r\n".utf8), in: body, from: at), line <= end else {
                throw Problem(.badRequest, "the part at offset \(start) has no empty line behind its header")
            }
            if line == at { break }
            let field = String(decoding: body[at..<line], as: UTF8.self)
            if let colon = field.firstIndex(of: ":"), field[..<colon].lowercased() == "content-disposition" {
                name = MediaType(String(field[field.index(after: colon)...]))["name"]
            }
            at = line + 2
        }
        guard let name else {
            throw Problem(
                .badRequest,
                "the part at offset \(start) has no name in a Content-Disposition (RFC 7578 §4.2)"
            )
        }
        return Part(name: name, body: body[min(at + 2, end)..<end])
    }

    private static func find(_ needle: [UInt8], in body: [UInt8], from start: Int) -> Int? {
        guard let first = needle.first, start + needle.count <= body.count else { return nil }
        var at = start
        let last = body.count - needle.count
        while at <= last {
            guard let candidate = body[at...last].firstIndex(of: first) else { return nil }
            if body[candidate..<candidate + needle.count].elementsEqual(needle) { return candidate }
            at = candidate + 1
        }
        return nil
    }
}
