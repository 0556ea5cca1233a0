// SPDX-License-Identifier: Apache-2.0

extension JSONDocument {
    /// Reads a request.
    ///
    /// A member may come twice only inside QEMU's vmdesc, which has such members.
    ///
    /// - Throws: what makes the text no JSON document, a duplicate member among it.
    public init(request text: [UInt8], limits: Limits = .default) throws(JSONError) {
        do throws(JSONError) {
            try self.init(parsing: text, maximumDepth: limits.jsonDepth)
        } catch {
            guard error.reason == .duplicateMember else { throw error }
            let lenient = try JSONDocument(parsing: text, maximumDepth: limits.jsonDepth, duplicates: .noted)
            let root = lenient.root
            // The document of a stream with its vmdesc, and what describes a section or several.
            var descriptions = [root["vmdesc"], root["stream"]?["vmdesc"]].filter { $0?.kind == .object }
            descriptions += [root["vmsd"].flatMap { VMDescReader.devices(of: $0) == nil ? nil : $0 }]
            descriptions += [root["vmsds"].flatMap { $0.describesDevices ? $0 : nil }]
            let places = descriptions.compactMap { $0?.index }
            if places.isEmpty {
                guard root["vmsd"] == nil, root["vmsds"] == nil, root.describesDevices else { throw error }
            } else if let place = root.firstDuplicate(outside: places) {
                throw lenient.duplicate(at: place)
            }
            self = lenient
        }
    }

    /// The error for a member whose name came before.
    private func duplicate(at key: Int) -> JSONError {
        text.withByteView { view in
            let name = JSONText.string(tape, key, view)
            return JSONError(.duplicateMember, at: tape.reference(at: key).offset - 1, in: view, found: "\"\(name)\"")
        }
    }
}

extension JSONNode {
    /// Whether it is a vmdesc, or has devices of one by name.
    fileprivate var describesDevices: Bool {
        self["devices"]?.kind == .array || members.contains { $0.value["instance_id"] != nil }
    }

    /// The first member whose name came before in its object, by the place of its name on the tape; values of some places are not
    /// looked into.
    fileprivate func firstDuplicate(outside excluded: [Int]) -> Int? {
        if excluded.contains(index) { return nil }
        switch kind {
        case .array:
            for element in elements {
                if let place = element.firstDuplicate(outside: excluded) { return place }
            }
        case .object:
            var key = index + 2
            var names: Set<[UInt8]> = []
            for (_, value) in members {
                let name = document.text.withByteView { JSONText.unescaped(document.tape, key, $0) }
                guard names.insert(name).inserted else { return key }
                if let place = value.firstDuplicate(outside: excluded) { return place }
                key = document.tape.next(after: value.index)
            }
        default: break
        }
        return nil
    }
}
