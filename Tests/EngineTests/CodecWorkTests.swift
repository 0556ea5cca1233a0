// SPDX-License-Identifier: Apache-2.0

import Engine
import Testing

/// All work that a small request can ask for counts as steps.
@Suite struct CodecWorkTests {
    private static let limits = {
        var limits = Limits()
        limits.steps = 20_000
        return limits
    }()

    private func codec(_ text: String, limits: Limits = CodecWorkTests.limits) throws -> VMStateCodec {
        try VMStateCodec(VMStateDocument(JSONDocument(parsing: Array(text.utf8)).root), limits: limits)
    }

    /// Decodes a stream onto a destination; returns the error's code.
    private func decode(_ vmsd: String, _ bytes: [UInt8], initial: String) throws -> VMStateError.Code? {
        let document = try JSONDocument(parsing: Array(initial.utf8))
        var options = VMStateCodec.DecodeOptions()
        options.initial = document.root
        do {
            _ = try codec(vmsd).decode(bytes, options)
            return nil
        } catch let error as VMStateError {
            return error.code
        }
    }

    /// An object of `count` members named `name0`, `name1` …, and more.
    private func object(_ name: String, _ count: Int, and more: String = "") -> String {
        "{" + (0..<count).map { #""\#(name)\#($0)":0"# }.joined(separator: ",") + more + "}"
    }

    private static let subsection: [UInt8] = [5, 3] + Array("s/x".utf8) + [0, 0, 0, 0]

    @Test(arguments: [(1, nil), (400, VMStateError.Code.limitExceeded)] as [(Int, VMStateError.Code?)])
    func countersInEnclosingObjectsCount(_ times: Int, _ code: VMStateError.Code?) throws {
        let counted = #"{"name":"a","info":"uint8","flags":["VMS_VARRAY_UINT8"],"num_offset":"n"}"#
        let vmsd = #"{"name":"s","fields":[],"subsections":[{"name":"s/x","fields":[\#(counted)]}]}"#
        let bytes = Array(repeating: Self.subsection, count: times).flatMap { $0 }
        #expect(try decode(vmsd, bytes, initial: object("m", 1000, and: #","n":0"#)) == code)
    }

    @Test(arguments: [(2, nil), (20, VMStateError.Code.limitExceeded)] as [(Int, VMStateError.Code?)])
    func indexesInPredicatesCount(_ fields: Int, _ code: VMStateError.Code?) throws {
        let predicate = Array(repeating: "a[19999]==9", count: 2).joined(separator: "||")
        let others = (0..<fields).map { #"{"name":"f\#($0)","info":"uint8","field_exists":"\#(predicate)"}"# }
        let array = #"{"name":"a","info":"uint8","flags":["VMS_ARRAY"],"num":20000}"#
        let vmsd = #"{"name":"s","fields":[\#(([array] + others).joined(separator: ","))]}"#
        #expect(try decode(vmsd, Array(repeating: 0, count: 20_000), initial: "{}") == code)
    }

    @Test(arguments: [(3, nil), (100, VMStateError.Code.limitExceeded)] as [(Int, VMStateError.Code?)])
    func membersOfInnerObjectsCount(_ fields: Int, _ code: VMStateError.Code?) throws {
        let list = (0..<fields).map { #"{"name":"f\#($0)","offset":"a.x\#($0)","info":"uint8"}"# }
        let vmsd = #"{"name":"s","fields":[\#(list.joined(separator: ","))]}"#
        let initial = #"{"a":\#(object("y", 4000))}"#
        #expect(try decode(vmsd, Array(repeating: 0, count: fields), initial: initial) == code)
    }

    /// What stands behind a subsection that comes again moves.
    @Test(arguments: [(2, nil), (40, VMStateError.Code.limitExceeded)] as [(Int, VMStateError.Code?)])
    func whatMovesCounts(_ times: Int, _ code: VMStateError.Code?) throws {
        let array = #"{"name":"a","info":"uint64","flags":["VMS_ARRAY"],"num":50000}"#
        let vmsd =
            #"{"name":"s","fields":[],"subsections":[{"name":"s/x","fields":[]},{"name":"s/y","fields":[\#(array)]}]}"#
        let other: [UInt8] = [5, 3] + Array("s/y".utf8) + [0, 0, 0, 0] + Array(repeating: 1, count: 400_000)
        let bytes = (0..<times).flatMap { _ in Self.subsection + other }
        #expect(try decode(vmsd, bytes, initial: "{}") == code)
    }

    @Test(arguments: [(2, nil), (400, VMStateError.Code.limitExceeded)] as [(Int, VMStateError.Code?)])
    func countersOfAStateCount(_ objects: Int, _ code: VMStateError.Code?) throws {
        let counted = #"{"name":"x","info":"uint8","flags":["VMS_VARRAY_UINT8"],"num_offset":"n"}"#
        let child = #"{"name":"c","fields":[\#(counted)]}"#
        let numbers = (0..<1000).map { #"{"name":"m\#($0)","info":"uint8"}"# }.joined(separator: ",")
        let array = #"{"name":"t","info":"tmp","flags":["VMS_ARRAY"],"num":\#(objects),"vmsd":\#(child)}"#
        let vmsd = #"{"name":"s","fields":[\#(array),{"name":"n","info":"uint8"},\#(numbers)]}"#
        let elements = Array(repeating: #"{"x":[]}"#, count: objects).joined(separator: ",")
        let state = try JSONDocument(
            parsing: Array(object("m", 1000, and: #","n":0,"t":[\#(elements)]"#).utf8)
        )
        do {
            let bytes = try codec(vmsd).encode(state.root).bytes
            #expect(code == nil && bytes.count == 1001)
        } catch let error as VMStateError {
            #expect(error.code == code)
        }
    }

    /// Many fields that many paths lead to have a bound too.
    @Test(arguments: [(10, true), (100, false)]) func fieldsThatAreReferredToCount(_ count: Int, _ isTaken: Bool) throws
    {
        var limits = Limits()
        limits.references = 5000
        let fields = (0..<count).map {
            #"{"name":"f\#($0)","offset":"a","info":"uint8","field_exists":"a.x\#($0)||1"}"#
        }
        let vmsd = #"{"name":"s","fields":[\#(fields.joined(separator: ","))]}"#
        let error = Result { try codec(vmsd, limits: limits) }.failure as? VMStateError
        #expect(error?.code == (isTaken ? nil : .limitExceeded))
    }

    /// Members in any order are found, and of each object of an array.
    @Test func membersInAnyOrderAreFound() throws {
        let names = (0..<40).map { "m\($0)" }
        let fields = names.map { #"{"name":"\#($0)","info":"uint8"}"# }.joined(separator: ",")
        let child = #"{"name":"c","fields":[\#(fields)]}"#
        let vmsd =
            #"{"name":"s","fields":[{"name":"a","flags":["VMS_STRUCT","VMS_ARRAY"],"num":3,"vmsd":\#(child)}]}"#
        let element = names.enumerated().shuffled().map { #""\#($1)":\#($0)"# }.joined(separator: ",")
        let state = try JSONDocument(parsing: Array(#"{"a":[{\#(element)},{\#(element)},{\#(element)}]}"#.utf8))
        #expect(try codec(vmsd).encode(state.root).bytes == Array(repeating: Array(0..<40), count: 3).flatMap { $0 })
    }
}

extension Result {
    fileprivate var failure: Failure? {
        guard case .failure(let error) = self else { return nil }
        return error
    }
}
