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
            let given = lenient.root["vmsds"] ?? lenient.root
            let isVMDesc =
                lenient.root["vmsd"].map { VMDescReader.devices(of: $0) != nil }
                ?? (given["devices"]?.kind == .array || given.members.contains { $0.value["instance_id"] != nil })
            guard isVMDesc else { throw error }
            self = lenient
        }
    }
}
