// SPDX-License-Identifier: Apache-2.0

import Engine
import Foundation
import TestSupport
import Testing

/// What fuzzing and the robustness tests found, each with a name of its own; the inputs themselves are kept in
/// `Fuzz/FailCases` and run again.
@Suite struct FuzzFindTests {
    static let finds = ["FuzzJSON", "FuzzDocument", "FuzzDecode", "FuzzEncode", "FuzzStream"].flatMap { target in
        Fixtures.listFiles("\(Fixtures.project)/Fuzz/FailCases/\(target)").map { "\(target)/\($0)" }
    }
    static let cases = String(decoding: Fixtures.read("\(Fixtures.project)/Fuzz/cases.txt") ?? [], as: UTF8.self)
        .split(separator: "\n").map(String.init)

    @Test(arguments: finds)
    func aFindStaysMended(_ find: String) throws {
        let bytes = try #require(Fixtures.read("\(Fixtures.project)/Fuzz/FailCases/\(find)"))
        if find.hasPrefix("FuzzJSON/") {
            #expect(RobustnessChecks.json(bytes) == nil)
        } else if find.hasPrefix("FuzzDocument/") {
            #expect(RobustnessChecks.document(bytes) == nil)
        } else if find.hasPrefix("FuzzStream/") {
            #expect(StreamChecks.stream(bytes) == nil)
        } else {
            let choice = Int(try #require(bytes.first))
            try #require(choice < Self.cases.count)
            let fixture = RobustnessCase(
                root: Fixtures.root,
                folder: Self.cases[choice],
                limits: RobustnessChecks.limits
            )
            let check = find.hasPrefix("FuzzDecode/") ? { RobustnessChecks.decode($0, $1) } : RobustnessChecks.encode
            #expect(check(try #require(fixture), Array(bytes.dropFirst())) == nil)
        }
    }

    @Test func everyCaseIsAFixture() {
        for folder in Self.cases {
            #expect(RobustnessCase(root: Fixtures.root, folder: folder) != nil, "\(folder)")
        }
    }

    @Test func aSubsectionCountsByAMemberThatIsMovedIntoAnObject() throws {
        let codec = try codec(
            """
            {"name": "t", "fields": [
              {"name": "last", "info": "uint8"}, {"name": "x", "offset": "o.x", "info": "uint64"},
              {"name": "again", "offset": "last", "info": "uint8"}, {"name": "n", "offset": "o.n", "info": "uint8"}],
             "subsections": [{"name": "t/s", "needed": "1", "fields": [
              {"name": "v", "flags": ["VMS_VARRAY_UINT8"], "num_offset": "o.n", "info": "uint8"}]}]}
            """
        )
        let wire = try hexadecimal("01 0000000000000002 03 02 05 03 742f73 00000000 0a0b")
        let decoded = try codec.decode(wire)
        #expect(text(decoded.state.root) == #"{"last":3,"o":{"x":2,"n":2},"t/s":{"v":[10,11]}}"#)
    }

    @Test func aNameThatIsNotUTF8IsAnError() throws {
        let codec = try codec(#"{"name": "t", "fields": [{"name": "c", "info": "capability"}]}"#)
        let error = #expect(throws: VMStateError.self) { try codec.decode([2, 0x61, 0xff]) }
        #expect(error?.code == .valueOutOfRange)
        #expect(error?.offset == 0)
        #expect(error?.statePath?.description == "/c")
    }

    @Test func aDoubleOfManyDigitsIsRead() throws {
        let codec = try codec(#"{"name": "t", "fields": [{"name": "d", "info": "CPU_Double_U"}]}"#)
        let state = #"{"d": 0.1000000000000000055511151231257827021181583404541015625}"#
        let encoded = try codec.encode(JSONDocument(parsing: Array(state.utf8)).root)
        #expect(hexadecimal(encoded.bytes) == "3fb999999999999a")
    }

    @Test(arguments: ["0x+123456789abcdef", "0x-000000000000001"])
    func theBitsOfADoubleAreDigitsOnly(_ bits: String) throws {
        let codec = try codec(#"{"name": "t", "fields": [{"name": "d", "info": "CPU_Double_U"}]}"#)
        let state = try JSONDocument(parsing: Array(#"{"d": "\#(bits)"}"#.utf8)).root
        let error = #expect(throws: VMStateError.self) { try codec.encode(state) }
        #expect(error?.code == .valueTypeMismatch)
    }

    @Test func theSizeOfABitmapInAVMDescIsInBytes() throws {
        let codec = try codec(
            #"{"vmsd_name": "t", "version": 1, "fields": [{"name": "b", "type": "bitmap", "size": 16}]}"#
        )
        let decoded = try codec.decode([UInt8](repeating: 0, count: 15) + [1])
        #expect(text(decoded.state.root) == #"{"b":[0,1]}"#)
    }

    @Test func theLargestSizeOfABitmapInAVMDescIsTruncated() throws {
        let codec = try codec(
            #"{"vmsd_name": "t", "version": 1, "fields": [{"name": "b", "type": "bitmap", "size": 9223372036854775807}]}"#
        )
        let error = #expect(throws: VMStateError.self) { try codec.decode([0]) }
        #expect(error?.code == .streamTruncated)
    }

    @Test func aSubsectionMayNotBeAMemberThatAFieldHas() throws {
        let vmsd = """
            {"name": "t", "fields": [{"name": "t/s", "info": "uint8"}], "subsections": [
             {"name": "t/s", "fields": []}]}
            """
        let error = #expect(throws: VMStateError.self) { try codec(vmsd) }
        #expect(error?.code == .vmsdInvalid)
        #expect(error?.path?.description == "/subsections/0")
    }

    @Test func aStateThatIsNoObjectHasAPlace() throws {
        let codec = try codec(#"{"name": "t", "fields": []}"#)
        let error = #expect(throws: VMStateError.self) { try codec.encode(JSONDocument(parsing: [0x31]).root) }
        #expect(error?.code == .valueTypeMismatch)
        #expect(error?.path?.tokens.isEmpty == true)
        #expect(error?.statePath?.tokens.isEmpty == true)
    }

    private func codec(_ vmsd: String) throws -> VMStateCodec {
        try VMStateCodec(VMStateDocument(try JSONDocument(parsing: Array(vmsd.utf8)).root))
    }

    private func text(_ node: JSONNode) -> String {
        String(decoding: node.json(), as: UTF8.self)
    }

    /// The one at the end of the data is read first, and is not the one behind the EOF.
    @Test func aStreamWithTwoDescriptionsIsRead() throws {
        let devices = ["a", "b", "c"].map { StreamBytes.device($0, StreamBytes.field("x", "uint8", 1)) }
        let bytes = StreamBytes.headed {
            for (id, name) in ["a", "b", "c"].enumerated() { $0.full(UInt32(id), name, [1]) }
            $0.eof(devices: [devices[2]])
            $0.bytes += [1, 2, 3]
            $0.eof(devices: devices)
        }.bytes
        #expect(StreamChecks.stream(bytes) == nil)
        let stream = try MigrationStream(reading: BytesSource(bytes))
        #expect(stream.sections.map(\.device) == [nil, nil, 0])
    }
}

extension Fixtures {
    /// The names in a folder given by its whole path, hidden ones left out.
    fileprivate static func listFiles(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }
}

/// What a review found: small documents that took too much, and readings of the codec that differed from QEMU's.
@Suite struct CodecReviewTests {
    private func document(_ text: String) throws -> VMStateDocument {
        try VMStateDocument(JSONDocument(parsing: Array(text.utf8)).root)
    }

    /// A path has a bound on its members, which are inside each other.
    @Test(arguments: ["offset", "num_offset", "size_offset"]) func pathsAreNotEndless(_ member: String) throws {
        for (count, isTaken) in [(64, true), (65, false), (200_000, false)] {
            let path = Array(repeating: "a", count: count).joined(separator: ".")
            let text = #"{"name":"t","fields":[{"name":"a","info":"uint8","\#(member)":"\#(path)"}]}"#
            let error = Result { try VMStateCodec(document(text)) }.failure as? VMStateError
            #expect((error?.path?.tokens.last == member) == !isTaken, "\(count)")
        }
    }

    /// One pointer that is an array of one has a marker in the dialects that write them.
    @Test func anArrayOfOnePointerHasAMarker() throws {
        let flags = #"["VMS_ARRAY_OF_POINTER","VMS_ALLOC","VMS_POINTER"]"#
        let codec = try VMStateCodec(
            document(#"{"name":"t","fields":[{"name":"x","info":"uint8","flags":\#(flags),"size":1}]}"#)
        )
        let state = try JSONDocument(parsing: Array(#"{"x":[7]}"#.utf8))
        for describes in [false, true] {
            #expect(try codec.encode(state.root, describes: describes).bytes == [0x31, 7])
        }
        let decoded = try codec.decode([0x31, 7])
        #expect(decoded.state.root.json() == state.root.json())
    }

    /// What has no name ends the list, unless it looks like a field.
    @Test(arguments: ["7.2", "next"]) func aMisspeltNameIsNoEnd(_ dialect: String) throws {
        let text = #"{"name":"t","fields":[{"name":"n","info":"uint8"},{"nmae":"m","info":"uint8"}]}"#
        let node = try JSONDocument(parsing: Array(text.utf8)).root
        let document = VMStateDocument(node, dialect: try #require(Dialect(name: dialect)))
        let error = #expect(throws: VMStateError.self) { try VMStateCodec(document) }
        #expect(error?.path?.tokens.last == "nmae")
    }

    /// The destination's text is copied once, however often a subsection comes.
    @Test func aSubsectionThatComesAgainTakesNoMoreMemory() throws {
        let codec = try VMStateCodec(
            document(
                #"{"name":"t","fields":[],"subsections":[{"name":"t/x","version_id":1,"needed":"true","fields":[]}]}"#
            )
        )
        let junk = String(repeating: "j", count: 100_000)
        let initial = try JSONDocument(parsing: Array(#"{"t/x":{"junk":"\#(junk)","more":["a","b"]}}"#.utf8))
        var options = VMStateCodec.DecodeOptions()
        options.initial = initial.root
        let subsection: [UInt8] = [5, 3] + Array("t/x".utf8) + [0, 0, 0, 1]
        // Copied each time that is 5 GB.
        let decoded = try codec.decode(Array(repeating: subsection, count: 50_000).flatMap { $0 }, options)
        #expect(decoded.state.root.json() == initial.root.json())
    }

    /// The state, or the error's code, path and member of the state.
    private func decode(_ vmsd: String, _ bytes: [UInt8], version: Int? = nil, initial: String) throws -> String {
        let document = try JSONDocument(parsing: Array(initial.utf8))
        var options = VMStateCodec.DecodeOptions()
        options.initial = document.root
        options.versionID = version
        do {
            return String(
                decoding: try VMStateCodec(self.document(vmsd)).decode(bytes, options).state.root.json(),
                as: UTF8.self
            )
        } catch let error as VMStateError {
            return "\(error.code) \(error.statePath.map(String.init(describing:)) ?? "-")"
        }
    }

    /// An object of the destination stays as it is when no field of it comes.
    @Test func innerObjectsWithoutFieldsAreKept() throws {
        let vmsd =
            #"{"name":"p","version_id":2,"fields":[{"name":"x","offset":"a.x","info":"uint8","version_id":2},{"name":"z","info":"uint8"}]}"#
        let initial = #"{"a":{"y":2},"k":5}"#
        #expect(try decode(vmsd, [1], version: 1, initial: initial) == #"{"z":1,"a":{"y":2},"k":5}"#)
        #expect(try decode(vmsd, [3, 1], version: 2, initial: initial) == #"{"a":{"x":3,"y":2},"z":1,"k":5}"#)
    }

    /// What the destination has must fit the field that needs it.
    @Test(arguments: [
        (#"{"name":"f","info":"uint8 equal"}"#, #"{"f":true}"#, "/f"),
        (#"{"name":"f","flags":["VMS_STRUCT"],"vmsd":{"name":"c","fields":[]}}"#, #"{"f":[{}]}"#, "/f"),
        (#"{"name":"f","info":"qtailq","vmsd":{"name":"c","fields":[]},"start":8}"#, #"{"f":{}}"#, "/f"),
        (
            #"{"name":"f","info":"uint8","flags":["VMS_ARRAY","VMS_ARRAY_OF_POINTER"],"num":1,"size":8}"#,
            #"{"f":{}}"#, "/f"
        ),
    ])
    func aDestinationOfAnotherTypeIsAnError(_ field: String, _ initial: String, _ place: String) throws {
        #expect(
            try decode(#"{"name":"t","fields":[\#(field)]}"#, [1], initial: initial) == "value-type-mismatch \(place)"
        )
    }

    /// Memory that loading makes anew has nothing of the destination's.
    @Test(arguments: [(#","VMS_ALLOC""#, #"{"n":1,"s":[{"e":2}]}"#), ("", "equal-mismatch /s/0/e")])
    func allocatedMemoryIsNotCompared(_ flag: String, _ expected: String) throws {
        let child = #"{"name":"c","fields":[{"name":"e","info":"uint8 equal"}]}"#
        let flags = #"["VMS_STRUCT","VMS_VARRAY_UINT8","VMS_POINTER"\#(flag)]"#
        let array = #"{"name":"s","flags":\#(flags),"num_offset":"n","vmsd":\#(child)}"#
        let vmsd = #"{"name":"p","fields":[{"name":"n","info":"uint8"},\#(array)]}"#
        #expect(try decode(vmsd, [1, 2], initial: #"{"s":[{"e":1}]}"#) == expected)
    }

    /// A counter that has two widths is two fields of one name, of which one is in a stream.
    @Test(arguments: [(1, [0, 2, 3, 4], #"{"n[0]":2,"a":[3,4]}"#), (2, [2, 3, 4], #"{"n[1]":2,"a":[3,4]}"#)])
    func aCounterOfTwoFieldsIsTheOneThatCame(_ version: Int, _ bytes: [UInt8], _ state: String) throws {
        let codec = try VMStateCodec(
            document(
                #"""
                {"name":"p","version_id":2,"fields":[
                    {"name":"n","info":"uint16","field_exists":"version_id < 2"},
                    {"name":"n","info":"uint8","field_exists":"version_id >= 2"},
                    {"name":"a","info":"uint8","flags":["VMS_VARRAY_UINT8"],"num_offset":"n","field_exists":"n > 1"}
                ]}
                """#
            )
        )
        var options = VMStateCodec.DecodeOptions()
        options.versionID = version
        #expect(try codec.decode(bytes, options).state.root.json() == Array(state.utf8))
        let document = try JSONDocument(parsing: Array(state.utf8))
        #expect(try codec.encode(document.root, versionID: version).bytes == bytes)
    }

    /// Unused bytes that a predicate decides on are described one by one, as other elements are.
    @Test(arguments: [("", 1), (#","field_exists":"true""#, 3)])
    func unusedElementsAreDescribedAsOthers(_ predicate: String, _ entries: Int) throws {
        let unused =
            #"{"name":"u","info":"unused_buffer","size":2,"flags":["VMS_VARRAY_UINT8","VMS_BUFFER"],"num_offset":"n"\#(predicate)}"#
        let codec = try VMStateCodec(document(#"{"name":"p","fields":[{"name":"n","info":"uint8"},\#(unused)]}"#))
        let state = try JSONDocument(parsing: Array(#"{"n":3}"#.utf8))
        let encoded = try codec.encode(state.root, describes: true)
        #expect(encoded.bytes == [3, 0, 0, 0, 0, 0, 0])
        let fields = try JSONDocument(parsing: #require(encoded.vmdesc)).root["fields"]?.elements ?? []
        #expect(fields.count == 1 + entries)
        #expect(fields.last?["array_len"]?.int == (entries == 1 ? 3 : nil))
    }

    /// The size of the type in memory says nothing of an info with a length of its own; that of a vmdesc does.
    @Test(arguments: [
        ("rampD", 4, 1), ("vmstate_hack_uint32_as_uint16", 4, 2), ("vsr", 16, 8), ("slbe", 24, 16), ("cpsr", 0, 4),
        ("fpr", 16, 16), ("unheard of", 3, 3),
    ])
    func theSizeInMemoryIsNotThatOfTheStream(_ info: String, _ size: Int, _ length: Int) throws {
        let vmsd = #"{"name":"t","fields":[{"name":"x","info":"\#(info)","size":\#(size)}]}"#
        let bytes = Array(repeating: UInt8(1), count: length)
        let codec = try VMStateCodec(document(vmsd))
        let decoded = try codec.decode(bytes)
        #expect(decoded.consumed == length)
        #expect(try codec.encode(decoded.state.root).bytes == bytes)
        let described = Array(repeating: UInt8(1), count: size)
        let device =
            #"{"name":"t","instance_id":0,"vmsd_name":"t","version":1,"fields":[{"name":"x","type":"\#(info)","size":\#(size)}]}"#
        #expect(try VMStateCodec(document(device)).decode(described).consumed == size)
    }

    /// What C would read otherwise is refused, and `u` is heard.
    @Test func numbersInPredicatesAreCs() throws {
        #expect(throws: Predicate.SyntaxError.self) { try Predicate("010 == 8") }
        let vmsd: (String) -> String = {
            #"{"name":"p","fields":[{"name":"a","info":"uint8","field_exists":"\#($0)"}]}"#
        }
        #expect(try decode(vmsd("-1 < 1"), [7], initial: "{}") == #"{"a":7}"#)
        #expect(try decode(vmsd("-1 < 1u"), [], initial: "{}") == "{}")
        #expect(try decode(vmsd("0 == 00x0"), [], initial: "{}") == "vmsd-invalid -")
    }
}

extension Result {
    fileprivate var failure: Failure? {
        guard case .failure(let error) = self else { return nil }
        return error
    }
}
