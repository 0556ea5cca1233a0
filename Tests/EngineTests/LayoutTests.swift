// SPDX-License-Identifier: Apache-2.0

import Engine
import TestSupport
import Testing

/// Elements that no stream at hand has, by the rules of the format; what is refused; how much is spent.
@Suite struct LayoutTests {
    /// The info, the bytes, the value.
    static let elements: [(String, String, String)] = [
        ("cpsr", "400001d3", "1073742291"),
        ("fpscr", "00000001", "1"),
        ("fpcr", "0000000000000003", #"{"value":3}"#),
        ("fpsr", "fffffffffffffffe", #"{"value":18446744073709551614}"#),
        ("pstate64", "00000000000003cd", #"{"value":973}"#),
        ("powered_off", "01", "true"),
        // ppc, mips
        ("fpr", "3ff0000000000000", #"{"value":4607182418800017408}"#),
        ("fpr", "00000000000000010000000000000002", "[1,2]"),
        ("vsr", "0000000000000009", #"{"value":9}"#),
        ("avr", "0000000000000001ffffffffffffffff", "[1,18446744073709551615]"),
        ("slbe", "00000000080000000000000000000510", #"{"esid":134217728,"vsid":1296}"#),
        ("cpu/altivec/vscr", "00010000", "65536"),
        (
            "tlb_entry", "80000000 00001fff 0005 00000007 0c18 0000000000000001 0000000000000002",
            #"{"VPN":2147483648,"PageMask":8191,"ASID":5,"MMID":7,"flags":3096,"PFN":[1,2]}"#
        ),
        (
            "tlb_entry", "ffffffff80000000 00001fff 0005 00000007 0c18 0000000000000001 0000000000000002",
            #"{"VPN":18446744071562067968,"PageMask":8191,"ASID":5,"MMID":7,"flags":3096,"PFN":[1,2]}"#
        ),
        ("fpreg", "8000000000000000 3fff", #"{"mantissa":9223372036854775808,"exponent":16383}"#),
        ("psr", "f3000000", "4076863488"),
        ("fsr", "00000001", "1"),
        ("fsr", "0000000100000000", #"{"value":4294967296}"#),
        ("psw", "0004000e", "262158"),
        ("psw", "000000000004000e", #"{"value":262158}"#),
        ("tlb entry", "0000000000001000 00002000 00000003", #"{"va_b":4096,"pa":8192,"packed":3}"#),
        (
            "tlb entry", "0000000000001000 0000000000001fff 0000000000002000 0000000000000003",
            #"{"start":4096,"last":8191,"pa":8192,"packed":3}"#
        ),
        ("sreg", "82", "130"),
        ("eind", "01", "1"),
        ("fd", "ffffffff", "-1"),
        ("int32_as_uint16", "0102", "258"),
        ("uint16_from_uint8", "7f", "127"),
        ("pci irq state", "00000000 00000001 00000000 00000000", "[0,1,0,0]"),
        (
            "msix state", "0010e0fe00000000 41000000 01000000 80",
            #"{"table":[{"address":4276097024,"data":65,"vector_control":1}],"pending":"80"}"#
        ),
        ("virtio-fs back-end state", "00000002 abcd 00000001 ef 00000000", #"["abcd","ef"]"#),
        ("virtio-net vhost-user backend state", "00000000", "[]"),
        ("usb-redir-parser", "00000003 010203", #"{"data":"010203"}"#),
        (
            "usb-redir-bufpq", "00000002 00000001 00000000 aa 00000000 00000005",
            #"[{"status":0,"data":"aa"},{"status":5,"data":""}]"#
        ),
        ("usb-redir-packet-id-q", "00000001 0000000000000007", "[7]"),
        ("irqs", "0000000000000001 00*71 02", #"[""# + String(repeating: "00", count: 71) + #"02"]"#),
        (
            "virtio-gpu/blob", "00000005 00001000 00000001 0000000080000000 00001000 00000000",
            #"[{"resource_id":5,"blob_size":4096,"pages":[{"addr":2147483648,"length":4096}]}]"#
        ),
        (
            "virtio-gpu",
            """
            00000001 00000002 00000001 00000001 00000001 0000000080000000 00001000 0102030405060708
            00000000 00000001 00000001 00000001 00000002 00000001 ffffffff 00000000 00*20
            """,
            #"{"resources":[{"resource_id":1,"width":2,"height":1,"format":1,"#
                + #""pages":[{"addr":2147483648,"length":4096}],"pixels":"0102030405060708"}],"enable":1,"#
                + #""scanouts":[{"resource_id":1,"width":2,"height":1,"x":-1,"y":0,"cursor_resource_id":0,"hot_x":0,"#
                + #""hot_y":0,"cursor_x":0,"cursor_y":0}]}"#
        ),
        (
            "virtqueue_extra_state",
            "05 11 76697274696f5f6d6d696f2f7374617465 00000001 00000001 00000002 0100 01 00000003 00*20 00*27621",
            #"{"virtio_mmio/state":{"guest_features":[1,2],"#
                + #""vqs":[{"num":256,"enabled":true,"desc":[3,0],"avail":[0,0],"used":[0,0]}]}}"#
        ),
        // A write of which half a block was left, and a read whose data is in the stream.
        (
            "scsi-requests",
            """
            02 2a000000000000000100000000000000 00000007 00000000 0000000000000009 00000001 00000002 beef
            02 28000000000000000100000000000000 00000008 00000000 0000000000000009 00000001 00000200 00000001 aa 00
            """,
            #"[{"retry":false,"cdb":"2a000000000000000100000000000000","tag":7,"lun":0,"sector":9,"sector_count":1,"#
                + #""buflen":2,"data":"beef"},{"retry":false,"cdb":"28000000000000000100000000000000","tag":8,"lun":0,"#
                + #""sector":9,"sector_count":1,"buflen":512,"data":"aa"}]"#
        ),
    ]

    @Test(arguments: elements)
    func anElementIsTakenApartAndWrittenBack(_ info: String, _ digits: String, _ value: String) throws {
        let element = try LayoutCase(info, digits, value)
        let codec = try element.codec(size: element.bytes.count)
        let decoded = try codec.decode(element.bytes, LayoutCase.takesApart)
        #expect(LayoutCase.value(decoded.state.root) == value)
        #expect(try codec.encode(decoded.state.root).bytes == element.bytes)
        #expect(try codec.encode(LayoutCase.state(value).root).bytes == element.bytes)
        #expect(try codec.encode(codec.decode(element.bytes).state.root).bytes == element.bytes)
        // Long integers as strings are never taken for hex.
        var options = JSONPrinter.Options()
        options.int64AsString = true
        let text = try JSONDocument(parsing: decoded.state.root.json(options))
        #expect(try codec.encode(text.root).bytes == element.bytes)
    }

    /// Bytes that the layout cannot give back, or that no device writes.
    @Test(arguments: [
        ("powered_off", "02"), ("fpr", "01020304"), ("pci irq state", "00000002 00*12"),
        ("msix state", "00*18"), ("pci config", "00*255"), ("virtio-fs back-end state", "00000002 abcd 00000000 00"),
        ("usb-redir-packet-id-q", "80000000 0000000000000007"), ("usb-redir-parser", "ffffffff 00"),
        ("usb-redir-bufpq", "7fffffff 00000000 00000000"), ("irqs", "ffffffffffffffff"),
        ("scsi-requests", "02 28"), ("scsi-requests", "0000"), ("virtio-gpu/blob", "00000001 00000000 7fffffff"),
        (
            // Pixels of 16 exabytes.
            "virtio-gpu", "00000001 ffffffff ffffffff 00000001 00000000 00*64"
        ),
        ("virtio", "00*64"), ("shpc", "00*8"), ("unheard of", "00"),
    ])
    func otherBytesStayHex(_ info: String, _ digits: String) throws {
        let element = try LayoutCase(info, digits, "")
        let codec = try element.codec(size: element.bytes.count)
        let decoded = try codec.decode(element.bytes, LayoutCase.takesApart)
        #expect(LayoutCase.value(decoded.state.root) == "\"\(hexadecimal(element.bytes))\"")
        #expect(try codec.encode(decoded.state.root).bytes == element.bytes)
    }

    /// The info and size, a value that is wrong, and the error.
    @Test(arguments: [
        ("cpsr", 4, "4294967296", VMStateError.Code.valueOutOfRange, "/x"),
        ("cpsr", 4, "true", .valueTypeMismatch, "/x"),
        ("cpsr", 4, "-1", .valueOutOfRange, "/x"),
        ("fpr", 8, #"{"value":"x"}"#, .valueTypeMismatch, "/x/value"),
        ("fpr", 8, "[1,2]", .valueTypeMismatch, "/x"),
        ("fpr", 12, "[1,2]", .valueTypeMismatch, "/x"),
        ("fpr", 16, "[1]", .countMismatch, "/x"),
        ("fpr", 8, "{}", .stateMissingField, "/x/value"),
        ("fpr", 8, #"{"value":1,"more":2}"#, .stateUnknownMember, "/x/more"),
        ("powered_off", 1, "2", .valueOutOfRange, "/x"),
        ("shpc", 4, "{}", .valueTypeMismatch, "/x"),
        ("pci irq state", 16, "[0,0,2,0]", .valueOutOfRange, "/x/2"),
        ("msix state", 17, #"{"table":[],"pending":""}"#, .countMismatch, "/x/table"),
        (
            "msix state", 17, #"{"table":[{"address":0,"data":0,"vector_control":0}],"pending":"0000"}"#,
            .valueOutOfRange, "/x/pending"
        ),
        ("usb-redir-packet-id-q", 12, "[1,2]", .valueOutOfRange, "/x"),
        ("virtio-fs back-end state", 8, #"["",""]"#, .valueOutOfRange, "/x/0"),
        ("scsi-requests", 1, #"[{"retry":2}]"#, .valueOutOfRange, "/x/0/retry"),
        ("virtio", 100, #"{"status":1}"#, .stateMissingField, "/x/pci"),
        ("virtio", 100, #"{"pci":{"version":2,"config":7}}"#, .valueTypeMismatch, "/x/pci/config"),
    ])
    func aWrongValueIsAnErrorWithItsPlace(
        _ info: String,
        _ size: Int,
        _ value: String,
        _ code: VMStateError.Code,
        _ place: String
    ) throws {
        let codec = try LayoutCase(info, "", value).codec(size: size)
        let state = try LayoutCase.state(value)
        let error = try #require(throws: VMStateError.self) { try codec.encode(state.root) }
        #expect(error.code == code)
        #expect(error.statePath?.description == place)
        #expect(error.expected != nil)
    }

    @Test func ofAVMDescAListMayGrow() throws {
        let element = try LayoutCase("usb-redir-packet-id-q", "00000001 0000000000000007", "[7]")
        let codec = try element.codec(size: 12, asVMDesc: true)
        let encoded = try codec.encode(LayoutCase.state("[7,8]").root, describes: true)
        #expect(hexadecimal(encoded.bytes) == "0000000200000000000000070000000000000008")
        let vmdesc = try JSONDocument(parsing: try #require(encoded.vmdesc))
        #expect(vmdesc.root["fields"]?.elements.first?["size"]?.int == 20)
        // Not so hex, and not what the device decides.
        #expect(throws: VMStateError.self) { try codec.encode(LayoutCase.state("\"00000000\"").root) }
        let vectors = try LayoutCase("msix state", "", "").codec(size: 17, asVMDesc: true)
        let state = try LayoutCase.state(#"{"table":[],"pending":""}"#)
        #expect(throws: VMStateError.self) { try vectors.encode(state.root) }
    }

    @Test func anInfoThatDescribesItselfIsReadByIt() throws {
        let text = """
            {"vmsd_name":"vdagent","version":1,"fields":[{"name":"cbinfo","type":"vdagent/cbinfos",
            "vmsd_name":"cbinfoarray","version":1,"fields":[{"name":"n","type":"uint32","size":4},
            {"name":"b","type":"bool","size":1}],"size":5}]}
            """
        let codec = try VMStateCodec(VMStateDocument(JSONDocument(parsing: Array(text.utf8)).root))
        let bytes: [UInt8] = [0, 0, 0, 3, 1]
        #expect(
            String(decoding: try codec.decode(bytes).state.root.json(), as: UTF8.self) == #"{"cbinfo":"0000000301"}"#
        )
        let decoded = try codec.decode(bytes, LayoutCase.takesApart)
        #expect(String(decoding: decoded.state.root.json(), as: UTF8.self) == #"{"cbinfo":{"n":3,"b":true}}"#)
        let encoded = try codec.encode(decoded.state.root, describes: true)
        #expect(encoded.bytes == bytes)
        #expect(
            try JSONDocument(parsing: encoded.vmdesc ?? []).root.json()
                == JSONDocument(parsing: Array(text.utf8)).root.json()
        )
    }

    /// Lists that announce more than there is, and a state that asks for more than may be written.
    @Test func limitsHold() throws {
        var limits = Limits()
        limits.outputBytes = 4096
        let text = #"{"name":"t","version_id":1,"fields":[{"name":"x","info":"virtqueue_extra_state","size":28701}]}"#
        let codec = try VMStateCodec(VMStateDocument(JSONDocument(parsing: Array(text.utf8)).root), limits: limits)
        let state = try LayoutCase.state(
            #"{"virtio_pci/modern_state":{"dfselect":0,"gfselect":0,"guest_features":[0,0],"vqs":[]}}"#
        )
        let error = try #require(throws: VMStateError.self) { try codec.encode(state.root) }
        #expect(error.code == .limitExceeded)
        // A state that would be too large stays hex.
        limits.stateWords = 64
        let ids = #"{"name":"t","version_id":1,"fields":[{"name":"x","info":"usb-redir-packet-id-q","size":804}]}"#
        let narrow = try VMStateCodec(VMStateDocument(JSONDocument(parsing: Array(ids.utf8)).root), limits: limits)
        let bytes = [0, 0, 0, 100] + [UInt8](repeating: 1, count: 800)
        let decoded = try narrow.decode(bytes, LayoutCase.takesApart)
        #expect(LayoutCase.value(decoded.state.root) == "\"\(hexadecimal(bytes))\"")
    }

    /// Subsections of `virtio` in bytes that a guest may choose end nothing unless they go on to the end.
    @Test func theDeviceMayHoldWhatLooksLikeASubsection() throws {
        let mark = [5, 21] + Array("virtio/64bit_features".utf8) + [0, 0, 0, 1]
        // MMIO, no config space, one queue.
        let queue = [0, 0, 0, 1] + [UInt8](repeating: 0, count: 4 + 8 + 2)
        let head = [UInt8](repeating: 0, count: 12 + 8 + 4) + [0, 0, 0, 1] + queue
        let bytes = head + mark + [9] + mark + [UInt8](repeating: 0, count: 7) + [3]
        let text = #"{"name":"virtio-x","version_id":1,"fields":[{"name":"x","info":"virtio","size":\#(bytes.count)}]}"#
        let codec = try VMStateCodec(VMStateDocument(JSONDocument(parsing: Array(text.utf8)).root))
        let decoded = try codec.decode(bytes, LayoutCase.takesApart)
        let value = decoded.state.root["x"]
        #expect(value?["device"]?.string == hexadecimal(mark + [9]))
        #expect(value?["virtio/64bit_features"]?["guest_features"]?.int == 3)
        #expect(try codec.encode(decoded.state.root).bytes == bytes)
    }
}
