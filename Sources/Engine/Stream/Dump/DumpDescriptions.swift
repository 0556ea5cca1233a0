// SPDX-License-Identifier: Apache-2.0

/// The descriptions of a `-dump-vmstate`, as far as sections can be read by them.
///
/// A dump gives names, versions and sizes, but no infos, counters and predicates. Its `size` is that of a C type, which is what
/// an element takes in a stream for integers and buffers, and `sizeof` of an object for structs, whose fields say more. So a
/// section is read by it only where its bytes leave one way to do so.
struct DumpDescriptions: Sendable {
    private let document: VMStateDocument
    /// The classes that have a VMSD of this name; mostly they share one.
    private var places: [String: [VMStateDescription.ID]] = [:]

    init(_ document: VMStateDocument) throws(VMStateError) {
        self.document = try document.checked()
        guard document.kind == .dump else {
            throw VMStateError(
                .vmsdInvalid,
                expected: "a -dump-vmstate",
                found: "a \(document.kind.rawValue)",
                path: JSONPointer()
            )
        }
        for id in document.roots { places[document.descriptions[id].name, default: []].append(id) }
    }

    /// What the dump says of a section.
    struct Device {
        let descriptions: [VMStateDescription]
        let roots: [VMStateDescription.ID]
        let versionID: Int
    }

    /// The VMSDs of the first of these names that the dump has; nil: it has none.
    func device(_ names: [String], version: Int) -> Device? {
        guard let roots = names.lazy.compactMap({ places[$0] }).first else { return nil }
        return Device(descriptions: document.descriptions, roots: roots, versionID: version)
    }
}

extension DumpDescriptions.Device {
    /// The only way to read these bytes, as a codec that gives them back.
    ///
    /// - Throws: `version-too-new` and `version-too-old`; `stream-truncated` and `trailing-bytes` where no way fits;
    ///   `count-unknown` where several do, or where nothing says how long a field is. The offset is the first place where the
    ///   dump does not say what comes.
    func codec(for bytes: [UInt8], limits: Limits) throws(VMStateError) -> VMStateCodec {
        var texts: [[UInt8]] = []
        var refusal: VMStateError?
        for root in roots {
            do throws(VMStateError) {
                var reading = DumpReading(descriptions, bytes, limits: limits)
                let text = try reading.vmsd(root, version: versionID, end: bytes.count)
                if !texts.contains(text) { texts.append(text) }
            } catch {
                // Classes of one VMSD name differ in little; the one that got furthest says most.
                if refusal == nil || refusal?.code != .countUnknown && (error.offset ?? 0) > (refusal?.offset ?? 0) {
                    refusal = error
                }
            }
        }
        guard texts.count < 2 else {
            throw VMStateError(
                .countUnknown,
                at: 0,
                expected: "one way to read the section by the dump",
                found: "\(texts.count) classes of this VMSD name that fit"
            )
        }
        guard let text = texts.first, let node = try? JSONDocument(parsing: text, maximumDepth: 512).root else {
            throw refusal ?? VMStateError(.countUnknown, at: 0, expected: "a class in the dump", found: "none")
        }
        return try VMStateCodec(VMStateDocument(node), limits: limits)
    }

    /// How long the section is, where the dump leaves no doubt and nothing else says it.
    func length(in bytes: [UInt8], limits: Limits) -> Int? {
        let lengths = roots.map { root in
            var reading = DumpReading(descriptions, bytes, limits: limits)
            return reading.length(root, version: versionID)
        }
        guard let first = lengths.first, lengths.allSatisfy({ $0 == first }) else { return nil }
        return first
    }
}
