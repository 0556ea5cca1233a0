// SPDX-License-Identifier: Apache-2.0

/// Why an encode or a decode stopped.
///
/// Two are equal when code, places and numbers are.
public struct VMStateError: Error, Sendable, Hashable {
    /// A stable word for the kind of error.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The word, as it stands in a problem document.
        public let description: String

        private init(_ word: String) {
            description = word
        }

        /// The stream ends inside an element.
        public static let streamTruncated = Code("stream-truncated")
        /// Bytes are left behind the last field.
        public static let trailingBytes = Code("trailing-bytes")
        /// A pointer marker is neither 0x30 nor 0x31, or not the one that can be there.
        public static let markerInvalid = Code("marker-invalid")
        /// The stream's version is above the description's `version_id`.
        public static let versionTooNew = Code("version-too-new")
        /// The stream's version is below `minimum_version_id`.
        public static let versionTooOld = Code("version-too-old")
        /// The stream has a subsection that the description does not know.
        public static let subsectionUnknown = Code("subsection-unknown")
        /// The value of an `… equal` field differs from the destination's.
        public static let equalMismatch = Code("equal-mismatch")
        /// A count differs from the number of elements.
        public static let countMismatch = Code("count-mismatch")
        /// A `VMS_MUST_EXIST` field does not exist.
        public static let mustExist = Code("must-exist")

        /// A value does not fit its field.
        public static let valueOutOfRange = Code("value-out-of-range")
        /// A value is of another JSON type than its field takes.
        public static let valueTypeMismatch = Code("value-type-mismatch")
        /// The state lacks a member that a field needs.
        public static let stateMissingField = Code("state-missing-field")
        /// The state has a member that no field uses.
        public static let stateUnknownMember = Code("state-unknown-member")

        /// A counter or size is neither in the stream nor given.
        public static let countUnknown = Code("count-unknown")
        /// A predicate names something that is neither given nor a member.
        public static let predicateUnresolved = Code("predicate-unresolved")
        /// The description itself is wrong.
        public static let vmsdInvalid = Code("vmsd-invalid")
        /// The request is not one of the documents of the interface.
        public static let requestInvalid = Code("request-invalid")
        /// The input cannot be read to its end: a file, a pipe, or what is around the stream.
        public static let inputUnreadable = Code("input-unreadable")
        /// An operation of a JSON Patch cannot be carried out.
        public static let patchFailed = Code("patch-failed")
        /// A migration stream is not put together as it must be; the rule says how.
        public static let streamInvalid = Code("stream-invalid")
        /// The output cannot be written: a full disk, a folder without permission.
        public static let outputUnwritable = Code("output-unwritable")
        /// The answer would pass a limit.
        public static let limitExceeded = Code("limit-exceeded")
    }

    /// What kind of error it is.
    public let code: Code
    /// Where in the VMSD document.
    public var path: JSONPointer?
    /// Where in the state document.
    public var statePath: JSONPointer?
    /// Which byte of the stream, counted from 0.
    public var offset: Int?
    /// The idstr of the section, in a whole stream.
    public var section: String?
    /// What would have been right: `4 bytes`, `0 … 255`.
    public let expected: String?
    /// What there was instead.
    public let found: String?
    /// The rule that `validate` reports for it.
    public internal(set) var rule: Rule.ID

    init(
        _ code: Code,
        at offset: Int? = nil,
        expected: String? = nil,
        found: String? = nil,
        path: JSONPointer? = nil,
        statePath: JSONPointer? = nil,
        rule: Rule.ID? = nil
    ) {
        self.code = code
        self.offset = offset
        self.expected = expected?.shortened
        self.found = found?.shortened
        self.path = path
        self.statePath = statePath
        self.rule = rule ?? Rule.ID(reporting: code)
    }

    /// Input that cannot be read.
    ///
    /// - Parameters:
    ///   - offset: the byte at which reading stopped.
    ///   - expected: what would have been right, if anything can be said.
    ///   - found: what went wrong, in the words of the system or the format.
    /// - Returns: the error `input-unreadable`.
    public static func unreadable(at offset: Int? = nil, expected: String? = nil, _ found: String) -> VMStateError {
        VMStateError(.inputUnreadable, at: offset, expected: expected, found: found)
    }

    /// Whether the system, and not what was read, is the reason: there is no sense in going on.
    var isOfSystem: Bool { code == .inputUnreadable || code == .outputUnwritable }

    /// Output that cannot be written.
    ///
    /// - Parameters:
    ///   - offset: the byte at which writing stopped.
    ///   - found: what went wrong, in the words of the system.
    /// - Returns: the error `output-unwritable`.
    public static func unwritable(at offset: Int? = nil, _ found: String) -> VMStateError {
        VMStateError(.outputUnwritable, at: offset, found: found)
    }

    /// A limit that the input would pass.
    ///
    /// - Parameters:
    ///   - offset: the byte at which the limit is reached.
    ///   - expected: the limit.
    ///   - found: what passes it, if anything can be said.
    /// - Returns: the error `limit-exceeded`.
    public static func exceeds(at offset: Int? = nil, expected: String, _ found: String? = nil) -> VMStateError {
        VMStateError(.limitExceeded, at: offset, expected: expected, found: found)
    }

    /// The same error seen from the object or array around it.
    func under(_ token: String) -> VMStateError {
        var error = self
        error.statePath = JSONPointer([token] + (statePath?.tokens ?? []))
        return error
    }

    /// The same error with the description's place, unless an inner one is known.
    func within(_ path: @autoclosure () -> JSONPointer) -> VMStateError {
        guard self.path == nil else { return self }
        var error = self
        error.path = path()
        return error
    }
}

extension VMStateError: CustomStringConvertible {
    /// What is wrong, without the places.
    public var message: String {
        var text = code.description
        if let expected { text += ": expected \(expected)" }
        if let found { text += expected == nil ? ": \(found)" : ", found \(found)" }
        return text
    }

    /// One sentence for a person, places included.
    public var description: String {
        let text = message
        var places: [String] = []
        if let offset { places.append("offset \(offset)") }
        if let section { places.append("section \"\(section)\"") }
        if let path { places.append("VMSD \(path.tokens.isEmpty ? "(root)" : path.shown)") }
        if let statePath { places.append("state \(statePath.tokens.isEmpty ? "(root)" : statePath.shown)") }
        return places.isEmpty ? text : "\(text) (\(places.joined(separator: ", ")))"
    }
}
