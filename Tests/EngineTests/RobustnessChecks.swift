// SPDX-License-Identifier: Apache-2.0

package import Engine

/// What must hold for every input.
///
/// Each check gives nil, or says in a sentence what does not hold; tests and the fuzz targets
/// share them.
package enum RobustnessChecks {
    /// Text that is a JSON value stays the same when it is printed and read again, and duplicates are all that the lenient
    /// parser takes beyond the strict one.
    package static func json(_ bytes: [UInt8]) -> String? {
        let strict = Result { () throws(JSONError) in try JSONDocument(parsing: bytes) }
        let lenient = Result { () throws(JSONError) in try JSONDocument(parsing: bytes, duplicates: .noted) }
        switch (strict, lenient) {
        case (.failure(let strictError), .failure(let lenientError)):
            guard strictError.offset <= bytes.count, lenientError.offset <= bytes.count else {
                return "the offset lies outside the text"
            }
            if strictError.reason != .duplicateMember, strictError != lenientError { return "two different errors" }
            return nil
        case (.success, .failure): return "only the strict parser takes the text"
        case (.failure(let error), .success(let document)):
            guard error.reason == .duplicateMember else { return "refused without a duplicate: \(error)" }
            return document.firstDuplicate == error
                ? nil : "another duplicate: \(String(describing: document.firstDuplicate))"
        case (.success(let document), .success(let other)):
            if other.firstDuplicate != nil { return "a duplicate that the strict parser did not see" }
            let text = document.root.json()
            if text != other.root.json() { return "two different texts" }
            guard let again = try? JSONDocument(parsing: text) else { return "what was printed is not read" }
            return again.root.json() == text ? nil : "what was printed changes when it is read"
        }
    }

    /// The first byte chooses the dialect, the rest is a document; whatever it describes, a few streams and states end with
    /// a result or an error.
    package static func document(_ bytes: [UInt8]) -> String? {
        guard let choice = bytes.first,
            let json = try? JSONDocument(
                parsing: Array(bytes.dropFirst()),
                duplicates: choice & 4 != 0 ? .noted : .refused
            )
        else { return nil }
        let dialect = Dialect.all[Int(choice & 3)]
        let document = VMStateDocument(json.root, dialect: dialect)
        guard let codec = try? VMStateCodec(document, dialect: dialect, limits: limits) else { return nil }
        let counting = (0..<192).map { UInt8($0 % 16) }
        for stream in [[], [UInt8](repeating: 0, count: 64), counting, [UInt8](repeating: 0xff, count: 64)] {
            for recordsOffsets in [false, true] {
                var options = VMStateCodec.DecodeOptions()
                options.isPartial = true
                options.recordsOffsets = recordsOffsets
                do {
                    let decoded = try codec.decode(stream, options)
                    if decoded.consumed > stream.count { return "more bytes used than there are" }
                    let text = decoded.state.root.json()
                    guard let state = try? JSONDocument(parsing: text, duplicates: .noted) else {
                        return "the state is not printed as JSON"
                    }
                    let encoded = try? codec.encode(decoded.state.root, describes: recordsOffsets)
                    let encodedText = try? codec.encode(state.root)
                    if encoded?.bytes != encodedText?.bytes { return "the state and its text encode differently" }
                    // The state as the destination of the next load.
                    options.initial = state.root
                    _ = try? codec.decode(stream, options)
                } catch {
                    if let offset = error.offset, !(0...stream.count).contains(offset) {
                        return "the offset lies outside the stream: \(error)"
                    }
                }
            }
        }
        return nil
    }

    /// What decodes also encodes, to the bytes that were read but for what the format leaves open: any byte that is not zero is
    /// true, or announces an element; only 8 bits of a subsection's version count, and subsections come in any order.
    package static func decode(_ fixture: RobustnessCase, _ wire: [UInt8], partial: Bool = true) -> String? {
        var options = fixture.options
        options.isPartial = partial
        let decoded: VMStateCodec.Decoded
        do {
            decoded = try fixture.codec.decode(wire, options)
        } catch {
            return placesMissing(error, wire)
        }
        options.recordsOffsets = true
        guard let recorded = try? fixture.codec.decode(wire, options) else { return "with offsets it does not decode" }
        let text = decoded.state.root.json()
        if text != recorded.state.root.json() { return "with offsets the state differs" }
        if recorded.offsets.contains(where: { $0.range.upperBound > decoded.consumed }) {
            return "a leaf lies behind the end"
        }
        guard (try? JSONDocument(parsing: text)) != nil else { return "the state is not printed as JSON" }
        let encoded: [UInt8]
        do {
            encoded = try fixture.codec.encode(decoded.state.root, versionID: options.versionID).bytes
        } catch {
            // A field that must exist is judged by the destination while it loads, by what was loaded when it is saved.
            if error.code == .mustExist { return nil }
            // A subsection without `needed` that was not sent, or was sent as an older version.
            return fixture.hasSubsections && error.code == .stateMissingField ? nil : "does not encode: \(error)"
        }
        if fixture.hasOpaqueInfos {
            options.takesApart = true
            let apart = try? fixture.codec.decode(wire, options)
            let written = try? apart.map { try fixture.codec.encode($0.state.root, versionID: options.versionID).bytes }
            if written != encoded { return "taken apart it gives other bytes" }
            options.takesApart = false
        }
        let read = Array(wire[..<decoded.consumed])
        if encoded == read { return nil }
        options.recordsOffsets = false
        guard let again = try? fixture.codec.decode(encoded, options) else { return "what was encoded does not decode" }
        if fixture.hasSubsections {
            let encodedAgain = try? fixture.codec.encode(again.state.root, versionID: options.versionID).bytes
            return encodedAgain == encoded ? nil : "encoding twice gives two results"
        }
        if again.state.root.json() != text { return "decoding twice gives two results" }
        guard encoded.count == read.count else { return "\(read.count) bytes became \(encoded.count)" }
        for at in read.indices where encoded[at] != read[at] && !(read[at] > 1 && encoded[at] == 1) {
            return "byte \(at) became \(encoded[at])"
        }
        return nil
    }

    /// A state gives the same bytes with and without a vmdesc, the vmdesc is JSON, and the bytes decode to a state that gives
    /// them again.
    package static func encode(_ fixture: RobustnessCase, _ text: [UInt8]) -> String? {
        guard let state = try? JSONDocument(parsing: text) else { return nil }
        let version = fixture.options.versionID
        let encoded: [UInt8]
        do {
            encoded = try fixture.codec.encode(state.root, versionID: version).bytes
        } catch {
            if error.statePath == nil || error.path == nil { return "no place: \(error)" }
            let described = Result { () throws(VMStateError) in
                try fixture.codec.encode(state.root, versionID: version, describes: true)
            }
            if case .failure(let other) = described, other == error { return nil }
            return "with a vmdesc there is another error than \(error)"
        }
        guard let described = try? fixture.codec.encode(state.root, versionID: version, describes: true),
            let vmdesc = described.vmdesc
        else { return "with a vmdesc it does not encode" }
        if described.bytes != encoded { return "with a vmdesc the bytes differ" }
        guard (try? JSONDocument(parsing: vmdesc, duplicates: .noted)) != nil else {
            return "the vmdesc is not JSON"
        }
        // The state as destination gives counters that are not in the stream.
        var options = fixture.options
        options.initial = state.root
        guard !fixture.hasQueues, let decoded = try? fixture.codec.decode(encoded, options) else { return nil }
        let again = Result { () throws(VMStateError) in
            try fixture.codec.encode(decoded.state.root, versionID: version).bytes
        }
        switch again {
        case .success(let bytes): return bytes == encoded ? nil : "the decoded state gives other bytes"
        case .failure(let error): return "the decoded state does not encode: \(error)"
        }
    }

    /// An error must say where in the stream, in the description and, but for bytes behind the state, in the state.
    private static func placesMissing(_ error: VMStateError, _ wire: [UInt8]) -> String? {
        guard let offset = error.offset else { return "no offset: \(error)" }
        if !(0...wire.count).contains(offset) { return "the offset lies outside the stream: \(error)" }
        if error.path == nil { return "no place in the description: \(error)" }
        return error.statePath == nil && error.code != .trailingBytes ? "no place in the state: \(error)" : nil
    }

    /// Small enough for thousands of runs a second.
    package static let limits: Limits = {
        var limits = Limits()
        limits.outputBytes = 1 << 20
        limits.stateWords = 1 << 17
        limits.emptyElements = 1 << 10
        return limits
    }()
}
