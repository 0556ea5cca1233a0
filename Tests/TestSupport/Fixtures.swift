// SPDX-License-Identifier: Apache-2.0

public import Engine
internal import Foundation

/// The folder `Tests/TestSupport/Fixtures`.
public enum Fixtures {
    /// Its path, found from this file.
    public static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures").path

    /// The root of the project.
    public static let project = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// The names in a folder, sorted.
    public static func list(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []).sorted()
    }

    /// The bytes of a file; nil where there is none.
    public static func read(_ path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path.hasPrefix("/") ? path : "\(root)/\(path)").map { [UInt8]($0) }
    }

    /// The cases of a folder that has one folder for each.
    public static func cases(_ folder: String) -> [FixtureCase] {
        list(folder).map { FixtureCase(folder: "\(folder)/\($0)") }
    }
}

/// A description with a state and its bytes: one case proves both directions.
public struct FixtureCase: Sendable, CustomStringConvertible {
    /// Its folder below `Fixtures`.
    public let folder: String

    /// The case in this folder.
    public init(folder: String) {
        self.folder = folder
    }

    /// Its folder, as the name of a test.
    public var description: String { folder }

    /// The text of one of its files.
    public func bytes(_ name: String) throws -> [UInt8] {
        guard let bytes = Fixtures.read("\(folder)/\(name)") else { throw MissingFile(path: "\(folder)/\(name)") }
        return bytes
    }

    /// One of its files as JSON; nil where there is none.
    public func json(_ name: String) throws -> JSONNode? {
        guard let bytes = Fixtures.read("\(folder)/\(name)") else { return nil }
        return try JSONDocument(parsing: bytes).root
    }

    /// The stream: `wire.hex`, white space left out.
    public func wire() throws -> [UInt8] {
        try hexadecimal(String(decoding: bytes("wire.hex"), as: UTF8.self))
    }

    /// The codec of its description, with what its request gives.
    public func codec(dialect: Dialect?) throws -> VMStateCodec {
        guard let dialect, let vmsd = try json("vmsd.json") else { throw MissingFile(path: "\(folder)/vmsd.json") }
        let request = try json("request.json")
        var given: [String: Engine.Predicate] = [:]
        for (name, value) in (request?["predicates"]?.members ?? []) + (request?["constants"]?.members ?? []) {
            given[name] = try Engine.Predicate(value.string ?? String(decoding: value.json(), as: UTF8.self))
        }
        return try VMStateCodec(VMStateDocument(vmsd, dialect: dialect), dialect: dialect, given: given)
    }

    /// A request document: the case's `request.json` with more members, values as JSON text.
    public func request(_ members: [(String, [UInt8])]) throws -> [UInt8] {
        let given = try json("request.json")?.members.map { ($0.name, $0.value.json()) } ?? []
        var text = Array("{".utf8)
        for (index, member) in (members + given).enumerated() {
            text += Array("\(index > 0 ? "," : "")\"\(member.0)\":".utf8) + member.1
        }
        return text + Array("}".utf8)
    }
}

/// A file that a case should have.
public struct MissingFile: Error {
    let path: String
}

/// The bytes of hexadecimal text; white space is skipped.
public func hexadecimal(_ text: String) throws -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }
    return try stride(from: 0, to: digits.count, by: 2).map { offset in
        let start = digits.index(digits.startIndex, offsetBy: offset)
        guard let end = digits.index(start, offsetBy: 2, limitedBy: digits.endIndex),
            let byte = UInt8(digits[start..<end], radix: 16)
        else { throw MissingFile(path: "hexadecimal digits") }
        return byte
    }
}

/// Bytes as hexadecimal text.
public func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
