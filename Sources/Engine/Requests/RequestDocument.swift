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
            // The document of a stream with its vmdesc.
            let descriptions = [lenient.root["vmdesc"], lenient.root["stream"]?["vmdesc"]].compactMap { $0 }
                .filter { $0.kind == .object }
            if !descriptions.isEmpty {
                if let place = lenient.root.firstDuplicate(outside: descriptions.map(\.index)) {
                    throw lenient.duplicate(at: place)
                }
                self = lenient
                return
            }
            let given = lenient.root["vmsds"] ?? lenient.root
            let isVMDesc =
                lenient.root["vmsd"].map { VMDescReader.devices(of: $0) != nil }
                ?? (given["devices"]?.kind == .array || given.members.contains { $0.value["instance_id"] != nil })
            guard isVMDesc else { throw error }
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
