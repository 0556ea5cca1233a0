// SPDX-License-Identifier: Apache-2.0

/// A migration stream put together byte by byte, by the format and not by the code that is tested.
struct StreamBytes {
    var bytes: [UInt8] = []
    /// Whether sections get footers.
    var hasFooters = true

    /// The offset that a finding is expected at.
    var mark = 0

    /// Nothing yet.
    init() {}

    /// Magic, version 3, and the configuration of a machine.
    static func headed(by machine: String? = "pc-i440fx-7.2", _ build: (inout StreamBytes) -> Void = { _ in })
        -> StreamBytes
    {
        var stream = StreamBytes()
        stream.bytes = [0x51, 0x45, 0x56, 0x4d, 0, 0, 0, 3]
        if let machine {
            stream.byte(0x07)
            stream.be32(UInt32(machine.utf8.count))
            stream.bytes += Array(machine.utf8)
        }
        build(&stream)
        return stream
    }

    /// Notes that a finding is expected `ahead` bytes from here.
    mutating func expect(at ahead: Int = 0) { mark = bytes.count + ahead }

    // MARK: Numbers and texts

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func be16(_ value: UInt16) { bytes += [UInt8(value >> 8), UInt8(value & 0xff)] }

    mutating func be32(_ value: UInt32) {
        for shift: UInt32 in [24, 16, 8, 0] { bytes.append(UInt8(value >> shift & 0xff)) }
    }

    mutating func be64(_ value: UInt64) {
        be32(UInt32(value >> 32))
        be32(UInt32(value & 0xffff_ffff))
    }

    /// A length of one byte and so many bytes.
    mutating func string(_ text: String) {
        byte(UInt8(text.utf8.count))
        bytes += Array(text.utf8)
    }

    // MARK: Items

    /// A section of any kind with the payload that `fill` writes, and its footer.
    mutating func section(
        _ kind: UInt8,
        _ id: UInt32,
        _ idstr: String,
        instance: UInt32 = 0,
        version: UInt32 = 1,
        _ fill: (inout StreamBytes) -> Void = { _ in }
    ) {
        byte(kind)
        be32(id)
        if kind == 1 || kind == 4 {
            string(idstr)
            be32(instance)
            be32(version)
        }
        fill(&self)
        footer(id)
    }

    mutating func start(
        _ id: UInt32,
        _ idstr: String,
        version: UInt32 = 1,
        _ fill: (inout StreamBytes) -> Void = { _ in }
    ) {
        section(1, id, idstr, version: version, fill)
    }

    mutating func part(_ id: UInt32, _ fill: (inout StreamBytes) -> Void = { _ in }) { section(2, id, "", fill) }

    mutating func end(_ id: UInt32, _ fill: (inout StreamBytes) -> Void = { _ in }) { section(3, id, "", fill) }

    /// A FULL section.
    mutating func full(
        _ id: UInt32,
        _ idstr: String,
        instance: UInt32 = 0,
        version: UInt32 = 1,
        _ payload: [UInt8]
    ) {
        section(4, id, idstr, instance: instance, version: version) { $0.bytes += payload }
    }

    mutating func footer(_ id: UInt32) {
        guard hasFooters else { return }
        byte(0x7e)
        be32(id)
    }

    mutating func command(_ number: UInt16, _ payload: [UInt8] = []) {
        byte(0x08)
        be16(number)
        be16(UInt16(payload.count))
        bytes += payload
    }

    /// PACKAGED, with the items that `fill` writes inside.
    mutating func package(_ fill: (inout StreamBytes) -> Void) {
        var inner = StreamBytes()
        inner.hasFooters = hasFooters
        fill(&inner)
        var length = StreamBytes()
        length.be32(UInt32(inner.bytes.count))
        command(7, length.bytes)
        bytes += inner.bytes
    }

    mutating func eof() { byte(0x00) }

    /// EOF and a vmdesc of these devices.
    mutating func eof(pageSize: Int? = 4096, devices: [String]) {
        eof()
        let size = pageSize.map { "\"page_size\": \($0), " } ?? ""
        vmdesc("{\(size)\"devices\": [\(devices.joined(separator: ", "))]}")
    }

    mutating func vmdesc(_ text: String) {
        byte(0x06)
        be32(UInt32(text.utf8.count))
        bytes += Array(text.utf8)
    }

    // MARK: RAM

    /// The block list's record and its entries.
    mutating func ramBlocks(
        _ blocks: [(name: String, size: UInt64)],
        _ extra: (inout StreamBytes, Int) -> Void = { _, _ in }
    ) {
        be64(blocks.reduce(0) { $0 + $1.size } | 0x04)
        for (index, block) in blocks.enumerated() {
            string(block.name)
            be64(block.size)
            extra(&self, index)
        }
    }

    /// The head of a page record; without a name it is one of the block before.
    mutating func page(_ flag: UInt64, _ address: UInt64, _ block: String? = nil) {
        be64(address | flag | (block == nil ? 0x20 : 0))
        if let block { string(block) }
    }

    mutating func zero(_ address: UInt64, _ block: String? = nil, fill: UInt8 = 0) {
        page(0x02, address, block)
        byte(fill)
    }

    mutating func normal(_ address: UInt64, _ block: String? = nil, _ content: [UInt8]) {
        page(0x08, address, block)
        bytes += content
    }

    /// An XBZRLE page.
    mutating func delta(_ address: UInt64, _ block: String? = nil, _ encoded: [UInt8], encoding: UInt8 = 1) {
        page(0x40, address, block)
        byte(encoding)
        be16(UInt16(encoded.count))
        bytes += encoded
    }

    mutating func ramEnd() { be64(0x10) }

    /// Whole RAM: a block of some pages of zeros, in three sections.
    mutating func ram(_ id: UInt32 = 2, pages: UInt64 = 2, pageSize: UInt64 = 4096) {
        start(id, "ram", version: 4) {
            $0.ramBlocks([("pc.ram", pages * pageSize)])
            $0.ramEnd()
        }
        part(id) {
            for page in 0..<pages { $0.zero(page * pageSize, page == 0 ? "pc.ram" : nil) }
            $0.ramEnd()
        }
        end(id) { $0.ramEnd() }
    }

    // MARK: Descriptions

    /// A device of the vmdesc with fields as JSON.
    static func device(_ name: String, instance: Int = 0, _ fields: String, more: String = "") -> String {
        "{\"name\": \"\(name)\", \"instance_id\": \(instance), \"vmsd_name\": \"\(name)\", \"version\": 1, "
            + "\"fields\": [\(fields)]\(more)}"
    }

    static func field(_ name: String, _ type: String, _ size: Int, count: Int? = nil) -> String {
        let length = count.map { "\"array_len\": \($0), " } ?? ""
        return "{\"name\": \"\(name)\", \(length)\"type\": \"\(type)\", \"size\": \(size)}"
    }
}
