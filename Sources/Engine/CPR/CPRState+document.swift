// SPDX-License-Identifier: Apache-2.0

extension CPRState {
    /// The members of a document.
    private static let members = ["header", "mode", "vmsd_name", "version_id", "state", "size", "offsets"]

    /// The document: header, mode, state, and with `recordsOffsets` the place of each leaf.
    ///
    /// - Throws: `limit-exceeded`.
    public func document(_ answer: AnswerOptions = AnswerOptions(), limits: Limits = .default) throws(VMStateError)
        -> [UInt8]
    {
        var writer = JSONObjectWriter(limit: limits.outputBytes)
        writer.member(
            "header",
            object: { header in
                header.member("magic", "QCPR")
                header.member("version", Int(Self.version))
            }
        )
        writer.member("mode", mode?.rawValue)
        writer.member("vmsd_name", "CprState")
        writer.member("version_id", decoded.versionID)
        writer.member("state", decoded.state.root, answer.printing)
        writer.member("size", size)
        if answer.recordsOffsets {
            writer.member("offsets", places: decoded.offsets, below: ["state"], from: Self.headerSize)
        }
        return try writer.finish()
    }

    /// The file as text for a terminal: a line for each value, with offset, size and type, and with `hexdump` its bytes.
    ///
    /// - Throws: `limit-exceeded`.
    public func text(hexdump: Bool = false, limits: Limits = .default) throws(VMStateError) -> [UInt8] {
        let collected = TextCollector(limit: limits.outputBytes)
        var sink = TextSink { (piece) throws(VMStateError) in try collected.append(piece) }
        let columns = TextLayout(end: size, hasBytes: hexdump)
        let header = Self.magic + StreamFraming.word(Self.version)
        let words = "\"CprState\" version \(decoded.versionID)" + (mode.map { ", \($0.rawValue)" } ?? "")
        try columns.line(
            at: 0..<Self.headerSize,
            type: "header",
            depth: 0,
            "QCPR version 1",
            bytes: header[...],
            to: &sink
        )
        try columns.line(at: Self.headerSize..<size, type: "vmsd", depth: 0, words, to: &sink)
        var tree = StateTree(decoded.layout, columns: columns, bytes: decoded.state.bytes, at: Self.headerSize)
        _ = try tree.print(decoded.state.root, depth: 1, to: &sink)
        try sink.flush()
        return collected.text
    }

    /// Whether a document is that of a CPR state.
    static func isDocument(_ node: JSONNode) -> Bool { node["header"]?["magic"]?.string == "QCPR" }

    /// The file that a document stands for.
    ///
    /// The mode decides how descriptors are written; where the document has none, numbers are those of `cpr-exec`.
    ///
    /// - Throws: what cannot be written, with its place in the document.
    static func bytes(of document: JSONNode, limits: Limits) throws(VMStateError) -> [UInt8] {
        for (name, _) in document.members where !members.contains(name) {
            throw VMStateError(.stateUnknownMember, found: "\"\(name)\"", statePath: JSONPointer([name]))
        }
        guard document["header"]?["version"]?.int == Int(version) else {
            throw VMStateError(
                .valueOutOfRange,
                expected: "version \(version)",
                found: document["header"]?["version"].map { String(decoding: $0.json(), as: UTF8.self) } ?? "none",
                statePath: JSONPointer(["header", "version"])
            )
        }
        guard let state = document["state"] else {
            throw VMStateError(.stateMissingField, expected: "\"state\"", statePath: JSONPointer(["state"]))
        }
        let mode = try mode(of: document, state)
        do throws(VMStateError) {
            return magic + StreamFraming.word(version) + (try codec(mode, limits).encode(state).bytes)
        } catch {
            throw error.under("state")
        }
    }

    private static func mode(of document: JSONNode, _ state: JSONNode) throws(VMStateError) -> Mode {
        guard let node = document["mode"], node.kind != .null else {
            return state["fds"]?.elements.first?["fd"]?.kind == .number ? .exec : .transfer
        }
        guard let mode = node.string.flatMap(Mode.init(rawValue:)) else {
            throw VMStateError(
                .valueOutOfRange,
                expected: Mode.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or "),
                found: String(decoding: node.json(), as: UTF8.self),
                statePath: JSONPointer(["mode"])
            )
        }
        return mode
    }
}
