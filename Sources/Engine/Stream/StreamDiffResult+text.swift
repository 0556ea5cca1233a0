// SPDX-License-Identifier: Apache-2.0

extension StreamDiffResult {
    /// From how many elements of one array on that differ they share a line, and how many of them are shown then.
    private static let sharedRun = 6
    private static let shownOfRun = 3

    /// One difference a line, `device[instance] /path: a -> b`; long values are shortened, and many elements of one array are one
    /// line.
    ///
    /// - Throws: what `receive` throws.
    public func write(_ receive: @escaping ([UInt8]) throws(VMStateError) -> Void) throws(VMStateError) {
        var sink = TextSink(receive)
        var index = 0
        while index < differences.count {
            var end = index + 1
            while end < differences.count, differences[end].isNeighbour(of: differences[index]) { end += 1 }
            if end - index >= Self.sharedRun {
                try sink.line(Self.line(differences[index..<end]))
            } else {
                end = index + 1
                try sink.line(differences[index].line)
            }
            index = end
        }
        for note in notes { try sink.line("note: \(note.printable)") }
        try sink.flush()
    }

    /// The text as a whole.
    ///
    /// - Throws: `limit-exceeded` when it is longer than `outputBytes`.
    public func text(limits: Limits = .default) throws(VMStateError) -> [UInt8] {
        let collected = TextCollector(limit: limits.outputBytes)
        try write { (piece) throws(VMStateError) in try collected.append(piece) }
        return collected.text
    }

    private static func line(_ run: ArraySlice<StreamDifference>) -> String {
        guard let first = run.first, let last = run.last else { return "" }
        let array = JSONPointer(Array(first.path.tokens.dropLast()))
        let shown = run.prefix(shownOfRun).map { "[\($0.path.tokens.last ?? "")] \($0.change)" }
        return
            "\(first.place) \(array)[\(first.path.tokens.last ?? "")..\(last.path.tokens.last ?? "")]: \(run.count) elements "
            .printable + "differ: \(shown.joined(separator: ", ")), …"
    }
}

extension StreamDifference {
    /// `device[instance] /path: a -> b`.
    var line: String {
        var text = place
        switch kind {
        case .ramBlock, .ramPages, .ramContent:
            // The name of a block is no path.
            text += " \"\((path.tokens.first ?? "").printable)\""
            if let what = path.tokens.dropFirst().first { text += " \(what)" }
        default: if !path.tokens.isEmpty { text += " " + path.description.printable }
        }
        return "\(text): \(change)"
    }

    fileprivate var place: String {
        var text = section.printable
        if let instanceID { text += "[\(instanceID)]" }
        if occurrence > 0 { text += "#\(occurrence)" }
        return text
    }

    /// Whether it is the value of another element of the same array.
    fileprivate func isNeighbour(of other: StreamDifference) -> Bool {
        kind == .value && other.kind == .value && section == other.section && instanceID == other.instanceID
            && occurrence == other.occurrence && path.tokens.count == other.path.tokens.count
            && path.tokens.last.flatMap { Int($0) } != nil && other.path.tokens.last.flatMap { Int($0) } != nil
            && path.tokens.dropLast() == other.path.tokens.dropLast()
    }

    /// What the difference is.
    fileprivate var change: String {
        switch kind {
        case .ramContent:
            let pages = differing == 1 ? "1 page differs" : "\(differing ?? 0) pages differ"
            return "\(pages), the first at 0x\(String(first ?? 0, radix: 16))"
        case .diskContent:
            let blocks = differing == 1 ? "1 block differs" : "\(differing ?? 0) blocks differ"
            return "\(blocks), the first at 0x\(String(first ?? 0, radix: 16))"
        case .bitmapBits:
            let place = first.map { ", the first in the chunk at 0x\(String($0, radix: 16))" } ?? ""
            return "bits differ\(place): \(text(a)) -> \(text(b)) set"
        case .buffer, .data, .command:
            if let change = bufferChange { return change }
        case .type, .size, .version, .count:
            let what = kind == .count ? "elements" : kind.rawValue
            return "\(what) \(text(a)) -> \(text(b))"
        case .subsection: return "subsection " + only
        case .field, .section: return only
        default: break
        }
        switch (a, b) {
        case (.absent, _), (_, .absent): return only
        case (.present, .present):
            guard kind == .data, let offsetA, let offsetB else { return "differs" }
            let places = [offsetA, offsetB].map { "0x" + String($0, radix: 16) }
            return "bytes differ from \(places[0]) on" + (offsetA == offsetB ? "" : ", \(places[1]) of the other")
        default: return "\(text(a)) -> \(text(b))"
        }
    }

    private var only: String {
        let isInA = if case .absent = a { false } else { true }
        let value = text(isInA ? a : b)
        return "only in \(isInA ? "A" : "B")" + (value.isEmpty ? "" : ": \(value)")
    }

    private var bufferChange: String? {
        guard let first, let differing, let own = bytes(a), let other = bytes(b) else { return nil }
        func window(_ bytes: ArraySlice<UInt8>) -> String {
            let rest = bytes.dropFirst(first)
            let start = rest.prefix(8).map { Hex.text([$0]) }.joined(separator: " ")
            return rest.isEmpty ? "(end)" : start + (rest.count > 8 ? " …" : "")
        }
        let length = own.count == other.count ? "\(own.count)" : "\(own.count) and \(other.count)"
        return
            "\(differing) of \(length) bytes \(differing == 1 ? "differs" : "differ"), the first at 0x\(String(first, radix: 16)): "
            + "\(window(own)) -> \(window(other))"
    }

    private func bytes(_ value: Value) -> ArraySlice<UInt8>? {
        switch value {
        case .bytes(let bytes): bytes[...]
        case .state(let node): node.buffer
        default: nil
        }
    }

    private func text(_ value: Value) -> String {
        switch value {
        case .absent, .present: return ""
        case .integer(let number): return String(number)
        case .boolean(let truth): return String(truth)
        case .text(let text): return kind == .type ? text.printable : "\"\(text.printable)\""
        case .bytes(let bytes): return ValueText.text(bytes[...])
        case .state(let node):
            switch node.kind {
            case .object:
                let count = node.members.count
                return count == 1 ? "{1 member}" : "{\(count) members}"
            case .array: return "[\(node.elements.count) elements]"
            default: return ValueText.text(node, type: type ?? "")
            }
        }
    }
}
