// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// What sections of a stream say, beyond their bytes.
@Suite struct StreamMeaningTests {
    private func report(_ bytes: [UInt8], _ request: String = "{}") throws -> [Finding] {
        try StreamRequest(JSONDocument(parsing: Array(request.utf8)).root).report(reading: BytesSource(bytes)).findings
    }

    // MARK: The run state

    /// A stream with a run state, and where its payload begins.
    private func stream(runState name: String, size: UInt32, isTerminated: Bool = true) -> StreamBytes {
        StreamBytes.headed {
            $0.ram()
            var payload: [UInt8] = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) }
            let filler: UInt8 = isTerminated ? 0 : 0x61
            payload += Array(name.utf8) + Array(repeating: filler, count: 100 - name.utf8.count)
            $0.expect(at: 1 + 4 + 1 + 11 + 4 + 4)
            $0.full(3, "globalstate", payload)
            let fields = [
                StreamBytes.field("size", "uint32", 4), StreamBytes.field("runstate", "buffer", 100),
            ]
            $0.eof(devices: [StreamBytes.device("globalstate", fields.joined(separator: ", "))])
        }
    }

    @Test(arguments: ["running", "paused", "prelaunch", "finish-migrate"])
    func aRunStateIsFine(_ name: String) throws {
        #expect(try report(stream(runState: name, size: UInt32(name.utf8.count + 1)).bytes).isEmpty)
    }

    @Test func aRunStateThatIsNoneIsAnError() throws {
        let stream = stream(runState: "qaused", size: 7)
        let findings = try report(stream.bytes)
        #expect(findings.map(\.rule.description) == ["VMST034"])
        #expect(findings.first?.severity == .error && findings.first?.offset == stream.mark + 4)
        #expect(findings.first?.statePath?.description == "/sections/3/state/runstate")
    }

    @Test func aRunStateWithoutEndIsAnError() throws {
        let findings = try report(stream(runState: "paused", size: 7, isTerminated: false).bytes)
        #expect(findings.map(\.rule.description) == ["VMST034"])
        #expect(findings.first?.severity == .error)
    }

    /// QEMU loads it, but nobody has written it.
    @Test func aLengthOfAnotherRunStateIsAWarning() throws {
        let stream = stream(runState: "paused", size: 8)
        let findings = try report(stream.bytes)
        #expect(findings.map(\.rule.description) == ["VMST034"])
        #expect(findings.first?.severity == .warning && findings.first?.offset == stream.mark)
    }

    // MARK: Elements that a vmdesc leaves out

    /// A `css` of four pointers, the first of them NULL, as QEMU 7.2 writes and describes it.
    private func hiding(_ elements: [UInt8]) -> [UInt8] {
        StreamBytes.headed {
            $0.ram()
            $0.full(3, "s390_css", [7] + elements + [9])
            let css = #"{"name": "css", "array_len": 4, "type": "struct", "struct": {}, "size": 1}"#
            let fields = [StreamBytes.field("a", "uint8", 1), css, StreamBytes.field("z", "uint8", 1)]
            $0.eof(devices: [StreamBytes.device("s390_css", fields.joined(separator: ", "))])
        }.bytes
    }

    private let vmsds = #"""
        {"vmsds": {"s390_css": {"name": "s390_css", "version_id": 1, "fields": [{"name": "a", "info": "uint8"},
        {"name": "css", "info": "buffer", "flags": ["VMS_BUFFER"], "size": 5},
        {"name": "z", "info": "uint8"}]}}, "dialect": "7.2"}
        """#

    @Test func aVMDescThatLeavesElementsOutSaysNothingAgainstTheStream() throws {
        let findings = try report(hiding([0x30, 0x30, 1, 2, 0x30]))
        #expect(findings.map { "\($0.rule) \($0.severity)" } == ["VMST017 warning"])
        #expect(findings.first?.section == "s390_css")
        // What is described is still checked.
        #expect(try report(hiding([0x30, 0x30, 0x30, 0x30])).isEmpty)
        #expect(try report(hiding([0x30, 0x30, 0x30])).contains { $0.severity == .error })
    }

    @Test func aDescriptionThatIsGivenReadsThem() throws {
        let bytes = hiding([0x30, 0x30, 1, 2, 0x30])
        #expect(try report(bytes, vmsds).isEmpty)
        let source = BytesSource(bytes)
        let request = try StreamRequest(JSONDocument(parsing: Array(vmsds.utf8)).root)
        let text = try request.document(try request.read(source), of: source)
        #expect(text.findings.isEmpty)
        let state = try JSONDocument(parsing: text.text).root["sections"]?.elements.last?["state"]
        #expect(
            state.map { String(decoding: $0.json(), as: UTF8.self) }
                == #"{"a":7,"css":"3030010230","z":9}"#
        )
    }
}
