// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// The file of descriptors that checkpoint and restart hands on.
@Suite struct CPRStateTests {
    private static func bytes(_ name: String) throws -> [UInt8] {
        try hexadecimal(String(decoding: #require(Fixtures.read("cpr/\(name).hex")), as: UTF8.self))
    }

    private func document(_ bytes: [UInt8], offsets: Bool = false) throws -> JSONNode {
        var answer = AnswerOptions()
        answer.recordsOffsets = offsets
        let state = try #require(try CPRState(reading: BytesSource(bytes)))
        return try JSONDocument(parsing: try state.document(answer)).root
    }

    private func encoded(_ document: JSONNode) throws -> [UInt8] {
        let text = Array("{\"stream\":".utf8) + document.json() + Array("}".utf8)
        let request = try #require(try WholeStreamRequest(JSONDocument(parsing: text).root))
        return try request.bytes(from: nil)
    }

    @Test func descriptorsOfASocketLeaveAByteEach() throws {
        let bytes = try Self.bytes("transfer")
        let document = try document(bytes, offsets: true)
        #expect(document["header"]?["magic"]?.string == "QCPR" && document["header"]?["version"]?.int == 1)
        #expect(document["mode"]?.string == "cpr-transfer" && document["size"]?.int == bytes.count)
        let descriptors = try #require(document["state"]?["fds"]?.elements)
        #expect(descriptors.map { $0["fd"]?.string } == ["20", "20", "20"])
        #expect(descriptors.map { $0["namelen"]?.int } == [7, 9, 18])
        #expect(descriptors.map { $0["id"]?.int } == [0, 0, 2])
        #expect(descriptors[0]["name"]?.string == hexadecimal(Array("pc.ram\0".utf8)))
        let last = try #require(document["offsets"]?.elements.last)
        #expect(last["path"]?.string == "/state/fds/2/fd")
        #expect(last["offset"]?.int == bytes.count - 2 && last["size"]?.int == 1)
        #expect(try encoded(document) == bytes)
    }

    @Test func descriptorsAcrossExecAreNumbers() throws {
        let bytes = try Self.bytes("exec")
        let document = try document(bytes, offsets: true)
        #expect(document["mode"]?.string == "cpr-exec")
        #expect(document["state"]?["fds"]?.elements.map { $0["fd"]?.int } == [11, 12, 31])
        let device = try #require(document["state"]?["CprState/vfio devices"]?["vfio_devices"]?.elements.first)
        #expect(device["devid"]?.int == 3 && device["ioas_id"]?.int == 7 && device["hwpt_id"]?.int == 9)
        #expect(try encoded(document) == bytes)
    }

    @Test func withoutDescriptorsThereIsNoMode() throws {
        let bytes: [UInt8] = Array("QCPR".utf8) + [0, 0, 0, 1, 0]
        let document = try document(bytes)
        #expect(document["mode"]?.kind == .null)
        #expect(document["state"]?["fds"]?.elements.isEmpty == true)
        #expect(try encoded(document) == bytes)
    }

    @Test(arguments: ["transfer", "exec"]) func textShowsEveryByte(_ name: String) throws {
        let bytes = try Self.bytes(name)
        let state = try #require(try CPRState(reading: BytesSource(bytes)))
        #expect(HexdumpBytes(try state.text(hexdump: true)).problem(showing: [0..<bytes.count], of: bytes) == nil)
        let plain = String(decoding: try state.text(), as: UTF8.self)
        #expect(plain.contains("cpr-\(name)") && plain.contains("name: (7 bytes) \"pc.ram\""))
    }

    // MARK: Damage

    /// The shortest whole states: what QEMU 10.0 wrote ends where the subsection of 10.1 begins.
    private static func isWhole(_ name: String, _ length: Int, of bytes: [UInt8]) -> Bool {
        length == bytes.count || name == "exec" && length == 82
    }

    @Test(arguments: ["transfer", "exec"]) func everyTruncationHasItsPlace(_ name: String) throws {
        let bytes = try Self.bytes(name)
        for length in 4..<bytes.count where !Self.isWhole(name, length, of: bytes) {
            let source = BytesSource(Array(bytes[..<length]))
            let error = #expect(throws: VMStateError.self) { try CPRState(reading: source) }
            #expect((0...length).contains(error?.offset ?? -1), "\(length)")
            let report = try StreamRequest().report(reading: source)
            #expect(report.findings.map(\.offset) == [error?.offset])
        }
    }

    @Test(arguments: ["transfer", "exec"]) func moreBytesAreFound(_ name: String) throws {
        let bytes = try Self.bytes(name)
        let error = #expect(throws: VMStateError.self) { try CPRState(reading: BytesSource(bytes + [0])) }
        #expect(error?.code == .trailingBytes && error?.offset == bytes.count)
    }

    /// The version, and of the first descriptor the mark and the length of the name.
    @Test(arguments: ["transfer", "exec"]) func flippedLengthsHaveTheirPlace(_ name: String) throws {
        let bytes = try Self.bytes(name)
        // Any byte but 0 announces an element.
        for (place, bits) in [(7, 1...255), (8, 1...1), (11, 1...255), (12, 1...255)] {
            for bit in bits where StreamSamples.isOptimised || bit % 5 == 1 {
                var wrong = bytes
                wrong[place] ^= UInt8(bit)
                let error = #expect(throws: VMStateError.self, "\(place) \(bit)") {
                    try CPRState(reading: BytesSource(wrong))
                }
                #expect(error?.offset != nil)
            }
        }
        var wrong = try Self.bytes("transfer")
        wrong[24] = 0x21
        let error = #expect(throws: VMStateError.self) { try CPRState(reading: BytesSource(wrong)) }
        #expect(error?.offset == 24 && error?.statePath?.description == "/state/fds/0/fd")
    }

    @Test func otherFilesAreNone() throws {
        #expect(try CPRState(reading: BytesSource(Array("QEVM".utf8))) == nil)
        #expect(try CPRState(reading: BytesSource([])) == nil)
    }

    // MARK: Documents

    @Test(arguments: [
        (#"{"op":"replace","path":"/header/version","value":2}"#, "/header/version"),
        (#"{"op":"replace","path":"/mode","value":"cpr-reboot"}"#, "/mode"),
        (#"{"op":"remove","path":"/state"}"#, "/state"),
        (#"{"op":"add","path":"/more","value":2}"#, "/more"),
        (#"{"op":"replace","path":"/state/fds/1/namelen","value":2}"#, "/state/fds/1/name"),
        (#"{"op":"replace","path":"/state/fds/1/fd","value":2147483648}"#, "/state/fds/1/fd"),
    ])
    func whatCannotBeWrittenIsRefused(_ operation: String, _ place: String) throws {
        let patch = try JSONPatch(JSONDocument(parsing: Array("[\(operation)]".utf8)).root)
        let changed = try patch.apply(to: document(Self.bytes("exec")), limits: .default)
        let error = #expect(throws: VMStateError.self) { try encoded(changed.root) }
        #expect(error?.statePath?.description == place)
    }
}
