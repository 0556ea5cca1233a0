// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport

/// An element of an opaque info: its bytes, and the value that it is taken apart into.
struct LayoutCase: Sendable, CustomStringConvertible {
    let name: String
    /// The info's vmdesc type.
    let info: String
    /// The name of the description that has the field.
    let description: String
    let bytes: [UInt8]
    /// The value as JSON text.
    let value: String

    init(_ info: String, _ digits: String, _ value: String, in description: String = "test") throws {
        name = info
        self.info = info
        self.description = description
        bytes = try Self.bytes(digits)
        self.value = value
    }

    /// The fixture in `folder`: `element.hex`, `value.json`, `info.json`.
    init(_ folder: String) throws {
        let fixture = FixtureCase(folder: folder)
        guard let info = try fixture.json("info.json"), let value = try fixture.json("value.json") else {
            throw MissingCase(name: folder)
        }
        name = folder
        self.info = info["info"]?.string ?? ""
        description = info["description"]?.string ?? ""
        bytes = try Self.bytes(String(decoding: fixture.bytes("element.hex"), as: UTF8.self))
        self.value = String(decoding: value.json(), as: UTF8.self)
    }

    struct MissingCase: Error {
        let name: String
    }

    static let fixtures = Fixtures.list("infos")

    /// Hexadecimal digits; `00*16` stands for 16 bytes of 00.
    static func bytes(_ text: String) throws -> [UInt8] {
        var result: [UInt8] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            let parts = word.split(separator: "*")
            let bytes = try hexadecimal(String(parts[0]))
            for _ in 0..<(parts.count > 1 ? Int(parts[1]) ?? 0 : 1) { result += bytes }
        }
        return result
    }

    /// The codec of a description with one field, of `size` bytes; as a vmdesc it says what one stream had.
    func codec(size: Int, asVMDesc: Bool = false) throws -> VMStateCodec {
        let text =
            asVMDesc
            ? """
            {"vmsd_name":"\(description)","version":1,"fields":[{"name":"x","type":"\(info)","size":\(size)}]}
            """
            : """
            {"name":"\(description)","version_id":1,"fields":[{"name":"x","info":"\(info)","size":\(size)}]}
            """
        return try VMStateCodec(VMStateDocument(JSONDocument(parsing: Array(text.utf8)).root))
    }

    static var takesApart: VMStateCodec.DecodeOptions {
        var options = VMStateCodec.DecodeOptions()
        options.takesApart = true
        return options
    }

    /// The JSON of the one field's value in a state.
    static func value(_ state: JSONNode) -> String {
        String(decoding: state["x"]?.json() ?? [], as: UTF8.self)
    }

    static func state(_ value: String) throws -> JSONDocument {
        try JSONDocument(parsing: Array("{\"x\":\(value)}".utf8))
    }
}
