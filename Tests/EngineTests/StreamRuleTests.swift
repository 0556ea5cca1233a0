// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// A stream that breaks one rule, and where that is found.
struct StreamRuleCase: Sendable, CustomStringConvertible {
    let rule: Int
    let what: String
    let severity: Rule.Severity
    let section: String?
    let bytes: [UInt8]
    let offset: Int

    init(
        _ rule: Int,
        _ what: String,
        _ severity: Rule.Severity = .error,
        in section: String? = nil,
        machine: String? = "pc-i440fx-7.2",
        _ build: (inout StreamBytes) -> Void
    ) {
        let stream = StreamBytes.headed(by: machine, build)
        self.rule = rule
        self.what = what
        self.severity = severity
        self.section = section
        bytes = stream.bytes
        offset = stream.mark
    }

    var id: String { "VMST0\(rule < 10 ? "0" : "")\(rule)" }
    var description: String { "\(id) \(what)" }
}

/// Every rule of whole streams, broken.
@Suite struct StreamRuleTests {
    @Test(arguments: cases)
    func aStreamThatBreaksARuleIsFound(_ item: StreamRuleCase) throws {
        let findings = try MigrationStream.findings(in: item.bytes)
        let own = findings.filter { $0.rule.description == item.id }
        let found = own.first { $0.offset == item.offset && $0.severity == item.severity && $0.section == item.section }
        #expect(found != nil, "expected at \(item.offset), \(findings.map(\.line))")
        #expect(own.allSatisfy { !$0.message.isEmpty })
    }

    @Test(arguments: cases)
    func aPipeIsNoBetterAndNoWorse(_ item: StreamRuleCase) throws {
        let file = try MigrationStream(reading: BytesSource(item.bytes)).findings
        let pipe = try MigrationStream(reading: PipeSource(item.bytes, chunk: 13)).findings
        // Where a section ends is known later, so it may be another rule that is broken.
        #expect(pipe.map(\.severity).max() == file.map(\.severity).max(), "\(pipe.map(\.line))")
        if item.severity != .error {
            #expect(pipe.map { "\($0.rule) \($0.severity)" } == file.map { "\($0.rule) \($0.severity)" })
        }
    }

    @Test func everyRuleIsBroken() {
        #expect(Set(Self.cases.map(\.rule)) == Set(2...33))
    }

    @Test(arguments: [
        ("", 0, "no bytes"), ("5145564e00000003", 0, "bytes 5145564e"), ("51455600", 0, "bytes 51455600"),
        ("5145564d00000002", 4, "2, which no QEMU since 0.13 writes"), ("5145564d00000004", 4, "4"),
    ])
    func whatIsNoStreamIsRefused(_ digits: String, _ offset: Int, _ found: String) throws {
        let bytes = try hexadecimal(digits)
        let error = #expect(throws: VMStateError.self) { try MigrationStream(reading: BytesSource(bytes)) }
        #expect(error?.code == .streamInvalid)
        #expect(error?.rule.description == "VMST001")
        #expect(error?.offset == offset)
        #expect(error?.found == found)
    }

    @Test func aGoodStreamHasNoFindings() throws {
        let stream = StreamBytes.headed { stream in
            stream.ram()
            stream.full(3, "timer", Array(repeating: 1, count: 8))
            stream.eof(devices: [StreamBytes.device("timer", StreamBytes.field("ticks", "int64", 8))])
        }
        #expect(try MigrationStream.findings(in: stream.bytes).map(\.line) == [])
    }

    static let timer = StreamBytes.device("timer", StreamBytes.field("ticks", "uint32", 4))

    /// A list of one block in an open START section.
    private static func blocks(_ stream: inout StreamBytes, pages: UInt64 = 2) {
        stream.start(2, "ram", version: 4) {
            $0.ramBlocks([("pc.ram", pages * 4096)])
            $0.ramEnd()
        }
    }

    /// A PART of RAM that is wrong in one place, and all that has to follow.
    private static func part(_ stream: inout StreamBytes, pages: UInt64 = 2, _ fill: (inout StreamBytes) -> Void) {
        blocks(&stream, pages: pages)
        stream.part(2) {
            for page in 0..<pages { $0.zero(page * 4096, page == 0 ? "pc.ram" : nil) }
            fill(&$0)
            $0.ramEnd()
        }
        stream.end(2) { $0.ramEnd() }
        stream.eof(devices: [])
    }

    static let cases: [StreamRuleCase] = framing + vmdesc + ram + others

    private static let framing: [StreamRuleCase] = [
        StreamRuleCase(2, "the name's length", machine: nil) {
            $0.byte(0x07)
            $0.expect()
            $0.be32(5000)
            $0.bytes += Array(repeating: 0x61, count: 5000)
        },
        StreamRuleCase(2, "an unknown subsection") {
            $0.expect()
            $0.byte(0x05)
            $0.string("configuration/other")
            $0.be32(1)
        },
        StreamRuleCase(2, "a version of a subsection") {
            $0.byte(0x05)
            $0.string("configuration/uuid")
            $0.expect()
            $0.be32(2)
        },
        StreamRuleCase(2, "page bits") {
            $0.byte(0x05)
            $0.string("configuration/target-page-bits")
            $0.be32(1)
            $0.expect()
            $0.be32(64)
        },
        StreamRuleCase(2, "the number of capabilities") {
            $0.byte(0x05)
            $0.string("configuration/capabilities")
            $0.be32(1)
            $0.expect()
            $0.be32(.max)
        },
        StreamRuleCase(3, "a subsection between sections") {
            $0.expect()
            $0.byte(0x05)
            $0.string("pc/sub")
        },
        StreamRuleCase(3, "a byte that is nothing") {
            $0.ram()
            $0.expect()
            $0.byte(0x42)
        },
        StreamRuleCase(4, "an empty idstr") {
            $0.expect(at: 5)
            $0.full(3, "", [])
            $0.eof(devices: [])
        },
        StreamRuleCase(4, "a control character in an idstr") {
            $0.expect(at: 5)
            $0.full(3, "ti\u{1}er", [])
            $0.eof(devices: [])
        },
        StreamRuleCase(4, "an instance of what there is one", in: "ram") {
            $0.expect(at: 9)
            $0.section(1, 2, "ram", instance: 1, version: 4) {
                $0.be64(4)
                $0.ramEnd()
            }
            $0.end(2) { $0.ramEnd() }
            $0.eof(devices: [])
        },
        StreamRuleCase(5, "one id for two names", in: "other") {
            $0.full(3, "timer", [0, 0, 0, 1])
            $0.expect()
            $0.full(3, "other", [0, 0, 0, 1])
            $0.eof(devices: [timer, StreamBytes.device("other", StreamBytes.field("x", "uint32", 4))])
        },
        StreamRuleCase(6, "a PART without START") {
            $0.expect()
            $0.part(9) { $0.ramEnd() }
            $0.eof(devices: [])
        },
        StreamRuleCase(6, "an END of a FULL section") {
            $0.full(3, "timer", [0, 0, 0, 1])
            $0.expect()
            $0.end(3)
            $0.eof(devices: [timer])
        },
        StreamRuleCase(7, "the second section has no footer", in: "ram") {
            blocks(&$0)
            $0.byte(0x02)
            $0.be32(2)
            $0.ramEnd()
            $0.expect()
            $0.end(2) { $0.ramEnd() }
            $0.eof(devices: [])
        },
        StreamRuleCase(7, "only the second section has a footer", in: "ram") {
            $0.hasFooters = false
            blocks(&$0)
            $0.byte(0x03)
            $0.be32(2)
            $0.ramEnd()
            $0.expect()
            $0.hasFooters = true
            $0.footer(2)
            $0.eof(devices: [])
        },
        StreamRuleCase(8, "the footer of another section", in: "ram") {
            $0.ram()
            $0.byte(0x04)
            $0.be32(3)
            $0.string("ram")
            $0.be32(1)
            $0.be32(1)
            $0.bytes += [1, 2, 3, 4, 0x7e]
            $0.expect()
            $0.be32(4)
            $0.eof(devices: [StreamBytes.device("ram", instance: 1, StreamBytes.field("x", "uint32", 4))])
        },
        StreamRuleCase(9, "a command that is none") {
            $0.expect(at: 1)
            $0.command(12)
            $0.eof(devices: [])
        },
        StreamRuleCase(9, "command 0") {
            $0.expect(at: 1)
            $0.command(0)
            $0.eof(devices: [])
        },
        StreamRuleCase(9, "PING of three bytes") {
            $0.expect(at: 3)
            $0.command(2, [0, 0, 1])
            $0.eof(devices: [])
        },
        StreamRuleCase(9, "a discard that is not of version 0") {
            $0.expect(at: 5)
            $0.command(6, [1, 2, 0x70, 0x63, 0] + Array(repeating: 0, count: 16))
            $0.eof(devices: [])
        },
        StreamRuleCase(9, "RECV_BITMAP with half a name") {
            $0.expect(at: 5)
            $0.command(10, [9, 0x70, 0x63])
            $0.eof(devices: [])
        },
        StreamRuleCase(9, "LISTEN without ADVISE") {
            $0.expect()
            $0.command(4)
            $0.eof(devices: [])
        },
        StreamRuleCase(9, "LISTEN twice") {
            $0.command(3)
            $0.command(4)
            $0.expect()
            $0.command(4)
            $0.eof(devices: [])
        },
        StreamRuleCase(9, "ADVISE with a page size that is none") {
            $0.expect(at: 13)
            $0.command(3, [0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x10, 1])
            $0.eof(devices: [])
        },
        StreamRuleCase(9, "ADVISE without page sizes") {
            $0.expect(at: 5)
            $0.command(3, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0])
            $0.eof(devices: [])
        },
        StreamRuleCase(9, "a discard of no block") {
            $0.ram()
            $0.expect(at: 6)
            $0.command(6, [0, 2, 0x70, 0x63, 0] + Array(repeating: 0, count: 16))
            $0.eof(devices: [])
        },
        StreamRuleCase(9, "a discard behind its block") {
            $0.ram()
            $0.expect(at: 5 + 9)
            $0.command(6, [0, 6] + Array("pc.ram".utf8) + [0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x10, 1])
            $0.eof(devices: [])
        },
        StreamRuleCase(10, "half a section id") {
            $0.expect(at: 1)
            $0.bytes += [4, 0, 0]
        },
        StreamRuleCase(10, "half a page", in: "ram") {
            blocks(&$0)
            $0.byte(0x02)
            $0.be32(2)
            $0.page(0x08, 0, "pc.ram")
            $0.expect()
            $0.bytes += Array(repeating: 7, count: 100)
        },
        StreamRuleCase(11, "no EOF") {
            $0.ram()
            $0.expect()
        },
        StreamRuleCase(12, "bytes behind the vmdesc", .warning) {
            $0.ram()
            $0.eof(devices: [])
            $0.expect()
            $0.bytes += [1, 2, 3]
        },
        StreamRuleCase(12, "padding behind the vmdesc", .note) {
            $0.ram()
            $0.eof(devices: [])
            $0.expect()
            $0.bytes += Array(repeating: 0, count: 1000)
        },
    ]

    private static let vmdesc: [StreamRuleCase] = [
        StreamRuleCase(13, "a vmdesc that is no JSON") {
            $0.eof()
            $0.expect(at: 5 + 13)
            $0.vmdesc("{\"devices\": [}")
        },
        StreamRuleCase(13, "a vmdesc without devices") {
            $0.eof()
            $0.expect(at: 5)
            $0.vmdesc("{\"page_size\": 4096}")
        },
        StreamRuleCase(13, "two page sizes") {
            $0.byte(0x05)
            $0.string("configuration/target-page-bits")
            $0.be32(1)
            $0.be32(14)
            $0.expect(at: 1)
            $0.eof(devices: [])
        },
        StreamRuleCase(14, "a section that is not described", in: "timer") {
            $0.expect()
            $0.full(3, "timer", [0, 0, 0, 1])
            $0.eof(devices: [])
        },
        StreamRuleCase(14, "a section that comes twice and is described once", in: "timer") {
            $0.full(3, "timer", [0, 0, 0, 1])
            $0.expect()
            $0.full(4, "timer", [0, 0, 0, 1])
            $0.eof(devices: [timer])
        },
        StreamRuleCase(14, "a description without a section", in: "timer") {
            $0.ram()
            $0.expect(at: 1)
            $0.eof(devices: [timer])
        },
        StreamRuleCase(14, "descriptions in another order", .warning, in: "timer") {
            $0.expect()
            $0.full(3, "timer", [0, 0, 0, 1])
            $0.full(4, "other", [9])
            $0.eof(devices: [StreamBytes.device("other", StreamBytes.field("x", "uint8", 1)), timer])
        },
        StreamRuleCase(15, "a body that is a byte short", in: "timer") {
            $0.expect(at: 1 + 4 + 6 + 8)
            $0.full(3, "timer", [0, 0, 1])
            $0.eof(devices: [timer])
        },
        StreamRuleCase(15, "a body that is a byte long", in: "timer") {
            $0.expect(at: 1 + 4 + 6 + 8)
            $0.full(3, "timer", [0, 0, 0, 1, 0])
            $0.eof(devices: [timer])
        },
        StreamRuleCase(16, "a marker that is none", in: "timer") {
            $0.expect(at: 1 + 4 + 6 + 8 + 1)
            $0.full(3, "timer", [1, 0x29])
            $0.eof(devices: [
                StreamBytes.device(
                    "timer",
                    StreamBytes.field("a", "uint8", 1) + ", " + StreamBytes.field("p", "nullptr", 1)
                )
            ])
        },
        StreamRuleCase(17, "nothing describes a section", in: "timer") {
            $0.expect(at: 1 + 4 + 6 + 8)
            $0.full(3, "timer", [0, 0, 0, 1])
            $0.eof()
        },
        StreamRuleCase(31, "no vmdesc", .note) {
            $0.full(3, "timer", [0, 0, 0, 1])
            $0.eof()
            $0.expect()
        },
        StreamRuleCase(31, "no vmdesc and no footers", in: "timer") {
            $0.hasFooters = false
            $0.expect(at: 1 + 4 + 6 + 8)
            $0.full(3, "timer", [0x42, 0, 0, 1])
            $0.eof()
        },
        StreamRuleCase(18, "two sections of one name", .warning, in: "timer") {
            $0.full(3, "timer", [0, 0, 0, 1])
            $0.expect()
            $0.full(4, "timer", [0, 0, 0, 1])
            $0.eof(devices: [timer, timer])
        },
        StreamRuleCase(17, "an iterative section of an unknown format", .warning, in: "sam") {
            $0.expect()
            $0.start(3, "sam") { $0.bytes += [1, 2, 3] }
            $0.end(3)
            $0.eof(devices: [])
        },
        StreamRuleCase(29, "another version than the vmdesc's", in: "timer") {
            $0.expect(at: 1 + 4 + 6 + 4)
            $0.full(3, "timer", version: 2, [0, 0, 0, 1])
            $0.eof(devices: [timer])
        },
        StreamRuleCase(19, "a section that goes on behind its END", .warning, in: "ram") {
            $0.ram()
            $0.expect()
            $0.part(2) { $0.ramEnd() }
            $0.eof(devices: [])
        },
        StreamRuleCase(19, "RAM without END", .warning, in: "ram") {
            blocks(&$0)
            $0.part(2) {
                $0.zero(0, "pc.ram")
                $0.zero(4096)
                $0.ramEnd()
            }
            $0.eof(devices: [])
            $0.expect()
        },
    ]

    private static let ram: [StreamRuleCase] = [
        StreamRuleCase(20, "EOS with an address", in: "ram") {
            blocks(&$0, pages: 1)
            $0.end(2) {
                $0.zero(0, "pc.ram")
                $0.expect()
                $0.be64(0x1000 | 0x10)
            }
            $0.eof(devices: [])
        },
        StreamRuleCase(20, "two flags", in: "ram") {
            part(&$0) {
                $0.expect()
                $0.be64(0x0a)
            }
        },
        StreamRuleCase(20, "the flag FULL", in: "ram") {
            part(&$0) {
                $0.expect()
                $0.be64(0x01)
            }
        },
        StreamRuleCase(20, "EOS with CONTINUE", in: "ram") {
            part(&$0) {
                $0.expect()
                $0.be64(0x30)
            }
        },
        StreamRuleCase(21, "a block that is larger than the rest", in: "ram") {
            $0.byte(1)
            $0.be32(2)
            $0.string("ram")
            $0.be32(0)
            $0.be32(4)
            $0.be64(0x1000 | 0x04)
            $0.string("pc.ram")
            $0.expect()
            $0.be64(0x2000)
            $0.ramEnd()
            $0.footer(2)
            $0.eof(devices: [])
        },
        StreamRuleCase(21, "a block twice", in: "ram") {
            $0.byte(1)
            $0.be32(2)
            $0.string("ram")
            $0.be32(0)
            $0.be32(4)
            $0.be64(0x2000 | 0x04)
            $0.string("pc.ram")
            $0.be64(0x1000)
            $0.expect()
            $0.string("pc.ram")
            $0.be64(0x1000)
            $0.ramEnd()
            $0.footer(2)
            $0.eof(devices: [])
        },
        StreamRuleCase(22, "a page behind its block", in: "ram") {
            part(&$0) {
                $0.expect()
                $0.page(0x02, 0x2000)
                $0.byte(0)
            }
        },
        StreamRuleCase(22, "a page at an address without end", in: "ram") {
            part(&$0) {
                $0.expect()
                $0.page(0x02, 0xffff_ffff_ffff_f000)
                $0.byte(0)
            }
        },
        StreamRuleCase(22, "a page of no block", in: "ram") {
            part(&$0) {
                $0.expect(at: 8)
                $0.zero(0, "other")
            }
        },
        StreamRuleCase(23, "CONTINUE before any page", in: "ram") {
            blocks(&$0)
            $0.part(2) {
                $0.expect()
                $0.zero(0)
                $0.ramEnd()
            }
            $0.end(2) { $0.ramEnd() }
            $0.eof(devices: [])
        },
        StreamRuleCase(24, "a page that is filled with 1", .warning, in: "ram") {
            part(&$0) {
                $0.expect(at: 8)
                $0.zero(0, fill: 1)
            }
        },
        StreamRuleCase(25, "another encoding than XBZRLE", in: "ram") {
            part(&$0) {
                $0.expect(at: 8)
                $0.delta(0, nil, [0, 1, 7], encoding: 2)
            }
        },
        StreamRuleCase(26, "a compressed page without bytes", in: "ram") {
            part(&$0) {
                $0.page(0x100, 0)
                $0.expect()
                $0.be32(0)
            }
        },
        StreamRuleCase(28, "a page that does not come", .warning, in: "ram") {
            blocks(&$0)
            $0.part(2) {
                $0.zero(0, "pc.ram")
                $0.ramEnd()
            }
            $0.expect()
            $0.end(2) { $0.ramEnd() }
            $0.eof(devices: [])
        },
        StreamRuleCase(28, "no page at all", .warning, in: "ram") {
            blocks(&$0)
            $0.expect()
            $0.end(2) { $0.ramEnd() }
            $0.eof(devices: [])
        },
        StreamRuleCase(29, "version 3 of ram", in: "ram") {
            $0.expect()
            $0.start(2, "ram", version: 3) { $0.ramEnd() }
            $0.end(2) { $0.ramEnd() }
            $0.eof(devices: [])
        },
    ]

    private static let others: [StreamRuleCase] = [
        StreamRuleCase(27, "a page size that is not the target's", in: "ram") {
            $0.byte(0x05)
            $0.string("configuration/capabilities")
            $0.be32(1)
            $0.be32(1)
            $0.string("mapped-ram")
            $0.start(2, "ram", version: 4) {
                $0.ramBlocks([("pc.ram", 4096)]) { stream, _ in
                    stream.be32(1)
                    stream.expect()
                    stream.be64(8192)
                    stream.be64(0)
                    stream.be64(0)
                }
                $0.ramEnd()
            }
            $0.end(2) { $0.ramEnd() }
            $0.eof(devices: [])
        },
        StreamRuleCase(30, "a tag that vfio does not have", in: "0000:00:01.0/vfio") {
            $0.start(5, "0000:00:01.0/vfio") {
                $0.expect()
                $0.be64(0xffff_ffff_ef10_0007)
            }
            $0.end(5) { $0.be64(0xffff_ffff_ef10_0001) }
            $0.eof(devices: [])
        },
        StreamRuleCase(30, "flags that block does not have", in: "block") {
            $0.start(5, "block") { $0.be64(2) }
            $0.end(5) {
                $0.expect()
                $0.be64(0x10)
                $0.be64(2)
            }
            $0.eof(devices: [])
        },
        StreamRuleCase(30, "extended flags of dirty-bitmap", in: "dirty-bitmap") {
            $0.start(5, "dirty-bitmap") {
                $0.expect()
                $0.bytes += [0x80, 0x01]
            }
            $0.end(5) { $0.byte(1) }
            $0.eof(devices: [])
        },
        StreamRuleCase(30, "the size of a hash table", in: "spapr/htab") {
            $0.start(5, "spapr/htab") {
                $0.expect()
                $0.be32(99)
            }
            $0.end(5) { $0.be32(.max) }
            $0.eof(devices: [])
        },
        StreamRuleCase(30, "an error of the sender", in: "s390-storage_attributes") {
            $0.start(5, "s390-storage_attributes", version: 0) { $0.be64(1) }
            $0.end(5) {
                $0.expect()
                $0.be64(4)
                $0.be64(1)
            }
            $0.eof(devices: [])
        },
        StreamRuleCase(32, "a section that ends behind its package") {
            $0.command(7, [0, 0, 0, 20])
            $0.expect(at: 20)
            $0.full(3, "timer", [0, 0, 0, 1])
            $0.eof()
        },
        StreamRuleCase(32, "bytes behind RUN", .warning) {
            $0.command(7, [0, 0, 0, 8])
            $0.command(5)
            $0.expect()
            $0.bytes += [1, 2, 3]
            $0.eof()
        },
        StreamRuleCase(33, "a second EOF", .error) {
            $0.ram()
            $0.expect()
            $0.eof()
            $0.full(3, "timer", [0, 0, 0, 1])
            $0.eof()
        },
    ]
}
