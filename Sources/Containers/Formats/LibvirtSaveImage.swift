// SPDX-License-Identifier: Apache-2.0

public import Engine

/// The header of a file that libvirt's `save`, `managedsave` or a snapshot with memory wrote.
///
/// 92 bytes: magic, then in the byte order of the host that wrote it `version`, `data_len`, `was_running`, `format`
/// (up to libvirt 11 `compressed`), `cookieOffset` and 14 words that are not used. Then `data_len` bytes: the domain's
/// XML, a cookie and zeros. Then the stream.
///
/// Source: libvirt src/qemu/qemu_saveimage.h, `virQEMUSaveHeader`.
public struct LibvirtSaveImage: Sendable, Hashable {
    /// How the stream lies in the file.
    public enum Format: UInt32, Sendable, Hashable {
        /// As QEMU wrote it.
        case raw
        /// RFC 1952.
        case gzip
        /// bzip2.
        case bzip2
        /// xz.
        case xz
        /// lzop.
        case lzop
        /// zstd.
        case zstd
        /// As QEMU wrote it with `mapped-ram`: pages at fixed offsets of the file.
        case sparse
    }

    /// Of the header: 1 or 2.
    public let version: Int
    /// How the stream lies in the file.
    public let format: Format
    /// Whether the guest ran when it was saved.
    public let wasRunning: Bool
    /// The domain's XML, up to its terminator.
    public let domainXML: String
    /// Where the stream starts in the file.
    public let streamOffset: Int
    /// What comes before the stream, for one that lies in the file as QEMU wrote it.
    public let head: [UInt8]

    static let headerLength = 92

    /// Reads header and XML.
    ///
    /// - Parameters:
    ///   - source: the file, from its first byte on.
    ///   - limits: `domainXMLBytes` counts.
    /// - Throws: `input-unreadable`, `limit-exceeded`.
    public init(_ source: any StreamSource, limits: ContainerLimits = .default) throws(VMStateError) {
        let bytes = try source.bytes(Self.headerLength, at: 0, of: "the header of a libvirt save image")
        switch Magic(bytes) {
        case .libvirtSave: break
        case .libvirtPart:
            throw .unreadable(
                at: 0,
                expected: "LibvirtQemudSave",
                "LibvirtQemudPart: libvirt did not finish writing this save image"
            )
        default: throw .unreadable(at: 0, expected: "LibvirtQemudSave", bytes.prefix(16).hexadecimal)
        }
        let fields = FixedFields(bytes)
        let known = UInt32(1)...2
        // libvirt itself takes the version for the sign of a foreign byte order.
        let isLittle = known.contains(fields.littleEndian(UInt32.self, at: 16))
        func word(_ index: Int) -> UInt32 {
            let offset = 16 + 4 * index
            return isLittle
                ? fields.littleEndian(UInt32.self, at: offset) : fields.bigEndian(UInt32.self, at: offset)
        }
        guard known.contains(word(0)) else {
            throw .unreadable(at: 16, expected: "version 1 or 2 of libvirt save images", bytes[16..<20].hexadecimal)
        }
        version = Int(word(0))
        wasRunning = word(2) != 0
        // Compression came with version 2.
        guard let format = version == 1 ? .raw : Format(rawValue: word(3)) else {
            throw .unreadable(at: 28, expected: "a format of libvirt save images: 0 … 6", "\(word(3))")
        }
        self.format = format

        let (length, cookie) = (Int(word(1)), Int(word(4)))
        guard length <= limits.domainXMLBytes else {
            throw .exceeds(at: 20, expected: "at most \(limits.domainXMLBytes) bytes of XML", "\(length)")
        }
        guard cookie <= length else {
            throw .unreadable(at: 32, expected: "a cookie inside the \(length) bytes of XML", "offset \(cookie)")
        }
        let data = try source.bytes(length, at: Self.headerLength, of: "the domain XML of a libvirt save image")
        let xml = data.prefix(cookie > 0 ? cookie : length).prefix { $0 != 0 }
        domainXML = String(decoding: xml, as: UTF8.self)
        streamOffset = Self.headerLength + length
        var head = bytes + data
        if format != .sparse { head.replaceSubrange(28..<32, with: [0, 0, 0, 0]) }
        self.head = head
    }

    /// The domain's name; nil if the XML has none.
    public var name: String? { domainXML.text(ofElement: "name") }

    /// The domain's UUID; nil if the XML has none.
    public var uuid: String? { domainXML.text(ofElement: "uuid") }
}

extension String {
    /// The text of the first element of this name that has no attributes.
    fileprivate func text(ofElement name: String) -> String? {
        guard let start = firstIndex(of: "<\(name)>", from: startIndex)?.upperBound,
            let end = firstIndex(of: "</\(name)>", from: start)?.lowerBound
        else { return nil }
        return self[start..<end].unescaped
    }

    private func firstIndex(of word: String, from start: Index) -> Range<Index>? {
        let (text, word) = (self[start...].utf8, word.utf8)
        guard let first = word.first else { return nil }
        var at = text.startIndex
        while let candidate = text[at...].firstIndex(of: first) {
            if text[candidate...].starts(with: word) {
                return candidate..<text.index(candidate, offsetBy: word.count)
            }
            at = text.index(after: candidate)
        }
        return nil
    }
}

extension Substring {
    /// With XML's own five entities as the characters that they stand for.
    fileprivate var unescaped: String {
        let entities = [("lt;", "<"), ("gt;", ">"), ("quot;", "\""), ("apos;", "'"), ("amp;", "&")]
        let parts = split(separator: "&", omittingEmptySubsequences: false)
        return parts.dropFirst().reduce(into: String(parts.first ?? "")) { text, part in
            if let (entity, character) = entities.first(where: { part.hasPrefix($0.0) }) {
                text += character + part.dropFirst(entity.count)
            } else {
                text += "&" + part
            }
        }
    }
}
