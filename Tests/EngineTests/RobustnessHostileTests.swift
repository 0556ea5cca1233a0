// SPDX-License-Identifier: Apache-2.0

import Engine
import Testing

/// Small inputs that stand for much work or memory end soon, with an error.
@Suite struct RobustnessHostileTests {
    /// Builds without optimisation are some thirty times slower; there the same is tried on a smaller scale.
    private static let scale: Int = {
        var isDebug = false
        assert(
            {
                isDebug = true; return true
            }()
        )
        return isDebug ? 10 : 1
    }()

    private static let limits: Limits = {
        var limits = Limits()
        limits.emptyElements /= scale * scale
        limits.stateWords /= scale
        limits.steps /= scale * scale
        return limits
    }()

    // MARK: Counts and sizes

    @Test(arguments: ["7fffffff", "80000000", "ffffffff"])
    func aHugeCountInFiveBytesIsAnError(_ count: String) throws {
        for info in ["uint8", "uint64", "bool", "CPU_Double_U", "uint8 equal", "buffer\", \"size\": \"1"] {
            let error = try #require(failure(counted(#""info": "\#(info)""#), count + "01"))
            #expect(error.code == (count == "7fffffff" ? .streamTruncated : .valueOutOfRange), "\(info)")
        }
    }

    @Test(arguments: [
        #""info": "buffer", "size": 0"#, #""info": "virtio", "size": 0"#,
        #""vmsd": {"name": "e", "fields": []}"#,
        #""vmsd": {"name": "e", "fields": [{"name": "u", "info": "unused_buffer", "size": 0}]}"#,
        #""vmsd": {"name": "e", "fields": [{"name": "z", "flags": ["VMS_ARRAY"], "num": 0, "info": "uint8"}]}"#,
    ])
    func elementsWithoutBytesAreLimited(_ element: String) throws {
        #expect(failure(counted(element), "7fffffff")?.code == .limitExceeded)
    }

    @Test func elementsWithoutBytesAreLimitedBehindOneWithBytes() throws {
        let element =
            #""vmsd": {"name": "e", "fields": [], "subsections": [{"name": "e/s", "needed": "0", "fields": []}]}"#
        #expect(failure(counted(element), "7fffffff" + "0503652f7300000000")?.code == .limitExceeded)
    }

    @Test func elementsWithoutBytesAreLimitedInArraysInsideArrays() throws {
        let inner = #"{"name": "i", "flags": ["VMS_ARRAY"], "num": 30000, "info": "buffer", "size": 0}"#
        let element = #""vmsd": {"name": "e", "fields": [\#(inner)]}"#
        #expect(failure(counted(element), "00007530")?.code == .limitExceeded)
    }

    @Test func unusedBuffersOfTwoGibibytesAreNotWritten() throws {
        let unused = #"{"name": "u", "info": "unused_buffer", "size": 2147483647}"#
        let codec = try codec(#"{"name": "t", "fields": [\#(unused)]}"#)
        #expect(throws: VMStateError.self) { try codec.decode([0]) }
        let error = #expect(throws: VMStateError.self) {
            try codec.encode(try JSONDocument(parsing: Array("{}".utf8)).root)
        }
        #expect(error?.code == .limitExceeded)
    }

    @Test func sizesThatOverflowAreErrors() throws {
        for size in ["2147483647", "9223372036854775807"] {
            for type in ["bitmap", "buffer", "unused_buffer", "virtio"] {
                let vmdesc =
                    #"{"vmsd_name": "t", "version": 1, "fields": [{"name": "f", "type": "\#(type)", "size": \#(size)}]}"#
                #expect(failure(vmdesc, "00")?.code == .streamTruncated, "\(type) \(size)")
            }
        }
    }

    // MARK: Depth

    @Test func descriptionsThatDoubleAtEachLevelAreLimited() throws {
        var definitions = #""d40": {"name": "d40", "fields": []}"#
        for level in 0..<40 {
            definitions += """
                , "d\(level)": {"name": "d\(level)", "fields": [\
                {"name": "a", "vmsd": "d\(level + 1)"}, {"name": "b", "vmsd": "d\(level + 1)"}]}
                """
        }
        #expect(failure(#"{"definitions": {\#(definitions)}, "vmsd": "d0"}"#, "")?.code == .limitExceeded)
    }

    @Test func aQueueOfItselfIsLimited() throws {
        let vmsd = """
            {"definitions": {"q": {"name": "q", "fields": [{"name": "n", "info": "qtailq", "flags": [], "vmsd": "q"}]}}, \
            "vmsd": "q"}
            """
        let error = try #require(failure(vmsd, String(repeating: "01", count: 1000)))
        #expect(error.code == .limitExceeded)
        #expect(error.offset == 64)
    }

    @Test func aChainOfManyDefinitionsEndsSoon() throws {
        var definitions = #""d0": {"name": "d0", "fields": []}"#
        for level in 1..<100_000 / Self.scale {
            definitions += #","d\#(level)":{"name":"d\#(level)","fields":[{"name":"f","vmsd":"d\#(level - 1)"}]}"#
        }
        #expect(
            failure(#"{"definitions": {\#(definitions)}, "vmsd": "d\#(100_000 / Self.scale - 1)"}"#, "")?.code
                == .limitExceeded
        )
    }

    @Test func aChainOfManySubsectionsWithPredicatesEndsSoon() throws {
        var definitions = #""d0": {"name": "d0", "fields": []}"#
        for level in 1..<20_000 / Self.scale {
            definitions += """
                ,"d\(level)":{"name":"d\(level)","fields":[{"name":"f","info":"uint8","field_exists":"p\(level)"}],\
                "subsections":["d\(level - 1)"]}
                """
        }
        #expect(
            failure(#"{"definitions": {\#(definitions)}, "vmsd": "d\#(20_000 / Self.scale - 1)"}"#, "")?.code
                == .limitExceeded
        )
    }

    @Test func aCycleOfStructsIsAnError() throws {
        for field in [#""vmsd": "a""#, #""info": "tmp", "flags": [], "vmsd": "a""#] {
            let vmsd = #"{"definitions": {"a": {"name": "a", "fields": [{"name": "f", \#(field)}]}}, "vmsd": "a"}"#
            #expect(failure(vmsd, "")?.code == .vmsdInvalid)
        }
    }

    // MARK: Predicates

    @Test(arguments: [
        String(repeating: "(", count: 100_000), String(repeating: "!", count: 100_000) + "a",
        String(repeating: "a?", count: 100_000), String(repeating: "a+", count: 100_000) + "a",
        String(repeating: "a?b:", count: 100_000) + "c",
    ])
    func predicatesThatNestDeeplyAreErrors(_ text: String) throws {
        #expect(throws: Predicate.SyntaxError.self) { try Predicate(text) }
    }

    @Test func predicatesThatNameEachOtherEnd() throws {
        var given: [String: Predicate] = [:]
        for level in 0..<16 {
            given["p\(level)"] = try Predicate(Array(repeating: "p\(level + 1)", count: 200).joined(separator: "+"))
        }
        given["p16"] = try Predicate("1")
        given["p20"] = try Predicate("p21")
        given["p21"] = try Predicate("p20")
        for name in ["p0", "p20"] {
            let vmsd = #"{"name": "t", "fields": [{"name": "f", "info": "uint8", "field_exists": "\#(name)"}]}"#
            let codec = try codec(vmsd, given: given)
            let error = #expect(throws: VMStateError.self) { try codec.decode([1]) }
            #expect(error?.code == .vmsdInvalid || error?.code == .limitExceeded)
        }
    }

    @Test func predicatesThatNameEachOtherAtTheirDeepestFitTheStackOfAThread() throws {
        var given: [String: Predicate] = [:]
        for level in 0..<15 {
            given["p\(level)"] = try Predicate(
                "p\(level + 1)" + String(repeating: "+1", count: 255).replacing("+1+1", with: "+(1)+(1)")
            )
        }
        given["p15"] = try Predicate("1")
        let codec = try codec(
            #"{"name": "t", "fields": [{"name": "f", "info": "uint8", "field_exists": "p0"}]}"#,
            given: given
        )
        let error = #expect(throws: VMStateError.self) { try codec.decode([1]) }
        #expect(error?.code == .vmsdInvalid)
    }

    @Test func predicatesOfManyElementsAreLimited() throws {
        var given: [String: Predicate] = [:]
        for level in 0..<3 {
            given["p\(level)"] = try Predicate(Array(repeating: "p\(level + 1)", count: 14).joined(separator: "+"))
        }
        given["p3"] = try Predicate("1")
        let element = #""vmsd": {"name": "e", "fields": [{"name": "f", "info": "uint8", "field_exists": "p0"}]}"#
        let codec = try codec(counted(element), given: given)
        let count = (1 << 18) / Self.scale
        let stream = [UInt8(count >> 24), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
        let error = #expect(throws: VMStateError.self) {
            try codec.decode(stream + [UInt8](repeating: 7, count: count))
        }
        #expect(error?.code == .limitExceeded)
    }

    // MARK: Width

    @Test func manyFieldsAreReadAndWritten() throws {
        let width = 100_000 / Self.scale
        let fields = (0..<width).map { #"{"name":"f\#($0)","info":"uint8"}"# }.joined(separator: ",")
        let codec = try codec(#"{"name":"t","fields":[\#(fields)]}"#)
        let decoded = try codec.decode([UInt8](repeating: 3, count: width))
        #expect(try codec.encode(decoded.state.root).bytes.count == width)
    }

    @Test func manyFieldsOfOneNameAreReadAndWritten() throws {
        let width = 50_000 / Self.scale
        let fields = Array(repeating: #"{"name":"f","info":"uint8"}"#, count: width).joined(separator: ",")
        let codec = try codec(#"{"name":"t","fields":[\#(fields)]}"#)
        let decoded = try codec.decode([UInt8](repeating: 3, count: width))
        #expect(try codec.encode(decoded.state.root).bytes.count == width)
    }

    @Test func manyFieldsWithPredicatesOfTheirOwnEndSoon() throws {
        let width = 20_000 / Self.scale
        let fields = (0..<width).map { #"{"name":"f\#($0)","info":"uint8","field_exists":"p\#($0)"}"# }
        let members = (0..<width).map { #""p\#($0)":1"# }.joined(separator: ",")
        let initial = try JSONDocument(parsing: Array("{\(members)}".utf8)).root
        do {
            let codec = try codec(#"{"name":"t","fields":[\#(fields.joined(separator: ","))]}"#)
            var options = VMStateCodec.DecodeOptions()
            options.initial = initial
            let decoded = try codec.decode([UInt8](repeating: 3, count: width), options)
            #expect(try codec.encode(decoded.state.root).bytes.count == width)
        } catch let error as VMStateError {
            #expect(error.code == .limitExceeded)
        }
    }

    @Test func manyElementsWithManyAbsentFieldsAreLimited() throws {
        let fields = (0..<10_000 / Self.scale).map { #"{"name":"f\#($0)","info":"uint8","version_id":2}"# }.joined(
            separator: ","
        )
        let element = #""vmsd":{"name":"e","version_id":1,"fields":[{"name":"a","info":"uint8"},\#(fields)]}"#
        let stream = [0, 1, 0, 0] + [UInt8](repeating: 3, count: 1 << 16)
        let codec = try codec(counted(element))
        let error = #expect(throws: VMStateError.self) { try codec.decode(stream) }
        #expect(error?.code == .limitExceeded)
    }

    @Test func repeatedSubsectionsAreReadInLinearTime() throws {
        let vmsd = """
            {"name": "t", "fields": [{"name": "n", "info": "uint32"}], "subsections": [
             {"name": "ta", "needed": "1", "fields": [{"name": "z", "flags": ["VMS_ARRAY"], "num": 60000, "info": "buffer", "size": 0}]},
             {"name": "tb", "needed": "1", "fields": []}]}
            """
        let pair: [UInt8] = [5, 2, 0x74, 0x61, 0, 0, 0, 0, 5, 2, 0x74, 0x62, 0, 0, 0, 0]
        let stream = [0, 0, 0, 0] + Array(repeatElement(pair, count: 20_000).joined())
        let codec = try codec(vmsd)
        let error = #expect(throws: VMStateError.self) { try codec.decode(stream) }
        #expect(error?.code == .limitExceeded)
    }

    // MARK: Helpers

    /// A description with a 32-bit counter and an array of `element`.
    // MARK: Many parts that are looked for among many

    @Test func manySubsectionsAreLimited() throws {
        let count = 20_000 / Self.scale
        let names = (0..<count).map { "t/s\($0)" }
        let subsections = names.map { #"{"name": "\#($0)", "version_id": 1, "fields": []}"# }
        let vmsd = #"{"name": "t", "fields": [], "subsections": [\#(subsections.joined(separator: ","))]}"#
        let bytes = names.reduce(into: [UInt8]()) {
            $0 += [0x05, UInt8($1.utf8.count)] + Array($1.utf8) + [0, 0, 0, 1]
        }
        let error = #expect(throws: VMStateError.self) { try codec(vmsd).decode(bytes) }
        #expect(error?.code == .limitExceeded)
    }

    @Test func manyCountersInAStateAreLimited() throws {
        let count = 20_000 / Self.scale
        let fields = (0..<count).map {
            #"{"name": "a\#($0)", "info": "uint8", "flags": ["VMS_VARRAY_UINT8"], "num_offset": "n\#($0)"}"#
        }
        let members = (0..<count).map { #""n\#($0)": 0, "a\#($0)": []"# }
        let state = try JSONDocument(parsing: Array("{\(members.joined(separator: ","))}".utf8)).root
        let vmsd = #"{"name": "t", "fields": [\#(fields.joined(separator: ","))]}"#
        let error = #expect(throws: VMStateError.self) { try codec(vmsd).encode(state) }
        #expect(error?.code == .limitExceeded)
    }

    private func counted(_ element: String) -> String {
        let flags = element.contains("\"vmsd\"") ? #""VMS_VARRAY_UINT32", "VMS_STRUCT""# : #""VMS_VARRAY_UINT32""#
        return
            #"{"name": "t", "fields": [{"name": "n", "info": "uint32"}, {"name": "a", "flags": [\#(flags)], "num_offset": "n", \#(element)}]}"#
    }

    private func codec(_ vmsd: String, given: [String: Predicate] = [:]) throws -> VMStateCodec {
        let document = VMStateDocument(try JSONDocument(parsing: Array(vmsd.utf8)).root)
        return try VMStateCodec(document, given: given, limits: Self.limits)
    }

    /// The error of making the codec or of decoding; nil where there is none, or it took longer than five seconds.
    private func failure(_ vmsd: String, _ digits: String) -> VMStateError? {
        let clock = ContinuousClock()
        let start = clock.now
        do {
            let bytes = stride(from: 0, to: digits.count, by: 2).map { at in
                UInt8(digits.dropFirst(at).prefix(2), radix: 16) ?? 0
            }
            _ = try codec(vmsd).decode(bytes)
            return nil
        } catch let error as VMStateError {
            #expect(start.duration(to: clock.now) < .seconds(5))
            return error
        } catch {
            return nil
        }
    }
}
